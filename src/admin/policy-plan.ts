import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Finding } from '../policy/lint/finding.ts'
import type { Origin } from '../policy/merge.ts'
import type { AccessPlan } from '../policy/plan/plan-access.ts'
import { textDiff, type TextDiff } from '../policy/plan/text-diff.ts'
import type { PolicyProblem } from '../policy/problem.ts'
import { replay, type ReplayReport } from '../policy/replay/replay.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { policyTag } from './policy-book.ts'
import { type PolicyInput, readPolicy, type ReadPolicy } from './policy-document.ts'
import { examine, type Examination, lintNow } from './policy-examine.ts'
import { patched } from './policy-edits.ts'
import { type Past, recordedCalls } from './policy-recorded.ts'
import type { TestReport } from './policy-tests.ts'

export interface PlanRequest {
  /** A document in the place of one that is in force, or rules of the managed one by id, null for one that goes. */
  readonly change: PolicyInput | { readonly rules: Readonly<Record<string, unknown>> }
  /** Which of the two documents it takes the place of. */
  readonly layer: Origin
  /** The calls that are decided anew; none when left out. */
  readonly past?: Past | undefined
  /** How many changes of a kind are listed. */
  readonly listed?: number | undefined
  readonly signal: AbortSignal
}

export type { Finding } from '../policy/lint/finding.ts'
export type { AccessChange, KindOfChange } from '../policy/plan/plan-access.ts'
export type { DiffEntry, TextDiff } from '../policy/plan/text-diff.ts'

/** What would change for whom. Everything is counted; lists may be cut. */
export interface PolicyPlan {
  /** The managed version that it is compared with. */
  readonly base: { readonly version: number; readonly etag: string }
  readonly layer: Origin
  /** Of both documents together. */
  readonly text: TextDiff
  readonly access: AccessPlan
  readonly tests: TestReport
  readonly lint: readonly (Finding & { readonly isNew: boolean })[]
  readonly warnings: readonly PolicyProblem[]
  readonly replay?: ReplayReport & { readonly isCut: boolean }
}

/** What saving a document would change; nothing is saved. Throws `policy_invalid`. */
export async function planPolicy(deps: AdminDeps, principal: Principal, request: PlanRequest): Promise<PolicyPlan> {
  return asAdmin(deps, principal, { type: 'policy.planned', kind: 'look' }, async () => {
    const { change, layer, past, listed, signal } = request
    const before = deps.snapshot().policy
    const { policy, access, tests, lint, warnings } = examineRead(deps, readPolicy(inputOf(deps, change)), request)
    const known = new Set(lintNow(deps, before).map(keyOf))
    const base = deps.policy.active().version
    const recorded = past && (await recordedCalls(deps, past, signal))
    return {
      base: { version: base.version, etag: policyTag(base) },
      layer,
      text: textDiff(before.document, policy.document),
      access,
      tests,
      lint: lint.map((finding) => ({ ...finding, isNew: !known.has(keyOf(finding)) })),
      warnings,
      ...(recorded && {
        replay: {
          ...(await replay(before, policy, recorded.calls, { ...(listed !== undefined && { listed }) })),
          isCut: recorded.isCut,
        },
      }),
    }
  })
}

function examineRead(deps: AdminDeps, { document, placed }: ReadPolicy, { layer, listed }: PlanRequest): Examination {
  try {
    return examine(deps, layer, document, listed)
  } catch (error) {
    throw error instanceof GatewayError ? placed(error) : error
  }
}

const inputOf = (deps: AdminDeps, change: PlanRequest['change']): PolicyInput =>
  'rules' in change ? patched(deps, change.rules) : change

const keyOf = ({ code, rule, agent, message }: Finding): string => JSON.stringify([code, rule, agent, message])
