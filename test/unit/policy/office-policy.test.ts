import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { runPolicyTests } from '../../../src/policy/policy-tests.ts'
import { call, compile, NOON, principalOf } from './office.ts'

const mail = (more: JsonObject): JsonObject => ({ to: ['bob@corp.com'], subject: 's', body: 'b', ...more })
const send = (name: string, args: JsonObject) => ({
  name,
  as: { agent: 'sidekick' },
  call: { tool: 'conn:gmail:send_message', args },
  expect: 'deny' as const,
  rule: 'sidekick-gmail-send',
})
const comment = (name: string, issueIdOrKey: string, expect: 'allow' | 'deny') => ({
  name,
  as: { agent: 'ci' },
  call: { tool: 'conn:jira:add_comment', args: { issueIdOrKey, body: 'x' } },
  expect,
})
const post = (name: string, at: string, expect: 'allow' | 'deny') => ({
  name,
  as: { agent: 'helper', claims: { employment_type: 'contractor' } },
  at,
  call: { tool: 'conn:slack:post_message', args: { channel: 'c', text: 'hi' } },
  expect,
})

/** The office's policy: five ways in, four fences, and the examples that must stay true. */
const POLICY = compile({
  version: 1,
  timezone: 'Europe/Berlin',
  groups: {
    contractors: { claims: [{ path: '/employment_type', equals: 'contractor' }] },
    managers: { claims: [{ path: '/groups', contains: 'eng-managers' }] },
  },
  rules: [
    {
      id: 'sidekick-gmail-read',
      effect: 'allow',
      subjects: { agents: ['sidekick'] },
      tools: { providers: ['gmail'], effects: ['read'] },
      obligations: { redact: [{ preset: 'secrets' }], log: 'hash' },
    },
    {
      id: 'sidekick-gmail-draft',
      effect: 'allow',
      subjects: { agents: ['sidekick'] },
      tools: { providers: ['gmail'], names: ['create_draft', 'update_draft'] },
    },
    {
      id: 'sidekick-gmail-send',
      effect: 'allow',
      description: 'send_draft is not listed on purpose: its recipients are not in the arguments',
      subjects: { agents: ['sidekick'] },
      tools: { providers: ['gmail'], names: ['send_message'] },
      args: {
        '/to': { emailDomains: ['corp.com'], maxItems: 20 },
        '/cc': { emailDomains: ['corp.com'], optional: true },
        '/bcc': { absent: true },
        '/subject': { maxLength: 250 },
        '/body': { maxLength: 50_000 },
      },
      closedArgs: true,
      obligations: {
        approval: { approvers: ['managers'], quorum: 1, allowSelf: false, ttl: '15m', channels: ['console'] },
        log: 'args',
      },
    },
    {
      id: 'ci-jira-comment',
      effect: 'allow',
      subjects: { agents: ['ci'] },
      tools: { providers: ['jira'], names: ['add_comment'] },
      closedArgs: true,
      args: { '/issueIdOrKey': { pattern: '^OPS-[1-9][0-9]{0,6}$' }, '/body': { maxLength: 8000 } },
    },
    {
      id: 'contractors-slack',
      effect: 'allow',
      subjects: { groups: ['contractors'] },
      tools: { providers: ['slack'], effects: ['read', 'write'] },
    },
    { id: 'nobody-deletes', effect: 'deny', tools: { effects: ['destructive'] } },
    { id: 'unclassified-blocked', effect: 'deny', tools: { effects: ['unclassified'] } },
    {
      id: 'contractor-hours',
      effect: 'require',
      subjects: { groups: ['contractors'] },
      when: { days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '09:00', to: '17:00' },
    },
    {
      id: 'slack-post-budget',
      effect: 'require',
      tools: { providers: ['slack'], names: ['post_message'] },
      obligations: { rateLimit: { limit: 30, window: '1h', per: ['agent'] } },
    },
  ],
  tests: [
    { ...send('mail inside waits for a manager', mail({ cc: ['ann@corp.com'] })), expect: 'approval' },
    send('one recipient outside', mail({ to: ['bob@corp.com', 'eve@evil.test'] })),
    send('two addresses in one text', mail({ to: ['bob@corp.com, eve@evil.test'] })),
    send('a display name that looks like an address', mail({ to: ['"bob@corp.com" <eve@evil.test>'] })),
    send('our domain as a part of theirs', mail({ to: ['bob@corp.com.evil.test'] })),
    send('a header smuggled in', mail({ to: ['bob@corp.com\r\nBcc: eve@evil.test'] })),
    send('a blind copy', mail({ bcc: ['eve@evil.test'] })),
    send('an argument that nobody named', mail({ threadId: 't' })),
    send('nobody to send to', mail({ to: [] })),
    send('no recipients at all', { subject: 's', body: 'b' }),
    {
      name: 'a draft that cannot be looked into',
      as: { agent: 'sidekick' },
      call: { tool: 'conn:gmail:send_draft', args: { id: 'r1' } },
      expect: 'deny',
    },
    {
      name: 'reading mail',
      as: { agent: 'sidekick' },
      call: { tool: 'conn:gmail:search_messages', args: { query: 'x' } },
      expect: 'allow',
      rule: 'sidekick-gmail-read',
    },
    {
      name: 'deleting mail',
      as: { agent: 'sidekick' },
      call: { tool: 'conn:gmail:delete_message', args: { id: '1' } },
      expect: 'deny',
      rule: 'nobody-deletes',
    },
    comment('a comment in the project', 'OPS-12', 'allow'),
    comment('the numeric id of an issue elsewhere', '10012', 'deny'),
    comment('a line break after the key', 'OPS-12\n', 'deny'),
    { name: 'what ci sees', as: { agent: 'ci' }, list: { exactly: ['conn:jira:add_comment'] } },
    {
      name: 'what sidekick sees',
      as: { agent: 'sidekick' },
      list: { includes: ['conn:gmail:send_message'], excludes: ['conn:gmail:delete_message', 'conn:gmail:send_draft'] },
    },
    post('a contractor at 9:00', '2026-11-20T09:00:00+01:00', 'allow'),
    { ...post('a contractor at 17:00', '2026-11-20T17:00:00+01:00', 'deny'), rule: 'contractor-hours' },
    { ...post('a contractor on Saturday', '2026-11-21T12:00:00+01:00', 'deny'), rule: 'contractor-hours' },
    {
      name: 'nobody knows what the workflow does',
      as: { agent: 'helper', claims: { employment_type: 'contractor' } },
      call: { tool: 'conn:slack:run_workflow', args: { id: '1' } },
      expect: 'deny',
      rule: 'unclassified-blocked',
    },
  ],
})

describe("an office's policy", () => {
  it('keeps all of its own examples', () => {
    const report = runPolicyTests(POLICY, { at: NOON })
    expect(report.results.filter((result) => !result.passed)).toEqual([])
    expect(report).toMatchObject({ passed: 22, failed: 0 })
  })

  it('hands the budget of posts to who counts them: thirty an hour for each agent', () => {
    const contractor = principalOf('helper', { claims: { employment_type: 'contractor' } })
    const decision = call(POLICY, { as: contractor, tool: 'slack:post_message', args: { channel: 'c', text: 'hi' } })
    expect(decision).toMatchObject({
      effect: 'allow',
      rule: 'contractors-slack',
      obligations: [
        { kind: 'rateLimit', rule: 'slack-post-budget', limit: 30, windowMs: 3_600_000, per: ['agent'], burst: 30 },
      ],
    })
  })

  it('names the rule, the argument and the remedy when it refuses', () => {
    const decision = call(POLICY, { args: mail({ to: ['bob@corp.com', 'eve@evil.test'] }) })
    expect(decision).toMatchObject({ effect: 'deny', rule: 'sidekick-gmail-send' })
    expect(decision).toHaveProperty(
      'reason',
      'Rule "sidekick-gmail-send" does not allow this call of conn:gmail:send_message: ' +
        '/to/1 must be an email address at corp.com. Change that and call again, or ask an admin.',
    )
    expect(decision.trace).toEqual([
      {
        rule: 'sidekick-gmail-send',
        effect: 'allow',
        matched: false,
        note: '/to/1 must be an email address at corp.com',
      },
    ])
  })
})
