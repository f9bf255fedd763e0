import type { Question } from '../kernel/policy.ts'
import type { Principal } from '../kernel/principal.ts'
import { principalFor } from './caller.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { decide } from './decide.ts'
import { meter } from './meter.ts'
import { suggest } from './near-name.ts'
import { type Outcome, outcomeOf, subjectOf } from './outcome.ts'
import type { PolicyTest } from './test-schema.ts'
import { viewOf } from './view.ts'

export interface PolicyTestResult {
  readonly name: string
  readonly passed: boolean
  /** In words of the document: `deny by rule "x"`, or the tools that must and must not be seen. */
  readonly expected: string
  /** What came out; `nothing` when the test speaks of something that there is not. */
  readonly got: string
  /** The rule that decided; absent when none did, and for lists. */
  readonly rule?: string
  /** What came out instead of what was expected; absent when the test passed. */
  readonly message?: string
}

export interface PolicyTestReport {
  readonly passed: number
  readonly failed: number
  readonly results: readonly PolicyTestResult[]
}

/**
 * Runs the examples of a policy's own document. `at` (milliseconds) is the time of tests that do not say one. A call is
 * made on its own: every test begins with empty limits, and with a run that has seen only what the test says.
 */
export function runPolicyTests(policy: CompiledPolicy, { at }: { readonly at: number }): PolicyTestReport {
  const results = (policy.document.tests ?? []).map((test) => ({
    name: test.name,
    expected: expectationOf(test),
    ...run(policy, test, at),
  }))
  const passed = results.filter((result) => result.passed).length
  return { passed, failed: results.length - passed, results }
}

type Verdict = Omit<PolicyTestResult, 'name' | 'expected'>

const wrong = (got: string, message: string, rule?: string): Verdict => ({
  passed: false,
  got,
  message,
  ...(rule === undefined ? {} : { rule }),
})
const absent = (message: string): Verdict => wrong('nothing', message)

function expectationOf({ expect = 'deny', rule, list }: PolicyTest): string {
  if (!list) return rule === undefined ? expect : `${expect} by rule "${rule}"`
  return Object.entries(list)
    .map(([how, ids = []]) => `${how} ${ids.join(', ') || 'nothing'}`)
    .join('; ')
}

function run(policy: CompiledPolicy, test: PolicyTest, now: number): Verdict {
  const principal = toPrincipal(policy, test)
  if (!principal) {
    return absent(
      `There is no agent "${test.as.agent}".${suggest(test.as.agent, policy.agents.keys())} Fix \`as.agent\`.`,
    )
  }
  if (test.list) return checkList(policy, principal, test.list)
  return checkCall(policy, principal, test, test.at === undefined ? now : Date.parse(test.at))
}

function toPrincipal(
  policy: CompiledPolicy,
  { as: { user, groups = [], claims, ...caller } }: PolicyTest,
): Principal | undefined {
  const agent = policy.agents.get(caller.agent)
  return agent && principalFor({ agent: agent.id, user, groups: [...agent.groups, ...groups], claims })
}

function checkCall(policy: CompiledPolicy, principal: Principal, test: PolicyTest, at: number): Verdict {
  const { call, expect, rule, times = 1 } = test
  const tool = policy.index.tools.find(({ id }) => id === call?.tool)
  if (!tool) {
    const ids = policy.index.tools.map(({ id }) => id)
    return absent(`There is no tool "${call?.tool ?? ''}".${suggest(call?.tool ?? '', ids)} Fix \`call.tool\`.`)
  }
  const labels = new Set(test.seen)
  const question: Question = { principal, tool, verb: 'invoke', input: call?.args ?? {}, at, labels }
  const outcome = lastOf(policy, question, times)
  const got = outcome.rule === undefined ? outcome.kind : `${outcome.kind} by rule "${outcome.rule}"`
  if (outcome.kind !== expect) {
    return wrong(got, `Expected ${expect}, but it is ${outcome.kind}. ${outcome.because}`, outcome.rule)
  }
  if (rule !== undefined && !outcome.rules.includes(rule)) {
    return wrong(got, `Expected rule "${rule}" to decide, but it did not. ${outcome.because}`, outcome.rule)
  }
  const decisive = rule ?? outcome.rule
  return { passed: true, got, ...(decisive === undefined ? {} : { rule: decisive }) }
}

/** What becomes of a call that is made so often at one moment, the last time. */
function lastOf(policy: CompiledPolicy, question: Question, times: number): Outcome {
  const decision = decide(policy, question)
  if (decision.effect === 'deny') return outcomeOf(decision)
  const limits = meter()
  const subject = subjectOf(question)
  let full: string | undefined
  for (let count = 0; count < times; count++) full = limits.take(decision.obligations, subject, question.at)
  return outcomeOf(decision, full)
}

type Expected = NonNullable<PolicyTest['list']>

function checkList(policy: CompiledPolicy, principal: Principal, expected: Expected): Verdict {
  const { exactly = [], includes = [], excludes = [] } = expected
  const ids = new Set<string>(policy.index.tools.map(({ id }) => id))
  const unknown = [...exactly, ...includes, ...excludes].find((id) => !ids.has(id))
  if (unknown !== undefined) return absent(`There is no tool "${unknown}".${suggest(unknown, ids)} Fix \`list\`.`)
  const seen = new Set<string>(viewOf(policy, principal).tools.map(({ id }) => id))
  const missing = new Set([...exactly, ...includes].filter((id) => !seen.has(id)))
  const unwanted = (id: string) => excludes.includes(id) || (expected.exactly && !exactly.includes(id))
  const surplus = [...seen].filter(unwanted)
  const problems = [
    ...(missing.size > 0 ? [`It does not see ${[...missing].join(', ')}.`] : []),
    ...(surplus.length > 0 ? [`It sees ${surplus.join(', ')}.`] : []),
  ]
  const got = problems.length === 0 ? 'as expected' : problems.join(' ')
  return problems.length === 0 ? { passed: true, got } : wrong(got, got)
}
