import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/kernel/json.ts'
import OFFICE from '../../fixtures/policies/office.json' with { type: 'json' }
import { runPolicyTests } from '../../../src/policy/policy-tests.ts'
import { call, compile, NOON, principalOf } from './office.ts'

const mail = (more: JsonObject): JsonObject => ({ to: ['bob@corp.com'], subject: 's', body: 'b', ...more })
/** The office's policy: five ways in, four fences, and the examples that must stay true. */
const policyHere = () => compile(OFFICE as Parameters<typeof compile>[0])

describe("an office's policy", () => {
  it('keeps all of its own examples', () => {
    const report = runPolicyTests(policyHere(), { at: NOON })
    expect(report.results.filter((result) => !result.passed)).toEqual([])
    expect(report).toMatchObject({ passed: 23, failed: 0 })
  })

  it('hands the budget of posts to who counts them: thirty an hour for each agent', () => {
    const contractor = principalOf('helper', { claims: { employment_type: 'contractor' } })
    const decision = call(policyHere(), {
      as: contractor,
      tool: 'slack:post_message',
      args: { channel: 'c', text: 'hi' },
    })
    expect(decision).toMatchObject({
      effect: 'allow',
      rule: 'contractors-slack',
      obligations: [
        { kind: 'rateLimit', rule: 'slack-post-budget', limit: 30, windowMs: 3_600_000, per: ['agent'], burst: 30 },
      ],
    })
  })

  it('names the rule, the argument and the remedy when it refuses', () => {
    const decision = call(policyHere(), { args: mail({ to: ['bob@corp.com', 'eve@evil.test'] }) })
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
