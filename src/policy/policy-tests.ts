import type { Decision } from '../kernel/policy.ts'
import type { Principal } from '../kernel/principal.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { decide } from './decide.ts'
import { suggest } from './near-name.ts'
import type { PolicyTest } from './test-schema.ts'
import { viewOf } from './view.ts'

export interface PolicyTestResult {
  readonly name: string
  readonly passed: boolean
  /** What came out instead of what was expected; absent when the test passed. */
  readonly message?: string
}

export interface PolicyTestReport {
  readonly passed: number
  readonly failed: number
  readonly results: readonly PolicyTestResult[]
}

/** Runs the examples of a policy's own document. `at` (milliseconds) is the time of tests that do not say one. */
export function runPolicyTests(policy: CompiledPolicy, { at }: { readonly at: number }): PolicyTestReport {
  const results = (policy.document.tests ?? []).map((test) => toResult(test, run(policy, test, at)))
  const passed = results.filter((result) => result.passed).length
  return { passed, failed: results.length - passed, results }
}

const toResult = ({ name }: PolicyTest, message: string | undefined): PolicyTestResult =>
  message === undefined ? { name, passed: true } : { name, passed: false, message }

/** What is wrong; undefined when the test passed. */
function run(policy: CompiledPolicy, test: PolicyTest, now: number): string | undefined {
  const principal = toPrincipal(policy, test)
  if (!principal) {
    return `There is no agent "${test.as.agent}".${suggest(test.as.agent, policy.agents.keys())} Fix \`as.agent\`.`
  }
  if (test.list) return checkList(policy, principal, test.list)
  return checkCall(policy, principal, test, test.at === undefined ? now : Date.parse(test.at))
}

function toPrincipal(policy: CompiledPolicy, { as: caller }: PolicyTest): Principal | undefined {
  const agent = policy.agents.get(caller.agent)
  if (!agent) return undefined
  return {
    id: caller.user === undefined ? `agent:${agent.id}` : `agent:${agent.id}/user:${caller.user}`,
    organisation: 'default',
    agent: agent.id,
    ...(caller.user === undefined ? {} : { user: caller.user }),
    groups: [...agent.groups, ...(caller.groups ?? [])],
    claims: caller.claims ?? {},
    credential: 'key',
  }
}

function checkCall(policy: CompiledPolicy, principal: Principal, test: PolicyTest, at: number): string | undefined {
  const { call, expect, rule } = test
  const tool = policy.index.tools.find(({ id }) => id === call?.tool)
  if (!tool) {
    const ids = policy.index.tools.map(({ id }) => id)
    return `There is no tool "${call?.tool ?? ''}".${suggest(call?.tool ?? '', ids)} Fix \`call.tool\`.`
  }
  const input: JsonObject = call?.args ?? {}
  const decision = decide(policy, { principal, tool, verb: 'invoke', input, at })
  const outcome = outcomeOf(decision)
  if (outcome !== expect) return `Expected ${expect}, but it is ${outcome}. ${because(decision)}`
  if (rule === undefined || decidedBy(decision, outcome).includes(rule)) return undefined
  return `Expected rule "${rule}" to decide, but it did not. ${because(decision)}`
}

type Outcome = NonNullable<PolicyTest['expect']>

function outcomeOf(decision: Decision): Outcome {
  if (decision.effect === 'deny') return 'deny'
  return decision.obligations.some(({ kind }) => kind === 'approval') ? 'approval' : 'allow'
}

function decidedBy(decision: Decision, outcome: Outcome): readonly string[] {
  if (decision.effect === 'deny') return decision.rule === undefined ? [] : [decision.rule]
  if (outcome === 'approval') {
    return decision.obligations.filter(({ kind }) => kind === 'approval').map((obligation) => obligation.rule)
  }
  return decision.trace.filter((entry) => entry.effect === 'allow' && entry.matched).map((entry) => entry.rule)
}

const because = (decision: Decision): string =>
  decision.effect === 'deny' ? decision.reason : `Rule "${decision.rule}" allows it.`

type Expected = NonNullable<PolicyTest['list']>

function checkList(policy: CompiledPolicy, principal: Principal, expected: Expected): string | undefined {
  const { exactly = [], includes = [], excludes = [] } = expected
  const ids = new Set<string>(policy.index.tools.map(({ id }) => id))
  const unknown = [...exactly, ...includes, ...excludes].find((id) => !ids.has(id))
  if (unknown !== undefined) return `There is no tool "${unknown}".${suggest(unknown, ids)} Fix \`list\`.`
  const seen = new Set<string>(viewOf(policy, principal).tools.map(({ id }) => id))
  const missing = new Set([...exactly, ...includes].filter((id) => !seen.has(id)))
  const unwanted = (id: string) => excludes.includes(id) || (expected.exactly && !exactly.includes(id))
  const surplus = [...seen].filter(unwanted)
  const problems = [
    ...(missing.size > 0 ? [`It does not see ${[...missing].join(', ')}.`] : []),
    ...(surplus.length > 0 ? [`It sees ${surplus.join(', ')}.`] : []),
  ]
  return problems.length === 0 ? undefined : problems.join(' ')
}
