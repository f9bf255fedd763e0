import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { Question } from '../../src/kernel/policy.ts'
import type { CompiledPolicy } from '../../src/policy/compile.ts'
import { decide } from '../../src/policy/decide.ts'
import { explain } from '../../src/policy/explain.ts'
import { viewOf } from '../../src/policy/view.ts'
import { compiled, questions, rule, rules, toDocument } from './policy-arbitraries.ts'
import { referenceDecision } from './policy-reference.ts'

const isAllowed = (policy: CompiledPolicy, asked: Question): boolean => decide(policy, asked).effect === 'allow'
const RUNS = { numRuns: 100 }

describe('decide, whatever the policy', () => {
  it('agrees with a plain reading of the document', () => {
    let allowed = 0
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const document = toDocument(list)
        const policy = compiled(document)
        for (const one of asked) {
          expect(isAllowed(policy, one)).toBe(referenceDecision(document, one))
          if (isAllowed(policy, one)) allowed++
        }
      }),
      { numRuns: 400 },
    )
    expect(allowed).toBeGreaterThan(100)
  })

  it('does not depend on the order of the rules', () => {
    const shuffled = rules.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray([...list.keys()], { minLength: list.length })),
    )
    fc.assert(
      fc.property(shuffled, questions, ([list, order], asked) => {
        const document = toDocument(list)
        const policy = compiled(document)
        const reordered = order.map((index) => document.rules[index]).filter((one) => one !== undefined)
        const other = compiled({ ...document, rules: reordered })
        for (const one of asked) expect(decide(other, one)).toEqual(decide(policy, one))
      }),
      RUNS,
    )
  })

  it('never opens when a deny or a require is added, for seeing and for calling', () => {
    const closing = rule.filter(({ effect }) => effect !== 'allow')
    fc.assert(
      fc.property(rules, closing, questions, (list, added, asked) => {
        const before = compiled(toDocument(list))
        const after = compiled(toDocument([...list, added]))
        for (const one of asked) if (isAllowed(after, one)) expect(isAllowed(before, one)).toBe(true)
      }),
      RUNS,
    )
  })

  it('lets nobody call what it does not let them see, and lists exactly what it lets them see', () => {
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const policy = compiled(toDocument(list))
        for (const one of asked) {
          const seen = isAllowed(policy, { ...one, verb: 'see' })
          expect(viewOf(policy, one.principal).features.includes(one.tool)).toBe(seen)
          if (isAllowed(policy, { ...one, verb: 'invoke' })) expect(seen).toBe(true)
        }
      }),
      RUNS,
    )
  })

  it('gives principals the same view exactly when the same rules are about them, however often a group is named', () => {
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const policy = compiled(toDocument(list))
        for (const one of asked) {
          const { principal } = one
          const twice = { ...principal, groups: [...principal.groups, ...principal.groups].toReversed() }
          expect(decide(policy, { ...one, principal: twice })).toEqual(decide(policy, one))
          expect(viewOf(policy, twice)).toBe(viewOf(policy, principal))
        }
      }),
      RUNS,
    )
  })

  it('allows nothing by a rule whose conditions fail with an exception', () => {
    const hostile: JsonObject = new Proxy(
      {},
      {
        getOwnPropertyDescriptor: () => {
          throw new Error('no')
        },
        ownKeys: () => {
          throw new Error('no')
        },
        get: () => {
          throw new Error('no')
        },
      },
    )
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const conditional = list.map((one) => ({ ...one, args: one.args ?? { '/x': { in: ['p'] } } }))
        const policy = compiled(toDocument(conditional))
        for (const one of asked) expect(isAllowed(policy, { ...one, verb: 'invoke', input: hostile })).toBe(false)
      }),
      RUNS,
    )
  })

  it('gives the same answer when it explains', () => {
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const policy = compiled(toDocument(list))
        for (const one of asked) {
          const explanation = explain(policy, one)
          expect(explanation.decision).toEqual(decide(policy, one))
          expect(explanation.rules.map((entry) => entry.rule)).toEqual(policy.rules.map(({ id }) => id))
          if (one.tool.quarantined) continue
          const silent = explanation.rules.filter((entry) => !entry.selected).map((entry) => entry.note)
          expect(silent).not.toContain('the question was answered before the rule was asked')
        }
      }),
      RUNS,
    )
  })

  it('names its rule and its reason whenever a rule decided', () => {
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const policy = compiled(toDocument(list))
        for (const one of asked) {
          const decision = decide(policy, one)
          if (decision.effect === 'deny' && decision.rule !== undefined) {
            expect(decision.reason).toContain(`"${decision.rule}"`)
            expect(decision.trace.map((entry) => entry.rule)).toContain(decision.rule)
          }
          if (decision.effect === 'allow')
            expect(decision.trace.some((entry) => entry.rule === decision.rule && entry.matched)).toBe(true)
        }
      }),
      RUNS,
    )
  })
})
