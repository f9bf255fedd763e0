import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { PolicyProblem } from '../../../src/policy/problem.ts'
import { policyDocumentSchema } from '../../../src/policy/schema.ts'
import { viewOf } from '../../../src/policy/view.ts'
import type { PolicyWorld } from '../../../src/policy/world.ts'
import { catalogTool, sourceTool } from '../../helpers/tools.ts'
import { compile, principalOf, TOOLS, WORLD } from './office.ts'

type Part = Record<string, unknown>

/** What compiling says: errors when it refuses, else warnings. */
function problemsOf(document: Part, world: Partial<PolicyWorld> = {}): { errors: unknown; warnings: unknown } {
  try {
    const { warnings } = compilePolicy(policyDocumentSchema.parse({ rules: [], ...document }), { ...WORLD, ...world })
    return { errors: [], warnings }
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'policy_invalid') throw error
    return { errors: error.data['problems'], warnings: [] }
  }
}

const rule = (part: Part): Part => ({ rules: [{ id: 'r', effect: 'allow', ...part }] })
const problem = (path: string, message: string): PolicyProblem => ({ rule: 'r', path, message })
const only = (errors: readonly PolicyProblem[]) => ({ errors, warnings: [] })

describe('names that stand for nothing', () => {
  it('refuses unknown agents, groups, connections and providers, with the nearest known name', () => {
    expect(problemsOf(rule({ subjects: { agents: ['ci', 'sidekik'] } }))).toEqual(
      only([
        problem(
          '/rules/0/subjects/agents/1',
          'There is no agent "sidekik". Did you mean "sidekick"? Fix the name, or register the agent first.',
        ),
      ]),
    )
    expect(problemsOf(rule({ subjects: { groups: ['everyone'] } })).errors).toMatchObject([
      { message: expect.stringContaining('define it under `groups`') as string },
    ])
    expect(problemsOf(rule({ tools: { connections: ['gmial'] } })).errors).toMatchObject([
      { path: '/rules/0/tools/connections/0', message: expect.stringContaining('Did you mean "gmail"?') as string },
    ])
    expect(problemsOf(rule({ tools: { providers: ['zulip'] } })).errors).toMatchObject([
      {
        path: '/rules/0/tools/providers/0',
        message: 'There is no provider "zulip". Fix the name, or connect the provider first.',
      },
    ])
  })

  it('finds them in except, in groups and in approvals too', () => {
    const { errors } = problemsOf({
      groups: { staff: { agents: ['bot-1'] } },
      rules: [
        {
          id: 'r',
          effect: 'allow',
          subjects: { except: { agents: ['bot-2'] } },
          tools: { except: { connections: ['bot-3'], names: ['bot_4'] } },
          obligations: { approval: { approvers: ['bot-5'] } },
        },
      ],
    })
    const { errors: tagged } = problemsOf(
      rule({ tools: { tags: ['chat', 'chatt'] }, subjects: { groups: ['machins'] } }),
    )
    expect(tagged).toEqual([
      problem(
        '/rules/0/subjects/groups/0',
        'There is no group "machins". Did you mean "machines"? Fix the name, or define it under `groups`; {} is enough for a group that comes from sign-in.',
      ),
      problem(
        '/rules/0/tools/tags/1',
        'No tool that the rule selects has the tag "chatt". Did you mean "chat"? Fix it, or remove it.',
      ),
    ])
    expect((errors as PolicyProblem[]).map(({ path }) => path)).toEqual([
      '/groups/staff/agents/0',
      '/rules/0/subjects/except/agents/0',
      '/rules/0/tools/except/connections/0',
      '/rules/0/obligations/approval/approvers/0',
    ])
  })

  it('refuses a glob that matches nothing, but never the plain *', () => {
    expect(problemsOf(rule({ subjects: { agents: ['bot-*'] } })).errors).toMatchObject([
      { message: expect.stringContaining('No agent matches "bot-*".') as string },
    ])
    expect(problemsOf(rule({ subjects: { agents: ['*'] } }), { agents: [] })).toEqual(only([]))
  })

  it('knows a group from sign-in once it is declared, and providers without a connection', () => {
    expect(problemsOf({ groups: { staff: {} }, ...rule({ subjects: { groups: ['staff', 'machines'] } }) })).toEqual(
      only([]),
    )
    expect(problemsOf(rule({ tools: { providers: ['zulip'] } }), { providers: ['zulip'] })).toEqual(only([]))
  })

  it('refuses a tool that none of the connections has, and only warns while one has not listed its tools', () => {
    const typo = rule({ tools: { connections: ['slack'], names: ['post_mesage'] } })
    expect(problemsOf(typo)).toEqual(
      only([
        problem(
          '/rules/0/tools/names/0',
          'No tool that the rule selects is named "post_mesage". Did you mean "post_message"? Fix it, or remove it.',
        ),
      ]),
    )
    const tools = TOOLS.filter(({ connection }) => connection !== 'slack')
    expect(problemsOf(typo, { tools })).toMatchObject({
      errors: [],
      warnings: [
        {
          rule: 'r',
          path: '/rules/0/tools/names/0',
          pending: true,
          message:
            'No tool that the rule selects is named "post_mesage". Not all of its connections have listed their tools yet; check it when they have.',
        },
      ],
    })
    const either = rule({ tools: { connections: ['slack', 'jira'], names: ['post_mesage'] } })
    expect(problemsOf(either, { tools })).toMatchObject({ errors: [], warnings: [{ pending: true }] })
    expect(problemsOf(rule({ tools: { connections: ['gmail', 'slack'], names: ['post_message'] } }))).toEqual(only([]))
    expect(problemsOf(rule({ tools: { connections: ['gmail'], names: ['post_message'] } })).errors).toHaveLength(1)
    expect(problemsOf(rule({ tools: { names: ['POST_MESSAGE'] } })).errors).toHaveLength(1)
    expect(problemsOf(rule({ tools: { tags: ['chatt'] } })).errors).toHaveLength(1)
  })

  it('only warns when the world changed under a policy that was good, and lets such a rule select nothing', () => {
    const document = policyDocumentSchema.parse({
      rules: [
        { id: 'r', effect: 'allow', subjects: { agents: ['gone'] } },
        { id: 's', effect: 'allow', tools: { names: ['gone'] }, args: { '/gone': { equals: 1 } } },
        { id: 't', effect: 'allow', tools: { names: ['post_message'] }, args: { '/gone': { equals: 1 } } },
      ],
    })
    const { policy, warnings } = compilePolicy(document, WORLD, { tolerant: true })
    expect(warnings.map(({ path }) => path)).toEqual([
      '/rules/0/subjects/agents/0',
      '/rules/1/tools/names/0',
      '/rules/2/args/~1gone',
    ])
    expect(viewOf(policy, principalOf('ci')).tools.map(({ name }) => name)).toEqual(['post_message'])
  })

  it('tolerates no condition that it cannot test: a rule must not lose a fence', () => {
    const tools = { names: ['post_message'] }
    const fenced = { id: 'r', effect: 'allow', tools, args: { '/text': { pattern: '(?=x)' } } }
    expect(() => compile({ rules: [fenced] }, {}, { tolerant: true })).toThrow('RE2')
    expect(() => compile({ timezone: 'Mars' }, {}, { tolerant: true })).toThrow('time zone')
  })

  it('does not look at rules that are switched off', () => {
    expect(problemsOf(rule({ enabled: false, subjects: { agents: ['nobody'] } }))).toEqual(only([]))
  })
})

describe('arguments that no tool has', () => {
  const POST = { tools: { names: ['post_message'] } }

  it('refuses them, also when they must be absent or may be', () => {
    expect(problemsOf(rule({ ...POST, args: { '/chanel': { in: ['c'] } } }))).toEqual(
      only([
        problem(
          '/rules/0/args/~1chanel',
          'The tool conn:slack:post_message has no argument /chanel. Did you mean "/channel"? Fix the pointer.',
        ),
      ]),
    )
    expect(problemsOf(rule({ ...POST, args: { '/bcc': { absent: true } } })).errors).toHaveLength(1)
    expect(problemsOf(rule({ ...POST, args: { '/text/deep': { optional: true } } })).errors).toHaveLength(1)
  })

  it('says of how many tools it is said', () => {
    const tools = { names: ['post_message', 'add_comment'] }
    expect(problemsOf(rule({ tools, args: { '/chanel': { in: ['c'] } } })).errors).toMatchObject([
      { message: 'Each of the 2 selected tools has no argument /chanel. Did you mean "/channel"? Fix the pointer.' },
    ])
    const open = catalogTool('lab', sourceTool('try', {}, { inputSchema: { type: 'object' } }), 'lab')
    const world = { tools: [open], connections: [{ slug: 'lab', provider: 'lab' }] }
    expect(problemsOf(rule({ args: { '/a': { optional: true } } }), world).warnings).toEqual([
      problem(
        '/rules/0/args/~1a',
        'The input schema of the tool conn:lab:try does not say whether there is an argument /a. Check it.',
      ),
    ])
  })

  it('asks no resource, which has no arguments', () => {
    const post = TOOLS.filter(({ name }) => name === 'post_message')
    const resources = post.map((tool) => ({ ...tool, kind: 'resource' as const, definition: { uri: 'x:y' } }))
    const typo = {
      rules: [{ id: 'r', effect: 'require', tools: { connections: ['slack'] }, args: { '/chanel': { in: ['c'] } } }],
    }
    expect(problemsOf(typo, { tools: [...post, ...resources] }).errors).toHaveLength(1)
    expect(problemsOf(typo, { tools: resources })).toEqual(only([]))
  })

  it('accepts one that at least one of the tools has', () => {
    const mail = rule({ tools: { connections: ['gmail'] }, args: { '/to': { optional: true } } })
    expect(problemsOf(mail)).toEqual(only([]))
  })

  it.each<[string, JsonObject, string, 'ok' | 'error' | 'warning']>([
    ['a nested member', { properties: { a: { properties: { b: {} } } } }, '/a/b', 'ok'],
    ['a nested typo', { properties: { a: { properties: { b: {} } } } }, '/a/c', 'error'],
    ['an item', { properties: { a: { items: { properties: { b: {} } } } } }, '/a/0/b', 'ok'],
    ['a typo in an item', { properties: { a: { items: { properties: { b: {} } } } } }, '/a/0/c', 'error'],
    ['a member of a list', { properties: { a: { type: 'array', items: {} } } }, '/a/b', 'error'],
    ['an item by place', { properties: { a: { prefixItems: [{}, { type: 'string' }], items: false } } }, '/a/1', 'ok'],
    ['a reference', { $ref: '#/$defs/x' }, '/a', 'warning'],
    ['a nested reference', { properties: { a: { $ref: '#/$defs/x' } } }, '/a/b', 'warning'],
    ['a closed reference', { properties: {}, $ref: '#/$defs/x', additionalProperties: false }, '/a', 'warning'],
    ['members beside alternatives', { properties: { b: {} }, oneOf: [{}, {}] }, '/a', 'warning'],
    ['a member that may be anything', { properties: { a: true } }, '/a/b', 'warning'],
    ['a member that may not be', { properties: { a: false } }, '/a/b', 'error'],
    ['alternatives', { anyOf: [{}, {}] }, '/a', 'warning'],
    ['open members', { properties: {}, additionalProperties: true }, '/a', 'warning'],
    ['closed members', { properties: { b: {} }, additionalProperties: false }, '/a', 'error'],
    ['no word about members', { type: 'object' }, '/a', 'warning'],
    ['no members', { type: 'object', properties: {} }, '/a', 'error'],
    ['a member named like a method', { properties: { b: {} } }, '/toString', 'error'],
  ])('tells in a schema with %s', (_, inputSchema, pointer, expected) => {
    const tool = catalogTool('lab', sourceTool('try', {}, { inputSchema }), 'lab')
    const world = { tools: [tool], connections: [{ slug: 'lab', provider: 'lab' }] }
    const { errors, warnings } = problemsOf(rule({ args: { [pointer]: { optional: true } } }), world)
    const counts = [errors, warnings].map((list) => (list as unknown[]).length)
    expect(counts).toEqual({ ok: [0, 0], error: [1, 0], warning: [0, 1] }[expected])
  })
})

describe('compilePolicy', () => {
  it('refuses zones, patterns and schemas that cannot be used, all at once', () => {
    const { errors } = problemsOf({
      timezone: 'Mars/Olympus',
      rules: [
        { id: 'a', effect: 'allow', when: { from: '09:00', timezone: 'Berlin' } },
        { id: 'b', effect: 'allow', tools: { names: ['post_message'] }, args: { '/text': { pattern: '(?=x)' } } },
        { id: 'c', effect: 'allow', obligations: { redact: [{ preset: 'emails' }, { pattern: '(x' }] } },
        { id: 'd', effect: 'allow', tools: { names: ['post_message'] }, args: { '/text': { schema: {} } } },
      ],
    })
    expect((errors as PolicyProblem[]).map(({ rule, path }) => [rule, path])).toEqual([
      [undefined, '/timezone'],
      ['a', '/rules/0/when/timezone'],
      ['b', '/rules/1/args/~1text'],
      ['c', '/rules/2/obligations/redact/1/pattern'],
      ['d', '/rules/3/args/~1text'],
    ])
  })

  it('says what is wrong with a zone, a pattern, and a schema that nobody can test', () => {
    const first = (part: Part) =>
      (problemsOf(rule({ tools: { names: ['post_message'] }, ...part })).errors as PolicyProblem[])[0]?.message
    const zone = 'There is no time zone "Mars". Use an IANA name, such as Europe/Berlin.'
    expect(first({ when: { to: '12:00', timezone: 'Mars' } })).toBe(zone)
    expect(first({ obligations: { quota: { limit: 1, window: 'day', timezone: 'Mars' } } })).toBe(zone)
    expect(first({ args: { '/text': { schema: {} } } })).toBe(
      '`schema` cannot be used here, because no JSON Schema validator is at hand. Use the other operators.',
    )
    expect(first({ args: { '/text': { pattern: '(?=x)' } } })).toMatch(
      /^The pattern cannot be used: .+\. Patterns are RE2: no look-around, no back-references\.$/,
    )
  })

  it('puts rules in the order of their ids, and takes them for declared where there is one document', () => {
    const policy = compile({ rules: ['c', 'a', 'b'].map((id) => ({ id, effect: 'allow' })) })
    expect(policy.rules.map(({ id }) => id)).toEqual(['a', 'b', 'c'])
    expect(policy.originOf('a')).toBe('declared')
  })

  it('says the first problem, where it is, and how many more there are', () => {
    expect(() => compile(rule({ subjects: { agents: ['x', 'y'] } }))).toThrow(
      'The policy cannot be used: rule "r", /rules/0/subjects/agents/0: There is no agent "x". ' +
        'Fix the name, or register the agent first. (and 1 more)',
    )
  })

  it('gives a version that follows the document, not the order of its keys, or the one it is told', () => {
    const a = compile({ timezone: 'UTC', rules: [{ id: 'r', effect: 'allow' }] })
    const b = compile({ rules: [{ effect: 'allow', id: 'r' }], timezone: 'UTC' })
    const c = compile({ timezone: 'UTC', rules: [{ id: 's', effect: 'allow' }] })
    expect(a.version).toMatch(/^[0-9a-f]{16}$/)
    expect(b.version).toBe(a.version)
    expect(c.version).not.toBe(a.version)
    expect(compile({}, {}, { version: '7' }).version).toBe('7')
  })
})
