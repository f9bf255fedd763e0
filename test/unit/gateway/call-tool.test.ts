import { describe, expect, it } from 'vitest'
import type { AuditLog } from '../../../src/kernel/audit.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { toJsonText } from '../../../src/kernel/json-text.ts'
import type { ToolId } from '../../../src/kernel/tool.ts'
import { keepResultTexts } from '../../../src/sources/member-texts.ts'
import { ALLOW_ALL, ECHO, testGateway } from '../../helpers/test-gateway.ts'
import { sourceTool } from '../../helpers/tools.ts'

const READ_ONLY = { rules: [{ id: 'reads', effect: 'allow', tools: { effects: ['read'] } }] }
const withObligations = (obligations: object): object => ({ rules: [{ id: 'governed', effect: 'allow', obligations }] })
const textOf = (result: { readonly content: readonly unknown[] }): string =>
  result.content.map((block) => (block as { text?: string }).text ?? '').join('\n')

describe('a call', () => {
  it('reaches the source by its own name for the tool, whichever name the agent used', async () => {
    const gateway = testGateway()
    await gateway.call('sidekick', 'conn__notes__read_note', { id: '7' })
    await gateway.call('sidekick', 'conn:notes:read_note', { id: '8' })
    expect(gateway.sent).toEqual([
      { connection: 'notes', name: 'read_note', input: { id: '7' } },
      { connection: 'notes', name: 'read_note', input: { id: '8' } },
    ])
  })

  it('of a tool that no rule allows is, word for word, a call of a tool that does not exist', async () => {
    const gateway = testGateway({ policy: READ_ONLY })
    const hidden = await gateway.call('sidekick', 'conn:notes:write_note').catch((error: unknown) => error)
    const missing = await gateway.call('sidekick', 'conn:notes:burn_note').catch((error: unknown) => error)
    expect(hidden).toMatchObject({ code: 'tool_not_found', message: 'Unknown tool: conn:notes:write_note', data: {} })
    expect(missing).toMatchObject({ code: 'tool_not_found', message: 'Unknown tool: conn:notes:burn_note', data: {} })
    expect(gateway.sent).toEqual([])
    expect(gateway.events).toMatchObject([
      { outcome: 'unknown_tool', tool: 'conn:notes:write_note', connection: 'notes', decision: 'deny' },
      { outcome: 'unknown_tool', tool: 'conn:notes:burn_note' },
    ])
    expect(gateway.events[1]).not.toHaveProperty('decision')
  })

  it('of a quarantined tool is a call of an unknown tool, whatever the rules say', async () => {
    const pins = new Map([['conn:notes:read_note' as ToolId, 'the fingerprint of another time']])
    const gateway = testGateway({ pins })
    await expect(gateway.call('sidekick', 'conn:notes:read_note')).rejects.toMatchObject({ code: 'tool_not_found' })
    expect(gateway.list('sidekick').tools).toHaveLength(2)
  })

  it('is denied with the rule and the pointer when an argument is outside of what a rule allows', async () => {
    const tools = [
      sourceTool(
        'send',
        { effect: 'write' },
        { inputSchema: { type: 'object', properties: { to: { type: 'string' } } } },
      ),
    ]
    const policy = { rules: [{ id: 'send-inside', effect: 'allow', args: { '/to': { emailDomains: ['corp.com'] } } }] }
    const gateway = testGateway({ connections: { mail: { tools } }, policy })
    await gateway.call('sidekick', 'conn:mail:send', { to: 'ann@corp.com' })
    await expect(gateway.call('sidekick', 'conn:mail:send', { to: 'eve@evil.test' })).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringMatching(/\/to.*send-inside|send-inside.*\/to/s) as string,
    })
    expect(gateway.sent).toHaveLength(1)
  })

  it('with arguments that do not fit the schema is refused before the policy is asked', async () => {
    const tools = [sourceTool('find', {}, { inputSchema: { type: 'object', required: ['q'] } })]
    const gateway = testGateway({ connections: { crm: { tools } } })
    await expect(gateway.call('sidekick', 'conn:crm:find', {})).rejects.toMatchObject({ code: 'invalid_input' })
    expect(gateway.events).toMatchObject([{ phase: 'outcome', outcome: 'error', code: 'invalid_input' }])
  })

  it('to a connection that is gone says so', async () => {
    const gateway = testGateway({ connections: { notes: { ...ECHO, up: false } } })
    await expect(gateway.call('sidekick', 'conn:notes:read_note')).rejects.toMatchObject({
      code: 'connection_unusable',
      message: expect.stringContaining('"notes" is not available') as string,
    })
  })

  it('runs on the snapshot that it began with', async () => {
    const gateway = testGateway({
      connections: {
        notes: {
          ...ECHO,
          run: (name) => (gateway.swap({ policy: { rules: [] } }), { content: [{ type: 'text', text: name }] }),
        },
      },
    })
    expect(textOf(await gateway.call('sidekick', 'conn:notes:read_note'))).toBe('read_note')
    await expect(gateway.call('sidekick', 'conn:notes:read_note')).rejects.toMatchObject({ code: 'tool_not_found' })
  })

  it('hides what went wrong inside, and passes on what the source said on purpose', async () => {
    const failing = (error: Error) =>
      testGateway({ connections: { notes: { ...ECHO, run: () => Promise.reject(error) } } })
    await expect(
      failing(new Error('SELECT * FROM secrets')).call('sidekick', 'conn:notes:read_note'),
    ).rejects.toMatchObject({
      code: 'internal',
      message: expect.not.stringContaining('SELECT') as string,
    })
    await expect(
      failing(new GatewayError('upstream_timeout', 'notes did not answer in 60 s.')).call(
        'sidekick',
        'conn:notes:read_note',
      ),
    ).rejects.toMatchObject({ code: 'upstream_timeout', message: 'notes did not answer in 60 s.' })
  })
})

describe('the obligations of a call', () => {
  it('limit how often, and say when to come back', async () => {
    const gateway = testGateway({ policy: withObligations({ rateLimit: { limit: 1, window: '1m', per: ['agent'] } }) })
    await gateway.call('sidekick', 'conn:notes:read_note')
    await expect(gateway.call('sidekick', 'conn:notes:read_note')).rejects.toMatchObject({
      code: 'rate_limit_exceeded',
      data: { rule: 'governed', retryAfterMs: 60_000 },
    })
    gateway.clock.now += 60_000
    await gateway.call('sidekick', 'conn:notes:read_note')
    expect(gateway.sent).toHaveLength(2)
  })

  it('redact before they cut', async () => {
    const connections = {
      notes: { ...ECHO, run: () => ({ content: [{ type: 'text', text: `ann@corp.com ${'x'.repeat(5_000)}` }] }) },
    }
    const policy = withObligations({ redact: [{ preset: 'emails' }], maxResponseBytes: 1_024 })
    const result = await testGateway({ connections, policy }).call('sidekick', 'conn:notes:read_note')
    expect(textOf(result)).toMatch(/^\[redacted emails\] x+/)
    expect(Buffer.byteLength(JSON.stringify(result))).toBeLessThanOrEqual(1_024)
  })

  it.each([{ redact: [{ preset: 'emails' }] }, { maxResponseBytes: 10_000 }])(
    'leave nothing of the text behind that they judged as a value: %j',
    async (obligations) => {
      const twice = `{"content":[{"type":"text","text":"ann@corp.com${'x'.repeat(3_000)}","text":"fine"}]}`
      const run = () => {
        const result = JSON.parse(twice) as { content: [] }
        keepResultTexts(`{"result":${twice}}`, { result })
        return result
      }
      const connections = { notes: { ...ECHO, run } }
      const call = (policy?: object) =>
        testGateway({ connections, ...(policy && { policy }) }).call('sidekick', 'conn:notes:read_note')
      expect(toJsonText(await call())).toBe(twice)
      expect(toJsonText(await call(withObligations(obligations)))).toBe('{"content":[{"type":"text","text":"fine"}]}')
    },
  )

  it('withhold structured content that redaction made unfit for the output schema', async () => {
    const outputSchema = { type: 'object', properties: { mail: { type: 'string', maxLength: 5 } } }
    const tools = [sourceTool('find', {}, { outputSchema })]
    const run = () => ({ content: [], structuredContent: { mail: 'a@b.c' } })
    const connections = { crm: { tools, run } }
    expect(await testGateway({ connections }).call('sidekick', 'conn:crm:find')).toEqual(run())
    const policy = withObligations({ redact: [{ pointer: '/mail', with: 'removed' }] })
    const result = await testGateway({ connections, policy }).call('sidekick', 'conn:crm:find')
    expect(result).toMatchObject({ isError: true })
    expect(result).not.toHaveProperty('structuredContent')
  })

  it('redact what a server asks of the client, and leave its state as it is', async () => {
    const requestState = 'sk-live_abcdefghijklmnop1234'
    const question = {
      resultType: 'input_required',
      inputRequests: { who: { method: 'elicitation/create', params: { message: 'Is it ann@corp.com?' } } },
      requestState,
    }
    const connections = { notes: { ...ECHO, run: () => question as never } }
    const policy = withObligations({ redact: [{ preset: 'emails' }, { preset: 'secrets' }], maxResponseBytes: 1_024 })
    expect(await testGateway({ connections, policy }).call('sidekick', 'conn:notes:read_note')).toEqual({
      resultType: 'input_required',
      inputRequests: { who: { method: 'elicitation/create', params: { message: 'Is it [redacted emails]?' } } },
      requestState,
    })
  })

  it('redact what a source asks while it runs, and give it no answer once the call is no longer allowed', async () => {
    const asked: unknown[] = []
    const policy = withObligations({ redact: [{ preset: 'emails' }] })
    const gateway = testGateway({
      connections: {
        notes: {
          ...ECHO,
          async run(_name, _input, { ask }) {
            const answer = await ask?.({ method: 'elicitation/create', params: { message: 'ann@corp.com?' } })
            return { content: [{ type: 'text', text: JSON.stringify(answer) }] }
          },
        },
      },
      policy,
    })
    const ask = (request: unknown) => Promise.resolve((asked.push(request), { action: 'accept' }))
    expect(textOf(await gateway.call('sidekick', 'conn:notes:read_note', {}, { ask }))).toBe('{"action":"accept"}')
    expect(asked).toEqual([{ method: 'elicitation/create', params: { message: '[redacted emails]?' } }])
    const revoking = () => (gateway.swap({ policy: { rules: [] } }), Promise.resolve({ action: 'accept' }))
    await expect(gateway.call('sidekick', 'conn:notes:read_note', {}, { ask: revoking })).rejects.toMatchObject({
      code: 'tool_not_found',
    })
  })

  it('stop a call that needs approval', async () => {
    const gateway = testGateway({
      policy: withObligations({ approval: { approvers: ['managers'] } }),
      agents: [{ id: 'sidekick', groups: ['managers'] }],
    })
    await expect(gateway.call('sidekick', 'conn:notes:read_note')).rejects.toMatchObject({ code: 'approval_required' })
    expect(gateway.sent).toEqual([])
  })
})

describe('the ledger of calls', () => {
  it('has the intent of a write before it is sent, and the outcome of everything', async () => {
    const seen: number[] = []
    const gateway = testGateway({
      connections: { notes: { ...ECHO, run: () => (seen.push(gateway.events.length), { content: [] }) } },
    })
    await gateway.call('sidekick', 'conn:notes:read_note')
    await gateway.call('sidekick', 'conn:notes:write_note', { a: 1 })
    expect(seen).toEqual([0, 2])
    expect(gateway.events.map(({ phase, outcome, tool }) => [phase, outcome, tool])).toEqual([
      ['outcome', 'ok', 'conn:notes:read_note'],
      ['intent', undefined, 'conn:notes:write_note'],
      ['outcome', 'ok', 'conn:notes:write_note'],
    ])
    expect(gateway.events[1]?.argumentsHash).toMatch(/^[\w-]{43}$/)
    expect(gateway.events[1]).not.toHaveProperty('arguments')
  })

  it('refuses a write whose intent cannot be recorded, and every call after a lost outcome', async () => {
    let full = true
    const audit: AuditLog = {
      append: () =>
        full ? Promise.reject(new GatewayError('audit_unavailable', 'The disk is full.')) : Promise.resolve(),
      close: () => Promise.resolve(),
    }
    const gateway = testGateway({ audit })
    await expect(gateway.call('sidekick', 'conn:notes:write_note')).rejects.toMatchObject({ code: 'audit_unavailable' })
    expect(gateway.sent).toEqual([])
    await gateway.deps.ledger.settled()
    await expect(gateway.call('sidekick', 'conn:notes:read_note')).rejects.toMatchObject({ code: 'audit_unavailable' })
    full = false
    await gateway.call('sidekick', 'conn:notes:read_note')
  })

  it('keeps the arguments only where a rule asks for them', async () => {
    const gateway = testGateway({ policy: withObligations({ log: 'full' }) })
    await gateway.call('sidekick', 'conn:notes:read_note', { id: '7' })
    expect(gateway.events).toMatchObject([{ arguments: { id: '7' }, result: { content: [{ type: 'text' }] } }])
    gateway.swap({ policy: withObligations({ log: 'meta' }) })
    await gateway.call('sidekick', 'conn:notes:read_note', { id: '8' })
    expect(gateway.events[1]).not.toHaveProperty('argumentsHash')
  })
})

describe('the list', () => {
  it('shows a tool whole, under its portable name, with the canonical id in title and _meta', () => {
    const tools = [
      sourceTool(
        'get-env',
        {},
        { title: 'Environment', icons: [{ src: 'x' }], _meta: { own: 1 }, future: { kept: true } },
      ),
    ]
    const gateway = testGateway({ connections: { every: { tools } } })
    expect(gateway.list('sidekick').tools).toEqual([
      {
        name: 'conn__every__get_env',
        title: 'Environment (conn:every:get-env)',
        inputSchema: { type: 'object' },
        icons: [{ src: 'x' }],
        future: { kept: true },
        _meta: { own: 1, 'dev.gatehouse/id': 'conn:every:get-env' },
      },
    ])
  })

  it('uses the names of the agent’s style, and takes them in calls', async () => {
    const agents = [
      { id: 'ids', toolNames: 'canonical' as const },
      { id: 'bare', toolNames: 'plain' as const },
    ]
    const gateway = testGateway({ agents, policy: ALLOW_ALL })
    expect(gateway.list('ids').tools[0]).toMatchObject({ name: 'conn:notes:read_note' })
    expect(gateway.list('bare').tools[0]).toEqual({ name: 'read_note', inputSchema: { type: 'object' } })
    await gateway.call('bare', 'read_note')
    expect(gateway.sent).toHaveLength(1)
    await expect(gateway.call('ids', 'read_note')).rejects.toMatchObject({ code: 'tool_not_found' })
  })

  it('is cut into pages whose cursors are good for this list only', () => {
    const tools = Array.from({ length: 5 }, (_, index) => sourceTool(`t${index}`))
    const gateway = testGateway({ connections: { many: { tools } }, pageSize: 2 })
    const names: unknown[] = []
    let cursor: string | undefined
    do {
      const page = gateway.list('sidekick', cursor)
      names.push(...page.tools.map((tool) => tool['name']))
      cursor = page.nextCursor
    } while (cursor !== undefined)
    expect(names).toEqual(tools.map((_, index) => `conn__many__t${index}`))
    expect(() => gateway.list('sidekick', 'bm9wZQ')).toThrow(GatewayError)
    const old = gateway.list('sidekick').nextCursor
    gateway.swap({ connections: { many: { tools: tools.slice(1) } } })
    expect(() => gateway.list('sidekick', old)).toThrow('List again')
  })

  it('is one serialised text for all who may see the same', () => {
    const gateway = testGateway({ agents: [{ id: 'a' }, { id: 'b' }] })
    expect(gateway.list('a')).toBe(gateway.list('b'))
    expect(JSON.parse(`{${gateway.list('a').bytes.toString()}}`)).toEqual({ tools: gateway.list('a').tools })
  })

  it('is made anew, once for all, when the catalog has changed', () => {
    const gateway = testGateway({ agents: [{ id: 'a' }, { id: 'b' }] })
    const before = gateway.list('a').bytes
    gateway.swap({ connections: { many: { tools: [sourceTool('new')] } } })
    const { bytes } = gateway.list('b')
    expect(bytes.toString()).toContain('conn__many__new')
    expect(bytes).not.toBe(before)
    expect(gateway.list('a').bytes).toBe(bytes)
  })
})
