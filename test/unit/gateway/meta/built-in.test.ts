import { describe, expect, it } from 'vitest'
import { estimateTokens } from '../../../../src/catalog/search/estimate-tokens.ts'
import { builtInInput } from '../../../../src/gateway/meta/definitions.ts'
import { isJsonObject, type Json } from '../../../../src/kernel/json.ts'
import type { ToolResult } from '../../../../src/kernel/tool.ts'
import { ALLOW_ALL, testGateway, type TestGatewayOptions } from '../../../helpers/test-gateway.ts'
import { sourceTool } from '../../../helpers/tools.ts'

const issue = { type: 'object', properties: { title: { type: 'string' } }, required: ['title'] }
const CONNECTIONS: TestGatewayOptions['connections'] = {
  github: {
    tools: [
      sourceTool('create_issue', { effect: 'write' }, { description: 'Create an issue. Now.', inputSchema: issue }),
      sourceTool('list_issues', {}, { description: 'List issues of a repository.' }),
      sourceTool('delete_repository', { effect: 'destructive' }, { description: 'Delete a repository.' }),
    ],
  },
  'mail-box': { tools: [sourceTool('Send Mail', { effect: 'write' }, { description: 'Send a mail.' })] },
}
const HIDE_DELETE = {
  rules: [
    { id: 'all', effect: 'allow' },
    { id: 'no-delete', effect: 'deny', tools: { names: ['delete_*'] } },
  ],
}
const house = (more: TestGatewayOptions = {}) =>
  testGateway({ builtIn: true, connections: CONNECTIONS, policy: more.connections ? ALLOW_ALL : HIDE_DELETE, ...more })

const SEARCH = 'conn:gatehouse:search_tools'
const DESCRIBE = 'conn:gatehouse:describe_tools'
const CALL = 'conn:gatehouse:call_tool'
const CALL_READ = 'conn:gatehouse:call_read_tool'
const STATUS = 'conn:gatehouse:status'
const APPROVAL = 'conn:gatehouse:approval_status'

const textOf = ({ content }: ToolResult): string => content.map(blockText).join('\n')
const blockText = (block: Json): string =>
  isJsonObject(block) && typeof block['text'] === 'string' ? block['text'] : ''
const namesOf = (gateway: ReturnType<typeof house>, toolset?: string): readonly unknown[] =>
  gateway
    .list('sidekick', undefined, toolset)
    .tools.map((tool) => tool['_meta'] as { readonly 'dev.gatehouse/id': string })
    .map((meta) => meta['dev.gatehouse/id'])

describe('the built-in tools', () => {
  it('cost no more than 400 tokens for search, describe and call together', () => {
    const definitions = builtInInput.tools.slice(0, 3).map(({ definition }) => definition)
    expect(definitions.map(({ name }) => name)).toEqual(['search_tools', 'describe_tools', 'call_tool'])
    expect(estimateTokens(definitions)).toBeLessThanOrEqual(400)
  })

  it('say honestly what they may do, and keep themselves loaded', () => {
    for (const { definition, traits } of builtInInput.tools) {
      const destructive = definition.name === 'call_tool'
      expect(definition.annotations).toEqual(destructive ? { destructiveHint: true } : { readOnlyHint: true })
      expect(definition).toMatchObject({ _meta: { 'anthropic/alwaysLoad': true } })
      expect(traits).toMatchObject({ effect: 'read', external: false })
    }
  })

  it('are governed like any other: an agent without a rule has none', async () => {
    const gateway = house({ policy: { rules: [{ id: 'r', effect: 'allow', tools: { connections: ['github'] } }] } })
    for (const name of [SEARCH, DESCRIBE, CALL, CALL_READ, STATUS, APPROVAL]) {
      const call = gateway.call('sidekick', name, { query: 'x', tools: ['x'], tool: 'conn:github:list_issues' })
      await expect(call, name).rejects.toMatchObject({ code: 'tool_not_found', message: `Unknown tool: ${name}` })
    }
    expect(gateway.sent).toEqual([])
  })
})

describe('search_tools', () => {
  it('answers with a line a tool, best first, and the schema of a clear hit', async () => {
    const text = textOf(await house().call('sidekick', SEARCH, { query: 'create an issue on github' }))
    expect(text.split('\n')[0]).toBe('conn:github:create_issue(title:str) Create an issue.')
    expect(text).toContain('Schema of conn:github:create_issue: {"type":"object"')
    expect(text).not.toContain('delete')
  })

  it('lists a connection, and pages', async () => {
    const gateway = house()
    const first = textOf(await gateway.call('sidekick', SEARCH, { connection: 'github', limit: 1 }))
    expect(first).toBe('conn:github:create_issue\nMore: cursor "1".')
    const second = textOf(await gateway.call('sidekick', SEARCH, { connection: 'github', limit: '1', cursor: '1' }))
    expect(second).toBe('conn:github:list_issues')
  })

  it('names the connections when it is asked nothing', async () => {
    const text = textOf(await house().call('sidekick', SEARCH))
    expect(text).toContain('github: 2 tools\nmail-box: 1 tools')
    expect(text).not.toContain('gatehouse')
  })

  it('says the same of a hidden connection and of none', async () => {
    const policy = { rules: [{ id: 'r', effect: 'allow', tools: { connections: ['gatehouse', 'github'] } }] }
    const gateway = house({ policy })
    const ask = async (connection: string) =>
      textOf(await gateway.call('sidekick', SEARCH, { connection, query: 'mail' }))
    expect((await ask('mail-box')).replaceAll('mail-box', 'nonesuch')).toBe(await ask('nonesuch'))
  })

  it('says honestly when nothing comes close', async () => {
    const text = textOf(await house().call('sidekick', SEARCH, { query: 'zebra quantum entanglement' }))
    expect(text).toContain('Try other words (action and object), or list a connection: github, mail-box.')
  })

  it('follows the catalog when it changes', async () => {
    const gateway = house()
    await gateway.call('sidekick', SEARCH, { query: 'forecast' })
    gateway.swap({ connections: { weather: { tools: [sourceTool('get_forecast')] } }, policy: ALLOW_ALL })
    expect(textOf(await gateway.call('sidekick', SEARCH, { query: 'forecast' }))).toContain(
      'conn:weather:get_forecast()',
    )
  })

  it('never costs more than 1,200 tokens', async () => {
    const properties = Object.fromEntries(
      Array.from({ length: 39 }, (_, n) => [`a_long_parameter_${n}`, { type: 'string' }]),
    )
    const inputSchema = { type: 'object', properties, required: Object.keys(properties) }
    const tools = Array.from({ length: 30 }, (_, n) =>
      sourceTool(`run_${n}`, {}, { inputSchema, description: 'Run it.' }),
    )
    const gateway = house({ connections: { big: { tools } } })
    for (const detail of ['signatures', 'schemas']) {
      const text = textOf(await gateway.call('sidekick', SEARCH, { query: 'run', limit: 20, detail }))
      expect(estimateTokens(text)).toBeLessThanOrEqual(1_200)
      expect(text).toContain('are left out')
    }
  })
})

describe('describe_tools', () => {
  it('gives schemas by any usual name, and does not tell hidden from unknown', async () => {
    const gateway = house()
    const tools = [
      'github.create_issue',
      'github/list_issues',
      'Send Mail',
      'conn:github:delete_repository',
      'nonesuch',
    ]
    const answer = JSON.parse(textOf(await gateway.call('sidekick', DESCRIBE, { tools }))) as {
      readonly tools: readonly { readonly tool: string }[]
      readonly notFound: readonly string[]
    }
    expect(answer.tools.map(({ tool }) => tool)).toEqual([
      'conn:github:create_issue',
      'conn:github:list_issues',
      'conn:mail-box:send_mail',
    ])
    expect(answer.notFound).toEqual(['conn:github:delete_repository', 'nonesuch'])
    expect(answer.tools[0]).toMatchObject({ effect: 'write', inputSchema: issue })
  })

  it('takes one name where a list belongs', async () => {
    expect(textOf(await house().call('sidekick', DESCRIBE, { tools: 'create_issue' }))).toContain(
      'conn:github:create_issue',
    )
  })
})

describe('call_tool', () => {
  const input = { title: 'Bug' }
  it.each([
    ['the id and arguments', { tool: 'conn:github:create_issue', arguments: input }],
    ['the portable name', { tool: 'conn__github__create_issue', arguments: input }],
    ['connection:tool', { tool: 'github:create_issue', arguments: input }],
    ['connection/tool', { tool: 'github/create_issue', arguments: input }],
    ['connection.tool', { tool: 'github.create_issue', arguments: input }],
    ['a bare name', { tool: 'create_issue', arguments: input }],
    ['arguments as JSON text', { tool: 'create_issue', arguments: JSON.stringify(input) }],
    ['everything as JSON text', JSON.stringify({ tool: 'create_issue', arguments: input })],
    ['the name inside of the arguments', { arguments: { tool: 'create_issue', title: 'Bug' } }],
    ['both inside of the arguments', { arguments: { tool_name: 'create_issue', arguments: input } }],
    ['other words', { tool_name: 'create_issue', parameters: input }],
    ['arguments beside the name', { tool: 'create_issue', title: 'Bug' }],
  ])('understands %s', async (_, asked) => {
    const gateway = house()
    const result = await gateway.call('sidekick', CALL, asked)
    expect(textOf(result)).toBe('create_issue {"title":"Bug"}')
    expect(gateway.sent).toEqual([{ connection: 'github', name: 'create_issue', input }])
  })

  it('is recorded under the name of the inner tool', async () => {
    const gateway = house()
    await gateway.call('sidekick', CALL, { tool: 'create_issue', arguments: input })
    expect(gateway.events.map(({ phase, tool, rule, detail }) => ({ phase, tool, rule, detail }))).toEqual([
      { phase: 'intent', tool: 'conn:github:create_issue', rule: 'all', detail: { through: CALL } },
      { phase: 'outcome', tool: 'conn:github:create_issue', rule: 'all', detail: { through: CALL } },
    ])
  })

  it('grants nothing: a hidden tool is unknown, word for word like one that is not there', async () => {
    const gateway = house()
    const hidden = await gateway.call('sidekick', CALL, { tool: 'conn:github:delete_repository' })
    const unknown = await gateway.call('sidekick', CALL, { tool: 'conn:github:delete_everything' })
    expect(hidden).toMatchObject({ isError: true, _meta: { 'dev.gatehouse/code': 'tool_not_found' } })
    expect(JSON.stringify(hidden)).toBe(JSON.stringify(unknown).replace('delete_everything', 'delete_repository'))
    expect(gateway.sent).toEqual([])
    expect(gateway.events.map(({ decision, outcome }) => [decision, outcome])).toEqual([
      ['deny', 'unknown_tool'],
      [undefined, 'unknown_tool'],
    ])
  })

  it('passes the rules on arguments of the inner tool', async () => {
    const args = { '/title': { in: ['Fine'] } }
    const rules = [
      { id: 'all', effect: 'allow' },
      { id: 'titles', effect: 'require', tools: { names: ['create_issue'] }, args },
    ]
    const gateway = house({ policy: { rules } })
    await expect(gateway.call('sidekick', CALL, { tool: 'create_issue', arguments: input })).rejects.toMatchObject({
      code: 'denied',
      data: { rule: 'titles' },
    })
    expect(gateway.sent).toEqual([])
  })

  it('owes what rules ask of call_tool, and each rule once', async () => {
    const limit = (window: number) => ({ rateLimit: { limit: window, window: '1h', per: ['agent'] } })
    const rules = [
      { id: 'all', effect: 'allow' },
      { id: 'three', effect: 'require', obligations: limit(3) },
      { id: 'two-through', effect: 'require', tools: { names: ['call_tool'] }, obligations: limit(2) },
    ]
    const gateway = house({ policy: { rules } })
    const call = () => gateway.call('sidekick', CALL, { tool: 'list_issues' })
    await call()
    await call()
    await expect(call()).rejects.toMatchObject({ code: 'rate_limit_exceeded', data: { rule: 'two-through' } })
    await gateway.call('sidekick', 'conn:github:list_issues')
    await expect(gateway.call('sidekick', 'conn:github:list_issues')).rejects.toMatchObject({ data: { rule: 'three' } })
  })

  it('is denied when a rule denies call_tool itself', async () => {
    const args = { '/tool': { equals: 'conn:github:create_issue' } }
    const rules = [
      { id: 'all', effect: 'allow' },
      { id: 'not-so', effect: 'deny', tools: { names: ['call_tool'] }, args },
    ]
    const gateway = house({ policy: { rules } })
    await expect(
      gateway.call('sidekick', CALL, { tool: 'github.create_issue', arguments: input }),
    ).rejects.toMatchObject({
      code: 'denied',
      data: { rule: 'not-so' },
    })
    expect(gateway.events).toMatchObject([{ tool: CALL, decision: 'deny' }])
    await gateway.call('sidekick', CALL, { tool: 'list_issues' })
  })

  it('gives the schema back when the arguments are wrong', async () => {
    for (const wrong of [{ title: 7 }, 'no JSON', [1]]) {
      const call = house().call('sidekick', CALL, { tool: 'create_issue', arguments: wrong })
      await expect(call).rejects.toMatchObject({
        code: 'invalid_input',
        message: expect.stringContaining('Schema of conn:github:create_issue: {"type":"object"') as string,
      })
    }
  })

  it.each([CALL, CALL_READ])('calls no tool that calls tools: %s', async (inner) => {
    const gateway = house()
    for (const outer of [CALL, CALL_READ]) {
      const call = gateway.call('sidekick', outer, {
        tool: inner,
        arguments: { tool: 'create_issue', arguments: input },
      })
      await expect(call).rejects.toMatchObject({ code: 'invalid_input' })
    }
    expect(gateway.sent).toEqual([])
  })

  it('says what is missing when no tool is named', async () => {
    await expect(house().call('sidekick', CALL, {})).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(house().call('sidekick', CALL, { tool: 7 })).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('does not guess between two tools of one name', async () => {
    const tools = [sourceTool('search')]
    const gateway = house({ connections: { a: { tools }, b: { tools } } })
    expect(await gateway.call('sidekick', CALL, { tool: 'search' })).toMatchObject({ isError: true })
    await gateway.call('sidekick', CALL, { tool: 'b.search' })
    expect(gateway.sent).toMatchObject([{ connection: 'b' }])
  })

  it('takes a bare name that only one visible tool has, whatever hidden ones are called', async () => {
    const tools = [sourceTool('search')]
    const policy = { rules: [{ id: 'r', effect: 'allow', tools: { connections: ['gatehouse', 'a'] } }] }
    const gateway = house({ connections: { a: { tools }, b: { tools } }, policy })
    await gateway.call('sidekick', CALL, { tool: 'search' })
    expect(gateway.sent).toMatchObject([{ connection: 'a' }])
  })

  it('refuses hostile arguments as a direct call does', async () => {
    const deep = `{"tool":"list_issues","arguments":{"a":${'['.repeat(200)}${']'.repeat(200)}}}`
    await expect(house().call('sidekick', CALL, deep)).rejects.toMatchObject({ code: 'invalid_input' })
    const polluting = '{"tool":"list_issues","arguments":{"__proto__":{"x":1}}}'
    await expect(house().call('sidekick', CALL, polluting)).rejects.toMatchObject({ code: 'invalid_input' })
  })
})

describe('call_read_tool', () => {
  it('calls what reads, and refuses everything else with the way to do it', async () => {
    const gateway = house()
    await gateway.call('sidekick', CALL_READ, { tool: 'list_issues' })
    const call = gateway.call('sidekick', CALL_READ, { tool: 'create_issue', arguments: { title: 'x' } })
    await expect(call).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('Call it with call_tool.') as string,
    })
    expect(gateway.sent).toHaveLength(1)
  })

  it('says nothing of what hidden tools do', async () => {
    const hidden = await house().call('sidekick', CALL_READ, { tool: 'conn:github:delete_repository' })
    expect(hidden).toMatchObject({ isError: true, _meta: { 'dev.gatehouse/code': 'tool_not_found' } })
  })
})

describe('status', () => {
  it('names the visible connections that need attention, without the words of their processes', async () => {
    const down = {
      ...CONNECTIONS,
      files: { tools: [sourceTool('read')], up: false, reason: 'It ended. Its last words:\nsecret' },
    }
    expect(textOf(await house({ connections: down }).call('sidekick', STATUS))).toBe(
      'These connections need attention:\nfiles: degraded. It ended.',
    )
  })

  it('names a connection that never listed anything when a rule speaks of it, and no other', async () => {
    const connections = { ...CONNECTIONS, files: { tools: [], up: false }, hr: { tools: [], up: false } }
    const rules = [{ id: 'r', effect: 'allow', tools: { connections: ['gatehouse', 'files'] } }]
    const text = textOf(await house({ connections, policy: { rules } }).call('sidekick', STATUS))
    expect(text).toContain('files: degraded')
    expect(text).not.toContain('hr')
  })

  it('says why there may be no tools', async () => {
    const policy = { rules: [{ id: 'r', effect: 'allow', tools: { connections: ['gatehouse'] } }] }
    expect(textOf(await house({ policy }).call('sidekick', STATUS))).toContain('You see no tools. Either no rule')
  })

  it('says when all is well', async () => {
    expect(textOf(await house().call('sidekick', STATUS))).toBe('All connections that you see are well.')
  })
})

describe('tool modes', () => {
  const many = (count: number, description = 'Do it.') => ({
    many: { tools: Array.from({ length: count }, (_, n) => sourceTool(`do_${n}`, {}, { description })) },
  })
  const agent = (more: object) => [{ id: 'sidekick', ...more }]
  const FINDERS = [SEARCH, DESCRIBE, CALL, CALL_READ]

  it('full lists everything but the tools that find others', () => {
    expect(namesOf(house({ agents: agent({ toolMode: 'full' }), connections: many(2) }))).toEqual([
      STATUS,
      APPROVAL,
      'conn:many:do_0',
      'conn:many:do_1',
    ])
  })

  it('search lists the built-in tools and what is pinned', () => {
    const agents = agent({ toolMode: 'search', pinned: ['conn:many:*_1'] })
    expect(namesOf(house({ agents, connections: many(12) }))).toEqual([...FINDERS, STATUS, APPROVAL, 'conn:many:do_1'])
  })

  it('both lists the pinned tools, or everything when nothing is pinned', () => {
    expect(namesOf(house({ agents: agent({ toolMode: 'both' }), connections: many(2) }))).toHaveLength(8)
    const agents = agent({ toolMode: 'both', pinned: ['conn:many:do_1'] })
    expect(namesOf(house({ agents, connections: many(2) }))).toHaveLength(7)
  })

  it('auto is full up to 60 tools and 10,000 tokens, and search beyond', () => {
    expect(namesOf(house({ connections: many(58) }))).toHaveLength(60)
    expect(namesOf(house({ connections: many(60) }))).toEqual([...FINDERS, STATUS, APPROVAL])
    expect(namesOf(house({ connections: many(20, 'words '.repeat(500)) }))).toEqual([...FINDERS, STATUS, APPROVAL])
  })

  it('auto changes its mind only by a fifth', () => {
    const gateway = house({ connections: many(50) })
    const sizeWith = (count: number): number => {
      gateway.swap({ connections: many(count) })
      return namesOf(gateway).length
    }
    expect([50, 70, 75, 55, 45].map(sizeWith)).toEqual([52, 72, 6, 6, 47])
  })

  it('falls back to everything where policy hides the tools to search and call', () => {
    const policy = { rules: [{ id: 'all', effect: 'allow', tools: { except: { names: ['call_tool'] } } }] }
    const gateway = house({ agents: agent({ toolMode: 'search' }), connections: many(3), policy })
    expect(namesOf(gateway)).toEqual([STATUS, APPROVAL, 'conn:many:do_0', 'conn:many:do_1', 'conn:many:do_2'])
  })

  it('lists none of them to an agent with plain names, for which they are no second connection', () => {
    const gateway = house({ agents: agent({ toolNames: 'plain', toolMode: 'search' }), connections: many(2) })
    expect(gateway.list('sidekick').tools.map(({ name }) => name)).toEqual(['do_0', 'do_1'])
  })

  it('calls what is not listed', async () => {
    const gateway = house({ connections: many(61) })
    await gateway.call('sidekick', 'conn__many__do_60')
    expect(gateway.sent).toHaveLength(1)
  })

  it('says in which connections can be searched, of those that the caller sees', () => {
    const gateway = house({ agents: agent({ toolMode: 'search' }) })
    const [search] = gateway.list('sidekick').tools
    expect(search?.['description']).toContain('Connections: github, mail-box.')
  })

  it('slims definitions in lists only', async () => {
    const inputSchema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      type: 'object',
      title: 'X',
      properties: { a: { type: 'string', title: 'A', maxLength: 3 } },
    }
    const connections = {
      one: {
        tools: [
          sourceTool('do', {}, { inputSchema, description: 'word '.repeat(400), outputSchema: { type: 'object' } }),
        ],
      },
    }
    const gateway = house({ agents: agent({ schemas: 'slim' }), connections })
    const tool = gateway.list('sidekick').tools.find(({ name }) => name === 'conn__one__do') ?? expect.unreachable()
    expect(tool['inputSchema']).toEqual({ type: 'object', properties: { a: { type: 'string', maxLength: 3 } } })
    expect(JSON.stringify(tool['description']).length).toBeLessThanOrEqual(602)
    expect(tool).not.toHaveProperty('outputSchema')
    await expect(gateway.call('sidekick', 'conn:one:do', { a: 'long' })).rejects.toMatchObject({
      code: 'invalid_input',
    })
  })
})

describe('toolsets', () => {
  const toolsets = { writers: { tools: { effects: ['write', 'destructive'] as ('write' | 'destructive')[] } } }

  it('list, search and call what they hold, and policy still applies', async () => {
    const gateway = house({ toolsets })
    expect(namesOf(gateway, 'writers')).toEqual([
      STATUS,
      APPROVAL,
      'conn:github:create_issue',
      'conn:mail-box:send_mail',
    ])
    const through = { toolset: 'writers' }
    expect(textOf(await gateway.call('sidekick', SEARCH, { connection: 'github' }, through))).toBe(
      'conn:github:create_issue',
    )
    await gateway.call('sidekick', 'conn:github:create_issue', { title: 'x' }, through)
    for (const name of ['conn:github:list_issues', 'conn:github:delete_repository']) {
      await expect(gateway.call('sidekick', name, {}, through)).rejects.toMatchObject({ code: 'tool_not_found' })
      expect(await gateway.call('sidekick', CALL, { tool: name }, through)).toMatchObject({ isError: true })
    }
    expect(gateway.sent).toHaveLength(1)
  })

  it('are listed in full, with the built-in tools, in the mode both', () => {
    const agents = [{ id: 'sidekick', toolMode: 'both' as const, pinned: ['conn:github:list_issues'] }]
    expect(namesOf(house({ toolsets, agents }), 'writers')).toHaveLength(8)
  })

  it('that are not there hold nothing', async () => {
    const gateway = house({ toolsets })
    expect(namesOf(gateway, 'nonesuch')).toEqual([])
    await expect(gateway.call('sidekick', SEARCH, {}, { toolset: 'nonesuch' })).rejects.toMatchObject({
      code: 'tool_not_found',
    })
  })
})

describe('overrides', () => {
  const overrides = {
    list_issues: { title: 'Tickets', description: 'List tickets of a project.', aliases: ['bug overview'] },
  }
  const overridden = {
    ...CONNECTIONS,
    github: { ...CONNECTIONS?.['github'], tools: CONNECTIONS?.['github']?.tools ?? [], overrides },
  }

  it('are shown, searched, and change no fingerprint', async () => {
    const gateway = house({ connections: overridden })
    const shown = gateway.list('sidekick').tools.find(({ name }) => name === 'conn__github__list_issues')
    expect(shown).toMatchObject({
      title: 'Tickets (conn:github:list_issues)',
      description: 'List tickets of a project.',
    })
    for (const query of ['tickets of a project', 'bug overview']) {
      expect(textOf(await gateway.call('sidekick', SEARCH, { query }))).toMatch(/^conn:github:list_issues/)
    }
    const printOf = (one: typeof gateway) => one.deps.snapshot().catalog.find('conn:github:list_issues')?.fingerprint
    expect(printOf(gateway)).toBe(printOf(house()))
  })
})
