import { loadConfig } from '../config/load-config.ts'
import type { Config } from '../config/schema.ts'
import { compilePolicy } from '../policy/compile.ts'
import type { Finding, FindingCode } from '../policy/lint/finding.ts'
import { lintPolicy } from '../policy/lint/lint-policy.ts'
import type { PolicyTestResult } from '../policy/policy-tests.ts'
import type { PolicyProblem } from '../policy/problem.ts'
import type { PolicyWorld } from '../policy/world.ts'
import { testPolicy } from './policy-tests.ts'

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
  /** What the policy allows or forbids without anyone having meant it, the gravest first. */
  readonly lint: readonly Finding[]
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
  const { policy, warnings } = compilePolicy(config.policy, world)
  const slugs = world.connections.map(({ slug }) => slug)
  const { passed, results, skipped } = testPolicy(policy, { connections: slugs, at })
  return {
    path: configPath,
    agents: world.agents.length,
    connections: Object.keys(config.connections).length,
    rules: config.policy.rules.length,
    warnings,
    lint: lintPolicy(policy, { at }).filter(isCertain(world)),
    tests: { passed, failed: results.filter((result) => !result.passed), skipped },
  }
}

/** Findings that need all tools to be known: before servers have listed theirs, they say little. */
const OF_ALL_TOOLS: readonly FindingCode[] = ['selects_no_tool', 'never_decides', 'redundant', 'tool_unreachable']

function isCertain({ tools, connections }: PolicyWorld): (finding: Finding) => boolean {
  const listed = new Set(tools.map(({ connection }) => connection))
  const isComplete = connections.every(({ slug }) => listed.has(slug))
  return ({ code }) => isComplete || !OF_ALL_TOOLS.includes(code)
}
