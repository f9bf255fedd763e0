import { GatewayError } from '../kernel/errors.ts'
import type { CompiledPolicy } from '../policy/compiled-policy.ts'
import { type PolicyTestResult, runPolicyTests } from '../policy/policy-tests.ts'
import type { PolicyTest } from '../policy/test-schema.ts'

/** What became of the tests that a policy has in its documents. */
export interface TestReport {
  readonly passed: number
  readonly failed: number
  readonly results: readonly PolicyTestResult[]
  /** Names of tests about servers whose tools nobody knows yet. */
  readonly skipped: readonly string[]
}

export interface TestOptions {
  /** The slugs of all connections. */
  readonly connections: Iterable<string>
  /** The time of tests that name none, in milliseconds since the epoch. */
  readonly at: number
}

/** Runs the policy's own tests, but for those about connections that have not listed their tools. */
export function testPolicy(policy: CompiledPolicy, { connections, at }: TestOptions): TestReport {
  const listed = new Set(policy.index.tools.map(({ connection }) => connection))
  const unlisted = [...connections].filter((slug) => !listed.has(slug)).map((slug) => `conn:${slug}:`)
  const { tests = [] } = policy.document
  const isSkipped = (test: PolicyTest): boolean =>
    (test.list?.exactly !== undefined && unlisted.length > 0) ||
    idsOf(test).some((id) => unlisted.some((prefix) => id.startsWith(prefix)))
  const known = tests.filter((test) => !isSkipped(test))
  const report = runPolicyTests({ ...policy, document: { ...policy.document, tests: known } }, { at })
  return { ...report, skipped: tests.filter(isSkipped).map(({ name }) => name) }
}

const idsOf = ({ call, list }: PolicyTest): readonly string[] => [
  ...(call ? [call.tool] : []),
  ...(list?.includes ?? []),
  ...(list?.excludes ?? []),
]

const SHOWN = 3
const MOST_REPORTED = 50

/** `policy_tests_failed`, with what failed and how; `data.problems` has all of it. */
export function testsFailed(results: readonly PolicyTestResult[], advice: string): GatewayError {
  const failed = results.filter(({ passed }) => !passed)
  const shown = failed.slice(0, SHOWN).map(({ name, message = '' }) => `"${name}": ${message}`)
  const more = failed.length > SHOWN ? ` (and ${failed.length - SHOWN} more)` : ''
  const what = failed.length === 1 ? 'A test' : `${failed.length} tests`
  const problems = failed.slice(0, MOST_REPORTED).map(({ name, message = '', expected, got, rule }) => ({
    path: name,
    message,
    expected,
    got,
    ...(rule !== undefined && { rule }),
  }))
  return new GatewayError(
    'policy_tests_failed',
    `${what} of the policy ${failed.length === 1 ? 'fails' : 'fail'}: ${shown.join(' ')}${more} ${advice}`,
    { data: { failed: failed.length, passed: results.length - failed.length, problems } },
  )
}
