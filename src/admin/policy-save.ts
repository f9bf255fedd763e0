import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Finding } from '../policy/lint/finding.ts'
import type { AccessPlan } from '../policy/plan/plan-access.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { type ActivePolicy, type PolicyDraft, policyTag, type PolicyVersion } from './policy-book.ts'
import { policyHash, policyText, type ReadPolicy } from './policy-document.ts'
import { type Examination, examine } from './policy-examine.ts'
import { type TestReport, testsFailed } from './policy-tests.ts'

/** How a change is made, whatever it changes. */
export interface SaveOptions {
  /** The tag of the version that the admin looked at; any when left out. */
  readonly ifMatch?: string | undefined
  /** Why, for the history. */
  readonly message?: string | undefined
  /** Puts it into force although tests fail. */
  readonly force?: boolean | undefined
  /** Does everything but putting it into force. */
  readonly dryRun?: boolean | undefined
}

export interface PolicyChange extends SaveOptions {
  /** Makes the next document from the one in force, which nobody else changes meanwhile. */
  readonly make: (active: ActivePolicy) => ReadPolicy | Promise<ReadPolicy>
  /** The version whose text it is once more. */
  readonly restored?: number | undefined
}

export interface SavedPolicy {
  /** What is in force now; after a dry run, what was and still is. */
  readonly version: number
  readonly etag: string
  readonly hash: string
  /** `unchanged`: the document is the one in force already, and no version was made. */
  readonly state: 'activated' | 'unchanged' | 'dry_run'
  /** Tests failed, and it was put into force nevertheless. */
  readonly forced: boolean
  readonly tests: TestReport
  readonly lint: readonly Finding[]
  readonly warnings: readonly JsonObject[]
  readonly impact: AccessPlan['totals']
}

/**
 * The one way to another managed policy: read, merged with the declared one, compiled strictly, tested, linted, compared, and
 * only then put into force, whole. Throws `policy_invalid`, `policy_tests_failed` unless forced, and `version_conflict`
 * when it is not about the version in force; nothing has changed then.
 */
export async function changePolicy(deps: AdminDeps, principal: Principal, change: PolicyChange): Promise<SavedPolicy> {
  return asAdmin(deps, principal, { type: 'policy.saved', kind: 'look', needs: 'admin' }, () =>
    deps.policy.exclusive(async () => {
      const active = deps.policy.active()
      refuseRace(active.version, change.ifMatch)
      const examined = examineRead(deps, await change.make(active))
      const { tests } = examined
      if (tests.failed > 0 && change.force !== true) throw testsFailed(tests.results, ADVICE)
      const text = policyText(examined.document)
      const state = stateOf(change, active, policyHash(text))
      if (state !== 'activated') return answerOf(active.version, state, examined)
      return answerOf(await activate(deps, principal, change, examined), state, examined)
    }),
  )
}

const ADVICE = 'Nothing was changed. Correct the policy or the tests; `force` puts it into force all the same.'

type Examined = Examination & Pick<ReadPolicy, 'document'>

function examineRead(deps: AdminDeps, { document, placed }: ReadPolicy): Examined {
  try {
    return { document, ...examine(deps, 'managed', document) }
  } catch (error) {
    throw error instanceof GatewayError ? placed(error) : error
  }
}

function refuseRace(version: PolicyVersion, ifMatch: string | undefined): void {
  if (ifMatch === undefined || ifMatch === policyTag(version)) return
  throw new GatewayError(
    'version_conflict',
    `The managed policy has changed since you read it: version ${version.version} is in force. Read it again and decide anew.`,
    { data: { version: version.version, etag: policyTag(version) } },
  )
}

function stateOf({ dryRun }: SaveOptions, active: ActivePolicy, hash: string): SavedPolicy['state'] {
  if (active.document && active.version.hash === hash) return 'unchanged'
  return dryRun === true ? 'dry_run' : 'activated'
}

/** What it does stands in the audit log before it does it. */
function activate(
  deps: AdminDeps,
  principal: Principal,
  change: PolicyChange,
  examined: Examined,
): Promise<PolicyVersion> {
  const draft = toDraft(principal, change, examined)
  const { version: parent } = deps.policy.active().version
  const detail = {
    version: parent + 1,
    parent,
    hash: policyHash(policyText(examined.document)),
    ...(draft.message !== undefined && { message: draft.message }),
    ...(draft.forced && { forced: true }),
    ...(draft.restored !== undefined && { restored: draft.restored }),
    tests: { passed: draft.tests.passed, failed: draft.tests.failed, skipped: draft.tests.skipped },
    impact: draft.impact,
  }
  return asAdmin(deps, principal, { type: 'policy.activated', kind: 'change', facts: { detail } }, () =>
    deps.policy.activate(draft),
  )
}

/** So many failures and findings are kept with a version; all are counted. */
const MOST_KEPT = 20

function toDraft(
  principal: Principal,
  { message, restored }: PolicyChange,
  { document, tests, lint, access }: Examined,
): PolicyDraft {
  const failures = tests.results.filter(({ passed }) => !passed)
  const grave = (severity: Finding['severity']): number => lint.filter((one) => one.severity === severity).length
  const { byAgent: _byAgent, byEffect: _byEffect, ...impact } = access.totals
  return {
    document,
    author: principal.id,
    ...(message !== undefined && { message }),
    tests: {
      passed: tests.passed,
      failed: tests.failed,
      skipped: tests.skipped.length,
      failures: failures.slice(0, MOST_KEPT).map(({ name, message = '' }) => ({ name, message })),
    },
    lint: {
      error: grave('error'),
      warning: grave('warning'),
      info: grave('info'),
      findings: lint.slice(0, MOST_KEPT).map(({ code, severity, message }) => ({ code, severity, message })),
    },
    impact,
    ...(tests.failed > 0 && { forced: true }),
    ...(restored !== undefined && { restored }),
  }
}

const answerOf = (
  version: PolicyVersion,
  state: SavedPolicy['state'],
  { tests, lint, warnings, access }: Examined,
): SavedPolicy => ({
  version: version.version,
  etag: policyTag(version),
  hash: version.hash,
  state,
  forced: state === 'activated' && version.forced === true,
  tests,
  lint,
  warnings,
  impact: access.totals,
})
