import { describe, expect, it } from 'vitest'
import { lintPolicy, type LintFacts } from '../../../src/policy/lint/lint-policy.ts'
import type { FindingCode } from '../../../src/policy/lint/finding.ts'
import { compile, NOON, TOOLS, toolOf } from './office.ts'

type World = Parameters<typeof compile>[1]

const no = { effect: 'deny' }
const on = (id: string, names: readonly string[], more: object = {}) => ({
  id,
  effect: 'allow',
  tools: { names },
  ...more,
})
const people = [{ user: 'ann', groups: ['bosses'] }]
const bosses = { groups: { bosses: {}, others: {} } }
const asks = (approval: object) => on('asks', ['post_message'], { obligations: { approval } })
const forCi = { subjects: { agents: ['ci'] } }

/** What lint says of one kind, in full. */
const said = (code: FindingCode, document: Parameters<typeof compile>[0], facts: LintFacts = {}, world: World = {}) =>
  lintPolicy(compile(document, world), facts)
    .filter((finding) => finding.code === code)
    .map((finding) => ({ ...finding, code: undefined }))
/** The kinds of all findings. */
const codes = (document: Parameters<typeof compile>[0], facts: LintFacts = {}, world: World = {}) =>
  lintPolicy(compile(document, world), facts).map(({ code }) => code)

describe('a finding says what, where, how grave it is, and what to do', () => {
  it('of rules that select nothing, decide nothing or change nothing', () => {
    const idle = { id: 'idle', effect: 'allow', tools: { connections: ['jira'], effects: ['destructive'] } }
    expect(
      said('selects_no_tool', { rules: [on('a', ['ping']), idle] }, {}, { tools: [toolOf('slack', 'ping')] }),
    ).toEqual([
      {
        severity: 'warning',
        rule: 'idle',
        path: '/rules/1/tools',
        message: 'Rule "idle" selects no tool of the catalog, so that it does nothing.',
        fix: 'Widen its `tools`, or remove the rule.',
      },
    ])
    expect(said('never_decides', { rules: [on('a', ['add_comment']), on('b', ['add_comment'], no)] })).toEqual([
      {
        severity: 'warning',
        rule: 'a',
        path: '/rules/0',
        message: 'Rule "a" never decides: rules that deny without conditions are about everything that it selects.',
        fix: 'Take its tools out of the deny rules with `except`, or remove the rule.',
      },
    ])
    expect(said('redundant', { rules: [{ id: 'all', effect: 'allow' }, on('one', ['add_comment'])] })).toEqual([
      {
        severity: 'info',
        rule: 'one',
        path: '/rules/1',
        message: 'Rule "one" changes nothing: others allow all of it without conditions.',
        fix: 'Remove the rule, or narrow the others.',
      },
    ])
  })

  it('of tools that nobody can reach', () => {
    const tools = ['a', 'b', 'c'].map((name) => toolOf('slack', name))
    expect(said('tool_unreachable', {}, {}, { tools })).toEqual([
      {
        severity: 'info',
        path: '',
        message: 'Nobody can reach 3 tools (conn:slack:a, conn:slack:b, conn:slack:c) of connection "slack".',
        fix: 'Allow them to somebody, or leave them closed on purpose.',
        tools: ['conn:slack:a', 'conn:slack:b', 'conn:slack:c'],
      },
    ])
    const many = Array.from({ length: 60 }, (_, index) => toolOf('slack', `t${index}`))
    const [finding] = said('tool_unreachable', {}, {}, { tools: many })
    expect(finding?.tools).toHaveLength(50)
    expect(finding?.message).toContain('60 tools (conn:slack:t0, conn:slack:t1, conn:slack:t2 and 57 more)')
  })

  it('of times', () => {
    const when = { notBefore: '2026-11-20T00:00:00Z', notAfter: '2026-11-20T10:00:00Z' }
    expect(said('rule_expired', { rules: [on('a', ['add_comment'], { when })] }, { at: NOON })).toEqual([
      {
        severity: 'info',
        rule: 'a',
        path: '/rules/0/when/notAfter',
        message: 'Rule "a" holds no more since 2026-11-20T10:00:00.000Z.',
        fix: 'Remove the rule.',
      },
    ])
    expect(said('window_empty', { rules: [on('a', ['add_comment'], { when: { ...when, days: ['sat'] } })] })).toEqual([
      {
        severity: 'warning',
        rule: 'a',
        path: '/rules/0/when',
        message: 'Rule "a" never holds: its days and hours do not come between notBefore and notAfter.',
        fix: 'Fix the times, or remove the rule.',
      },
    ])
  })

  it('of arguments', () => {
    const args = { '/text': { maxLength: 5 } }
    expect(said('argument_missing', { rules: [on('a', ['post_message', 'add_comment'], { args })] })).toEqual([
      {
        severity: 'warning',
        rule: 'a',
        path: '/rules/0/args/~1text',
        message:
          'Rule "a" asks for /text, which there is not in the tool conn:jira:add_comment: no call of them can satisfy it.',
        fix: 'Select only tools that have the argument, or give the others a rule of their own.',
        tools: ['conn:jira:add_comment'],
      },
    ])
    expect(said('argument_optional', { rules: [on('a', ['post_message'], { args })] })).toEqual([
      {
        severity: 'info',
        rule: 'a',
        path: '/rules/0/args/~1text',
        message:
          'Rule "a" asks for /text, which may be left out in the tool conn:slack:post_message: such calls fail it.',
        fix: 'Add `"optional": true` if they need not.',
        tools: ['conn:slack:post_message'],
      },
    ])
    expect(said('send_without_limits', { rules: [on('a', ['send_message', 'send_draft'])] })).toEqual([
      {
        severity: 'warning',
        rule: 'a',
        path: '/rules/0',
        message:
          'Rule "a" lets 2 tools (conn:gmail:send_message, conn:gmail:send_draft) send anything to anyone outside of the organisation.',
        fix: 'Name the recipients or hosts in `args`, add `closedArgs`, or ask for approval.',
        tools: ['conn:gmail:send_message', 'conn:gmail:send_draft'],
      },
    ])
  })

  it('of approvals and limits', () => {
    const path = '/rules/0/obligations/approval'
    const fix = 'Add people to the group, name another one, or lower the quorum.'
    const rules = [asks({ approvers: ['bosses', 'others'], quorum: 3 })]
    expect(said('approvers_empty', { ...bosses, rules }, { people: [] })).toEqual([
      {
        severity: 'error',
        rule: 'asks',
        path,
        message: 'Rule "asks" asks for 3 of bosses, others to approve, and nobody is in there.',
        fix,
      },
    ])
    const two = { groups: { bosses: { users: ['eve'] }, others: {} }, rules }
    expect(said('quorum_unreachable', two, { people })).toEqual([
      {
        severity: 'error',
        rule: 'asks',
        path,
        message: 'Rule "asks" asks for 3 of bosses, others to approve, and only eve, ann is in there.',
        fix,
      },
    ])
    const own = [{ ...asks({ approvers: ['bosses', 'others'], quorum: 2 }), subjects: { users: ['ann', 'eve'] } }]
    expect(said('approvers_only_self', { ...two, rules: own }, { people })).toMatchObject([
      {
        message: expect.stringContaining('2 of bosses, others to approve, and calls for ann, eve cannot be') as string,
      },
    ])
    const limited = on('a', ['post_message'], { obligations: { quota: { limit: 1, window: 'day', per: ['user'] } } })
    expect(said('limit_shared', { rules: [limited] })).toEqual([
      {
        severity: 'info',
        rule: 'a',
        path: '/rules/0/obligations/quota/per',
        message: 'Rule "a" counts by user; agents that act for no user share one budget.',
        fix: 'Add `agent` to `per`, or select only callers with a user.',
      },
    ])
  })

  it('of agents', () => {
    const reads = ['search_issues', 'fetch', 'send_message']
    const names = [...reads, 'delete_message', 'run_workflow']
    const tools = [...TOOLS, toolOf('slack', 'fetch', { effect: 'read', external: true })]
    const found = (code: FindingCode) => said(code, { rules: [on('a', names, forCi)] }, {}, { tools })
    expect(found('agent_destructive')).toEqual([
      {
        severity: 'warning',
        agent: 'ci',
        path: '',
        message: 'Agent "ci" can reach the tool conn:gmail:delete_message that destroy, or are of critical risk.',
        fix: 'Deny them, or ask for approval, unless the agent is there for it.',
        tools: ['conn:gmail:delete_message'],
      },
    ])
    expect(found('unclassified_reachable')).toEqual([
      {
        severity: 'warning',
        agent: 'ci',
        path: '',
        message:
          'Agent "ci" can reach the tool conn:slack:run_workflow of which nobody has said what calling them does.',
        fix: 'Classify them under `connections.<slug>.tools`, or deny `"effects": ["unclassified"]`.',
        tools: ['conn:slack:run_workflow'],
      },
    ])
    expect(found('toxic_flow')).toEqual([
      {
        severity: 'warning',
        agent: 'ci',
        path: '',
        message:
          'Agent "ci" reads private data with the tool conn:jira:search_issues, content of strangers with the tool conn:slack:fetch, and sends outside with the tool conn:gmail:send_message.',
        fix: 'Add a require rule with `run: {"seen": ["untrusted"]}` and an approval on the tools that send, and label what strangers write.',
        tools: ['conn:gmail:send_message'],
      },
    ])
  })
})

describe('lint says one thing once', () => {
  const tools = [toolOf('slack', 'a'), toolOf('slack', 'b')]

  it('of rules that select nothing, which are not called superfluous too', () => {
    const idle = { id: 'idle', tools: { connections: ['slack'], effects: ['destructive'] } }
    const open = { id: 'open', effect: 'allow' }
    expect(codes({ rules: [open, { ...idle, effect: 'allow' }] }, {}, { tools, agents: [] })).toEqual([
      'selects_no_tool',
    ])
    expect(codes({ rules: [open, { ...idle, effect: 'deny' }] }, {}, { tools, agents: [] })).toEqual([
      'selects_no_tool',
    ])
  })

  it('of rules that cover each other: the narrow ones go, the wide one stays', () => {
    const rules = [on('one', ['a']), on('two', ['b']), on('wide', ['a', 'b'])]
    expect(said('redundant', { rules }, {}, { tools }).map(({ rule }) => rule)).toEqual(['two', 'one'])
    const when = { days: ['mon'] }
    const all = { id: 'all', effect: 'allow' }
    expect(
      said('redundant', { rules: [all, on('x', ['a'], { when }), on('y', ['a'], { when })] }, {}, { tools }).length,
    ).toBe(2)
  })

  it('of rules with duties only where these are the same', () => {
    const log = (id: string, level: string) => on(id, ['a'], { obligations: { log: level } })
    expect(said('redundant', { rules: [log('x', 'hash'), log('y', 'full')] }, {}, { tools })).toEqual([])
    expect(said('redundant', { rules: [log('x', 'hash'), log('y', 'hash')] }, {}, { tools })).toHaveLength(1)
    const require = { effect: 'require' }
    const twice = [log('x', 'hash'), log('y', 'hash')].map((rule) => ({ ...rule, ...require }))
    expect(said('redundant', { rules: twice }, {}, { tools })).toEqual([])
  })

  it('of tools that only a require rule names', () => {
    const rules = [on('r', ['a'], { effect: 'require', obligations: { log: 'hash' } }), on('open', ['b'])]
    expect(said('tool_unreachable', { rules }, {}, { tools }).map((finding) => finding.tools)).toEqual([
      ['conn:slack:a'],
    ])
  })
})
