import { loadConfig } from '../config/load-config.ts'
import type { Config } from '../config/schema.ts'
import { compilePolicy } from '../policy/compile.ts'
import { type PolicyTestResult, runPolicyTests } from '../policy/policy-tests.ts'
import type { PolicyProblem } from '../policy/problem.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import type { PolicyTest } from '../policy/test-schema.ts'
import type { PolicyWorld } from '../policy/world.ts'

export interface CheckOptions {
  readonly configPath: string
  readonly env: Readonly<Record<string, string | undefined>>
  /** What is known without starting anything: registered agents, connections, and the tools of their providers. */
  readonly declaredWorld: (config: Config) => Promise<PolicyWorld>
  /** The time of policy tests that name none, in milliseconds since the epoch. */
  readonly at: number
}

export interface CheckReport {
  readonly path: string
  readonly agents: number
  readonly connections: number
  readonly rules: number
  readonly warnings: readonly PolicyProblem[]
  readonly tests: {
    readonly passed: number
    readonly failed: readonly PolicyTestResult[]
    /** Names of tests about downstream servers, whose tools nobody knows before they run. */
    readonly skipped: readonly string[]
  }
}

/**
 * Whether a configuration would be taken: the file, its references, the policy, and the policy's own tests. Starts and
 * writes nothing, and asks nobody's leave: whoever can read the file may check it. Throws `config_invalid` or
 * `policy_invalid`.
 */
export async function checkConfig({ configPath, env, declaredWorld, at }: CheckOptions): Promise<CheckReport> {
  const config = await loadConfig({ path: configPath, env })
  const world = await declaredWorld(config)
  const { known, skipped } = testsFor(world, config.policy)
  const { policy, warnings } = compilePolicy({ ...config.policy, tests: [...known] }, world)
  const { passed, results } = runPolicyTests(policy, { at })
  return {
    path: configPath,
    agents: world.agents.length,
    connections: Object.keys(config.connections).length,
    rules: config.policy.rules.length,
    warnings,
    tests: { passed, failed: results.filter((result) => !result.passed), skipped: skipped.map(({ name }) => name) },
  }
}

function testsFor(
  { tools, connections }: PolicyWorld,
  { tests = [] }: PolicyDocument,
): { readonly known: readonly PolicyTest[]; readonly skipped: readonly PolicyTest[] } {
  const listed = new Set(tools.map(({ connection }) => connection))
  const unknown = connections.filter(({ slug }) => !listed.has(slug)).map(({ slug }) => `conn:${slug}:`)
  const isSkipped = (test: PolicyTest): boolean =>
    (test.list?.exactly !== undefined && unknown.length > 0) ||
    idsOf(test).some((id) => unknown.some((prefix) => id.startsWith(prefix)))
  return { known: tests.filter((test) => !isSkipped(test)), skipped: tests.filter(isSkipped) }
}

const idsOf = ({ call, list }: PolicyTest): readonly string[] => [
  ...(call ? [call.tool] : []),
  ...(list?.includes ?? []),
  ...(list?.excludes ?? []),
]
