import { describe, expect, it } from 'vitest'
import type { Tool } from '../../../src/kernel/tool.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { lintPolicy, type LintFacts } from '../../../src/policy/lint/lint-policy.ts'
import type { FindingCode } from '../../../src/policy/lint/finding.ts'
import { mergeDocuments } from '../../../src/policy/merge.ts'
import { policyDocumentSchema } from '../../../src/policy/schema.ts'
import OFFICE from '../../fixtures/policies/office.json' with { type: 'json' }
import { compile, NOON, toolOf, WORLD } from './office.ts'

type Document = Parameters<typeof compile>[0]

const lint = (rules: readonly unknown[], facts: LintFacts = {}, more: Document = {}) =>
  lintPolicy(compile({ ...more, rules }), facts)
/** The rules that a kind of finding is about. */
const found = (code: FindingCode, rules: readonly unknown[], facts?: LintFacts, more?: Document) =>
  lint(rules, facts, more)
    .filter((finding) => finding.code === code)
    .map(({ rule }) => rule)
const on = (id: string, names: readonly string[], more: object = {}) => ({
  id,
  effect: 'allow',
  tools: { names },
  ...more,
})
const no = { effect: 'deny' }
const forCi = { subjects: { agents: ['ci'] } }

describe('lint of coverage', () => {
  it('finds rules that select no tool, and not those that select one', () => {
    const nothing = { id: 'nothing', effect: 'allow', tools: { connections: ['jira'], effects: ['destructive'] } }
    expect(found('selects_no_tool', [nothing, on('a', ['add_comment'])])).toEqual(['nothing'])
  })

  it('finds rules under a deny that is about all that they select', () => {
    const rules = [
      on('post', ['post_message']),
      on('both', ['post_message', 'add_comment']),
      on('never', ['post_message'], no),
    ]
    expect(found('never_decides', rules)).toEqual(['post'])
    expect(
      found('never_decides', [rules[0], { ...on('never', ['post_message'], no), when: { days: ['mon'] } }]),
    ).toEqual([])
    expect(found('never_decides', [rules[0], { ...on('never', ['post_message'], no), ...forCi }])).toEqual([])
    expect(
      found('never_decides', [
        { ...on('post', ['post_message']), ...forCi },
        { ...on('never', ['post_message'], no), ...forCi },
      ]),
    ).toEqual(['post'])
    expect(found('never_decides', [rules[0], { ...on('never', ['post_message'], no), mode: 'shadow' }])).toEqual([])
  })

  it('finds rules that others make superfluous, one of two that are equal', () => {
    const all = { id: 'all', effect: 'allow' }
    const log = { obligations: { log: 'hash' } }
    expect(found('redundant', [all, on('one', ['post_message'], forCi)])).toEqual(['one'])
    expect(found('redundant', [on('a', ['post_message']), on('b', ['post_message'])])).toEqual(['b'])
    expect(found('redundant', [all, on('one', ['post_message'], log)])).toEqual([])
    expect(found('redundant', [{ ...all, ...forCi }, on('one', ['post_message'])])).toEqual([])
    expect(found('redundant', [{ ...all, when: { days: ['mon'] } }, on('one', ['post_message'])])).toEqual([])
    expect(
      found('redundant', [
        on('x', ['post_message'], no),
        on('y', ['post_message'], { ...no, args: { '/text': { equals: 'a' } } }),
      ]),
    ).toEqual(['y'])
    expect(found('redundant', [all, on('one', ['post_message'], { effect: 'require', ...log })])).toEqual([])
  })

  it('finds tools that nobody can reach, by connection', () => {
    const rules = [
      { id: 'mail', effect: 'allow', tools: { connections: ['gmail', 'jira'] } },
      on('no', ['delete_message', 'add_comment'], no),
    ]
    expect(lint(rules).filter(({ code }) => code === 'tool_unreachable')).toMatchObject([
      { path: '', message: 'Nobody can reach the tool conn:gmail:delete_message of connection "gmail".' },
      { tools: ['conn:jira:add_comment'] },
      {
        message: expect.stringContaining(
          '5 tools (conn:slack:list_channels, conn:slack:post_message, conn:slack:reply_in_thread and 2 more)',
        ) as string,
      },
    ])
  })
})

describe('lint of times', () => {
  const at = (when: object) => [on('a', ['post_message'], { when })]

  it('finds what has expired', () => {
    expect(found('rule_expired', at({ notAfter: '2026-11-20T10:59:59Z' }), { at: NOON })).toEqual(['a'])
    expect(found('rule_expired', at({ notAfter: '2026-11-20T11:00:00Z' }), { at: NOON })).toEqual([])
    expect(found('rule_expired', at({ notAfter: '2000-01-01T00:00:00Z' }))).toEqual([])
  })

  it('finds windows that do not come between the bounds', () => {
    const friday = { notBefore: '2026-11-20T00:00:00Z', notAfter: '2026-11-20T23:59:59Z' }
    expect(found('window_empty', at({ ...friday, days: ['sat'] }))).toEqual(['a'])
    expect(found('window_empty', at({ ...friday, days: ['fri'] }))).toEqual([])
    expect(found('window_empty', at({ ...friday, days: ['sat'], timezone: 'Asia/Tokyo' }))).toEqual([])
    expect(
      found(
        'window_empty',
        at({ notBefore: '2026-11-20T10:00:00Z', notAfter: '2026-11-20T11:00:00Z', from: '11:01', to: '11:10' }),
      ),
    ).toEqual(['a'])
    expect(
      found(
        'window_empty',
        at({ notBefore: '2026-11-20T10:00:00Z', notAfter: '2026-11-20T11:01:00Z', from: '11:01', to: '11:10' }),
      ),
    ).toEqual([])
    expect(found('window_empty', at({ ...friday, notAfter: '2026-11-29T00:00:00Z', days: ['mon'] }))).toEqual([])
    expect(found('window_empty', at(friday))).toEqual([])
  })

  it('looks at every moment between the bounds, and at no other', () => {
    const between = (from: string, to: string, hours: object) =>
      found('window_empty', at({ notBefore: `2026-11-20T${from}Z`, notAfter: `2026-11-20T${to}Z`, ...hours }))
    expect(between('10:07:00', '10:09:00', { from: '10:00', to: '10:10' })).toEqual([])
    expect(between('10:07:00', '10:14:00', { from: '10:00', to: '10:05' })).toEqual(['a'])
    expect(between('10:07:00', '10:20:00', { from: '10:20', to: '10:21' })).toEqual([])
    expect(between('10:07:00', '10:19:59', { from: '10:20', to: '10:21' })).toEqual(['a'])
    expect(between('10:07:00', '12:00:00', { from: '11:55', to: '11:56' })).toEqual([])
    expect(between('10:07:00', '12:00:00', { from: '10:05', to: '10:06' })).toEqual(['a'])
    expect(between('10:07:00', '12:00:00', { to: '10:06' })).toEqual(['a'])
    expect(found('window_empty', at({ notBefore: '2026-11-20T10:00:00Z', days: ['mon'] }))).toEqual([])
    expect(found('window_empty', at({ notAfter: '2026-11-20T10:00:00Z', days: ['mon'] }))).toEqual([])
  })
})

describe('lint of arguments', () => {
  const required = toolOf('slack', 'ping', {}, { host: { type: 'string' } })
  const strict = {
    ...required,
    definition: { ...required.definition, inputSchema: { ...required.definition.inputSchema, required: ['host'] } },
  }

  it('finds arguments that a tool lacks', () => {
    const rules = [on('a', ['post_message', 'add_comment'], { args: { '/text': { maxLength: 5 } } })]
    expect(lint(rules).find(({ code }) => code === 'argument_missing')).toMatchObject({
      rule: 'a',
      path: '/rules/0/args/~1text',
      tools: ['conn:jira:add_comment'],
      message:
        'Rule "a" asks for /text, which there is not in the tool conn:jira:add_comment: no call of them can satisfy it.',
    })
    const guard = [on('a', ['post_message', 'add_comment'], { ...no, args: { '/text': { equals: 'x' } } })]
    expect(lint(guard).find(({ code }) => code === 'argument_missing')?.message).toContain('it guards nothing there')
    expect(found('argument_missing', [on('a', ['post_message'], { args: { '/text': { maxLength: 5 } } })])).toEqual([])
  })

  it('finds demands for arguments that may be left out', () => {
    const rule = (more: object) => [on('a', ['ping'], { args: { '/host': { equals: 'x', ...more } } })]
    const ask = (tool: Tool, more: object = {}) =>
      lintPolicy(compile({ rules: rule(more) }, { tools: [tool] })).filter(({ code }) => code === 'argument_optional')
    expect(ask(required)).toHaveLength(1)
    expect(ask(required, { optional: true })).toHaveLength(0)
    expect(ask(strict)).toHaveLength(0)
    const open = { ...required, definition: { ...required.definition, inputSchema: { type: 'object' } } }
    expect(ask(open)).toHaveLength(0)
    const options = { type: 'object', properties: { host: { type: 'string' } } }
    const nested = toolOf('slack', 'ping', {}, { options, host: {} })
    const of = (pointer: string) =>
      lintPolicy(
        compile({ rules: [on('a', ['ping'], { args: { [pointer]: { equals: 'x' } } })] }, { tools: [nested] }),
      ).filter(({ code }) => code === 'argument_optional')
    expect(of('/options/host')).toEqual([])
    expect(of('')).toEqual([])
    expect(of('/host')).toHaveLength(1)
  })

  it('asks only tools, which have arguments', () => {
    const resource = { ...toolOf('slack', 'file'), kind: 'resource' as const, definition: { uri: 'file:///x' } }
    const rules = [
      { id: 'a', effect: 'require', tools: { connections: ['slack'] }, args: { '/host': { equals: 'x' } } },
    ]
    const findings = lintPolicy(compile({ rules }, { tools: [resource, required] }))
    expect(findings.find(({ code }) => code === 'argument_optional')?.tools).toEqual(['conn:slack:ping'])
  })

  it('finds ways to send that nothing limits', () => {
    const send = on('a', ['send_message'])
    expect(found('send_without_limits', [send, on('b', ['add_comment'])])).toEqual(['a'])
    expect(found('send_without_limits', [{ ...send, closedArgs: true }])).toEqual([])
    expect(found('send_without_limits', [{ ...send, args: { '/to': { maxItems: 1 } } }])).toEqual([])
    expect(found('send_without_limits', [{ ...send, obligations: { approval: { approvers: ['machines'] } } }])).toEqual(
      [],
    )
    const limit = on('l', ['send_message'], { effect: 'require', args: { '/to': { maxItems: 1 } } })
    expect(found('send_without_limits', [send, limit])).toEqual([])
    expect(found('send_without_limits', [send, { ...limit, ...forCi }])).toEqual(['a'])
    expect(found('send_without_limits', [on('a', ['send_message'], no)])).toEqual([])
    const log = on('l', ['send_message'], { effect: 'require', obligations: { log: 'hash' } })
    expect(found('send_without_limits', [send, log])).toEqual(['a'])
  })
})

describe('lint of approvals and limits', () => {
  const asks = (approval: object) => [on('a', ['post_message'], { obligations: { approval } })]
  const people = [
    { user: 'ann', groups: ['bosses'] },
    { user: 'bob', groups: [] },
  ]
  const bosses = { groups: { bosses: {} } }

  it('finds approvers that there are not', () => {
    expect(found('approvers_empty', asks({ approvers: ['machines'] }), { people })).toEqual(['a'])
    expect(found('approvers_empty', asks({ approvers: ['bosses'] }), { people }, bosses)).toEqual([])
    expect(found('approvers_empty', asks({ approvers: ['machines'] }))).toEqual([])
    expect(found('quorum_unreachable', asks({ approvers: ['bosses'], quorum: 2 }), { people }, bosses)).toEqual(['a'])
    const named = { groups: { bosses: { users: ['eve'] } } }
    expect(found('quorum_unreachable', asks({ approvers: ['bosses'], quorum: 2 }), { people }, named)).toEqual([])
    const open = { groups: { bosses: { users: ['*@corp.com'] } } }
    expect(found('approvers_empty', asks({ approvers: ['bosses'] }), { people: [] }, open)).toEqual([])
    const mixed = { groups: { bosses: { users: ['ann', '*@corp.com'] } } }
    expect(found('quorum_unreachable', asks({ approvers: ['bosses'], quorum: 3 }), { people: [] }, mixed)).toEqual([])
    const some = { groups: { bosses: {}, others: { users: ['*@corp.com'] } } }
    expect(
      found('quorum_unreachable', asks({ approvers: ['bosses', 'others'], quorum: 2 }), { people: [] }, some),
    ).toEqual([])
    const claims = { groups: { bosses: { claims: [{ path: '/boss', equals: true }] } } }
    expect(found('approvers_empty', asks({ approvers: ['bosses'] }), { people: [] }, claims)).toEqual([])
  })

  it('trusts that there is an admin, unless a group has that name', () => {
    const byAdmins = asks({ approvers: ['admins'] })
    expect(found('approvers_empty', byAdmins, { people: [] })).toEqual([])
    expect(lint(byAdmins, { people: [] }).filter(({ severity }) => severity !== 'info')).toEqual([])
    expect(found('approvers_empty', byAdmins, { people: [] }, { groups: { admins: {} } })).toEqual(['a'])
  })

  it('finds callers whose only approver is themselves', () => {
    const of = (subjects: object, approval: object, more: Document = bosses) =>
      found('approvers_only_self', [{ ...asks({ approvers: ['bosses'], ...approval })[0], subjects }], { people }, more)
    expect(of({ users: ['Ann'] }, {})).toEqual(['a'])
    expect(of({ users: ['bob', 'ann'] }, {})).toEqual(['a'])
    expect(of({ users: ['bob'] }, {})).toEqual([])
    expect(of({ users: ['*'] }, {})).toEqual([])
    expect(of({ agents: ['ci'] }, {})).toEqual([])
    expect(of({ users: ['ann'] }, { allowSelf: true })).toEqual([])
    const two = { groups: { bosses: { users: ['ann', 'eve'] } } }
    expect(of({ users: ['ann'] }, {}, two)).toEqual([])
    expect(of({ users: ['ann'] }, { quorum: 2 }, two)).toEqual(['a'])
    expect(of({ users: ['ann'] }, { quorum: 3 }, two)).toEqual([])
    expect(
      lint([{ ...asks({ approvers: ['bosses'] })[0], subjects: { users: ['ann'] } }], { people }, bosses)[0],
    ).toEqual({
      code: 'approvers_only_self',
      severity: 'error',
      rule: 'a',
      origin: undefined,
      path: '/rules/0/obligations/approval',
      message:
        'Rule "a" asks for 1 of bosses to approve, and calls for ann cannot be: nobody approves their own, and too few others are in there.',
      fix: 'Add people to the group, name another one, or say `"allowSelf": true`.',
    })
  })

  it('finds budgets of users where there may be none', () => {
    const limit = { obligations: { quota: { limit: 1, window: 'day', per: ['user'] } } }
    expect(found('limit_shared', [on('a', ['post_message'], limit)])).toEqual(['a'])
    expect(found('limit_shared', [on('a', ['post_message'], { ...limit, subjects: { users: ['*'] } })])).toEqual([])
    const claims = [{ path: '/boss', equals: true }]
    expect(found('limit_shared', [on('a', ['post_message'], { ...limit, subjects: { claims } })])).toEqual([])
    const rate = { obligations: { rateLimit: { limit: 1, window: '1h', per: ['agent'] } } }
    expect(found('limit_shared', [on('a', ['post_message'], rate)])).toEqual([])
  })
})

describe('lint', () => {
  it('has nothing grave to say of the policy of the office', () => {
    const findings = lintPolicy(compile(OFFICE as Document), { at: NOON })
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([])
  })

  it('puts errors first, and says in which document the rule stands', () => {
    const parse = (rules: readonly unknown[]) => policyDocumentSchema.parse({ rules })
    const { document, origins } = mergeDocuments(
      parse([on('declared', ['delete_message'])]),
      parse([
        on('x', ['add_comment']),
        on('asks', ['post_message'], { obligations: { approval: { approvers: ['machines'] } } }),
      ]),
    )
    const { policy } = compilePolicy(document, WORLD, { origins })
    const findings = lintPolicy(policy, { people: [] })
    expect(findings[0]).toMatchObject({
      code: 'approvers_empty',
      severity: 'error',
      rule: 'asks',
      origin: 'managed',
      path: '/rules/1/obligations/approval',
    })
    const order = findings.map(({ severity }) => ['error', 'warning', 'info'].indexOf(severity))
    expect(order).toEqual(order.toSorted((a, b) => a - b))
  })
})
