import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { CompiledPolicy } from '../policy/compiled-policy.ts'
import type { Finding } from '../policy/lint/finding.ts'
import { lintPolicy } from '../policy/lint/lint-policy.ts'
import type { Origin } from '../policy/merge.ts'
import { type AccessPlan, planAccess } from '../policy/plan/plan-access.ts'
import type { PolicyProblem } from '../policy/problem.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import type { AdminDeps, AdminSnapshot } from './admin.ts'
import { EMPTY_POLICY } from './policy-document.ts'
import { problemsOf } from './policy-layers.ts'
import { type TestReport, testPolicy } from './policy-tests.ts'

/** What is known of a policy that is not in force. */
export interface Examination {
  readonly policy: CompiledPolicy
  /** Names that stand for nothing any more in parts that were accepted before, and those that may yet stand for something. */
  readonly warnings: readonly PolicyProblem[]
  readonly tests: TestReport
  readonly lint: readonly Finding[]
  /** What it changes for every registered agent. */
  readonly access: AccessPlan
}

/** Compiles a document in the place of the declared or managed one, and looks at it from all sides. Throws `policy_invalid`. */
export function examine(deps: AdminDeps, layer: Origin, document: PolicyDocument, listed?: number): Examination {
  const { policy, warnings } = compileInstead(deps, layer, document)
  const before = deps.snapshot().policy
  return {
    policy,
    warnings,
    tests: testNow(deps, policy),
    lint: lintNow(deps, policy),
    access: planAccess(before, policy, {
      principals: agentsOf(deps.snapshot()),
      ...(listed !== undefined && { listed }),
    }),
  }
}

export const compileInstead = (deps: AdminDeps, layer: Origin, document: PolicyDocument) =>
  deps.policy.compile({ [layer]: document }, acceptedBefore(deps))

export const testNow = (deps: AdminDeps, policy: CompiledPolicy): TestReport =>
  testPolicy(policy, { connections: deps.snapshot().connections.keys(), at: deps.clock() })

/** People who may approve are asked for by their groups. */
export const lintNow = (deps: AdminDeps, policy: CompiledPolicy): readonly Finding[] =>
  lintPolicy(policy, {
    at: deps.clock(),
    people: deps.people
      .list()
      .filter(({ enabled, roles }) => enabled && roles.some((role) => role === 'approver' || role === 'admin'))
      .map(({ id, groups }) => ({ user: id, groups })),
  })

/** Every agent that may call, for nobody in particular. */
export const agentsOf = ({ agents }: AdminSnapshot): readonly Principal[] =>
  [...agents.values()]
    .filter(({ enabled }) => enabled)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, groups }) => ({
      id: `agent:${id}`,
      organisation: 'default',
      agent: id,
      groups,
      claims: {},
      credential: 'key',
    }))

/** Only what stands for nothing already: a change must not take away what a rule speaks of. */
function acceptedBefore(deps: AdminDeps): (problem: JsonObject) => boolean {
  let known: ReadonlySet<string> | undefined
  return (problem) => (known ??= new Set(problemsNow(deps).map(keyOf))).has(keyOf(problem))
}

function problemsNow(deps: AdminDeps): readonly JsonObject[] {
  try {
    // A managed document that cannot be used says nothing of the declared one beside it.
    deps.policy.compile(deps.policy.problem() === undefined ? {} : { managed: EMPTY_POLICY }, () => false)
    return []
  } catch (error) {
    return problemsOf(error)
  }
}

/** Without the path: rules move when others come or go. */
const keyOf = ({ origin, rule, message }: JsonObject): string => JSON.stringify([origin, rule, message])
