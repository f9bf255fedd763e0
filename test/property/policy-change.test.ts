import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Question } from '../../src/kernel/policy.ts'
import type { CompiledPolicy } from '../../src/policy/compile.ts'
import { decide } from '../../src/policy/decide.ts'
import { lintPolicy } from '../../src/policy/lint/lint-policy.ts'
import { outcomeOf } from '../../src/policy/outcome.ts'
import { planAccess, type AccessChange } from '../../src/policy/plan/plan-access.ts'
import { project } from '../../src/policy/replay/projection.ts'
import { projectionPaths } from '../../src/policy/replay/projection-paths.ts'
import type { RecordedCall } from '../../src/policy/replay/recorded-call.ts'
import { replay } from '../../src/policy/replay/replay.ts'
import { viewOf } from '../../src/policy/view.ts'
import { compiled, questions, rule, rules, toDocument, type Draft } from './policy-arbitraries.ts'

const RUNS = { numRuns: 150 }
const policyOf = (list: readonly Draft[]): CompiledPolicy => compiled(toDocument(list))
const MORE = { deny: 0, approval: 1, allow: 2 }
const kindOf = (policy: CompiledPolicy, question: Question) =>
  outcomeOf(decide(policy, { ...question, verb: 'invoke' })).kind

/** Two policies that have much in common, each of them generous half of the time. */
const change = fc
  .tuple(rules, rules, fc.integer({ min: 0, max: 8 }), fc.boolean(), fc.boolean())
  .map(([first, second, kept, wasOpen, isOpen]) => ({
    before: policyOf([...first, ...open(wasOpen)]),
    after: policyOf([...first.slice(0, kept), ...second.slice(0, 3), ...open(isOpen)]),
  }))
const open = (isOpen: boolean): readonly Draft[] => (isOpen ? [{ effect: 'allow' }] : [])

describe('rules in shadow mode, whatever the policy', () => {
  it('change no effect, rule, reason, obligation, trace or view', () => {
    let watched = 0
    fc.assert(
      fc.property(rules, fc.array(rule, { minLength: 1, maxLength: 3 }), questions, (list, added, asked) => {
        const bare = policyOf(list)
        const shadowed = policyOf([...list, ...added.map((one) => ({ ...one, mode: 'shadow' }))])
        for (const one of asked) {
          const { shadow, ...decision } = decide(shadowed, one)
          expect(decision).toEqual(decide(bare, one))
          expect(viewOf(shadowed, one.principal).features).toEqual(viewOf(bare, one.principal).features)
          watched += shadow?.length ?? 0
        }
      }),
      RUNS,
    )
    expect(watched).toBeGreaterThan(5)
  })

  it('tell what enforcing the rule would have changed, and nothing else', () => {
    fc.assert(
      fc.property(rules, rule, questions, (list, added, asked) => {
        const watching = policyOf([...list, { ...added, mode: 'shadow' }])
        const enforcing = policyOf([...list, added])
        for (const one of asked) {
          const [seen, real] = [decide(watching, one), decide(enforcing, one)]
          const would = seen.shadow?.[0]?.would
          if (seen.effect !== real.effect) expect(would).toBe(real.effect)
          else expect(would === undefined || would === 'obligations').toBe(true)
        }
      }),
      RUNS,
    )
  })
})

describe('a plan, whatever the policies', () => {
  it('marks everything that is allowed anew as widening, and knows every tool that comes or goes', () => {
    let widened = 0
    fc.assert(
      fc.property(change, questions, ({ before, after }, asked) => {
        const principals = asked.map(({ principal }, index) => ({ ...principal, id: `${index}` }))
        const plan = planAccess(before, after, { principals })
        const find = (list: readonly AccessChange[], index: number, tool: string) =>
          list.find((one) => one.principal === `${index}` && one.tool === tool)
        const all = [
          plan.gained,
          plan.lost,
          plan.approvalChanged,
          plan.conditionsChanged,
          plan.obligationsChanged,
        ].flat()
        for (const [index, question] of asked.entries()) {
          const { tool, principal } = question
          const saw = viewOf(before, principal).features.includes(tool)
          const sees = viewOf(after, principal).features.includes(tool)
          expect(find(plan.gained, index, tool.id) !== undefined).toBe(!saw && sees)
          expect(find(plan.lost, index, tool.id) !== undefined).toBe(saw && !sees)
          const [was, is] = [kindOf(before, question), kindOf(after, question)]
          if (was !== is) expect(find(all, index, tool.id)).toBeDefined()
          if (MORE[is] <= MORE[was]) continue
          widened++
          expect(find(all, index, tool.id)?.widening).toBe(true)
        }
        expect(plan.totals.gained).toBe(plan.gained.length)
      }),
      RUNS,
    )
    expect(widened).toBeGreaterThan(20)
  })

  it('is empty for the same policy in another order', () => {
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const principals = asked.map(({ principal }) => principal)
        const plan = planAccess(policyOf(list), policyOf(list.toReversed()), { principals })
        expect(plan.totals).toMatchObject({
          gained: 0,
          lost: 0,
          approvalChanged: 0,
          conditionsChanged: 0,
          obligationsChanged: 0,
        })
      }),
      RUNS,
    )
  })
})

describe('a replay, whatever the policies', () => {
  const record = ({ principal, tool, input = {}, at, labels }: Question, recorded: CompiledPolicy): RecordedCall => ({
    at,
    agent: principal.agent,
    ...(principal.user === undefined ? {} : { user: principal.user }),
    groups: principal.groups,
    claims: principal.claims,
    tool: tool.id,
    projection: project(input, projectionPaths(recorded, tool)),
    ...(labels && { labels: [...labels] }),
  })
  it('comes to what deciding comes to, or says that it cannot be told', async () => {
    let told = 0
    await fc.assert(
      fc.asyncProperty(rules, rules, questions, async (first, second, asked) => {
        const [before, after] = [policyOf(first), policyOf(second)]
        for (const one of asked.filter(({ tool }) => !tool.quarantined)) {
          const { labels = new Set<string>(), ...rest } = one
          const question = { ...rest, labels }
          const report = await replay(before, after, [record(question, before)])
          if (report.indeterminate === 1) continue
          told++
          expect(report.changed).toBe(kindOf(before, question) === kindOf(after, question) ? 0 : 1)
        }
      }),
      RUNS,
    )
    expect(told).toBeGreaterThan(500)
  })

  it('can tell everything about the policy for which the calls were recorded', async () => {
    await fc.assert(
      fc.asyncProperty(rules, questions, async (list, asked) => {
        const policy = policyOf(list)
        const calls = asked.map(({ labels = new Set<string>(), ...one }) => record({ ...one, labels }, policy))
        expect(await replay(policy, policy, calls)).toMatchObject({ changed: 0, indeterminate: 0, total: calls.length })
      }),
      RUNS,
    )
  })
})

describe('lint, whatever the policy', () => {
  it('never throws, and calls no rule superfluous that makes a difference', () => {
    let superfluous = 0
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const document = toDocument(list)
        const policy = compiled(document)
        const findings = lintPolicy(policy, { at: Date.UTC(2026, 10, 20), people: [{ user: 'u1', groups: ['plain'] }] })
        const idle = ['redundant', 'never_decides', 'selects_no_tool']
        const removable = new Set(findings.filter(({ code }) => idle.includes(code)).map(({ rule: id }) => id))
        superfluous += removable.size
        const rest = compiled({ ...document, rules: document.rules.filter(({ id }) => !removable.has(id)) })
        for (const one of asked) expect(decide(rest, one).effect).toBe(decide(policy, one).effect)
      }),
      RUNS,
    )
    expect(superfluous).toBeGreaterThan(20)
  })
})
