import type { Approval, ApprovalGrant, ApprovalVote } from '../kernel/approval.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { ApprovalChannel } from '../kernel/policy.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Effect, Risk } from '../kernel/tool.ts'
import { personOf } from '../policy/approvers.ts'
import { argumentsSchema } from '../policy/condition-schema.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { eligibilityOf, mayReadArguments, refuseStranger } from './approver.ts'
import { type Page, type PageRequest, pageOf } from './page.ts'

/** What approvers do is done with: the queue and the grants. `approvals/queue.ts` says what each promises. */
export interface ApprovalDeps {
  readonly admin: AdminDeps
  readonly queue: {
    find(id: string): Approval | undefined
    list(): readonly Approval[]
    vote(id: string, vote: Omit<ApprovalVote, 'at'>, ifVersion?: number): Promise<Approval>
    argumentsOf(id: string): Promise<JsonObject | undefined>
  }
  readonly grants: {
    list(): readonly ApprovalGrant[]
    add(draft: Omit<ApprovalGrant, 'id' | 'version'>): Promise<ApprovalGrant>
    revoke(id: string, by: string): Promise<ApprovalGrant>
  }
}

/** Everything that somebody needs to know to decide. */
export interface ShownApproval extends Approval {
  /** Absent for people who may not read bodies, and once they are gone. */
  readonly arguments?: JsonObject
  readonly rules: readonly { readonly id: string; readonly description?: string }[]
  /** What the tool is now; absent when it is gone. */
  readonly subject?: {
    readonly title?: string
    readonly effect: Effect
    readonly risk: Risk
    readonly external: boolean
  }
  /** The tool's definition is another than when approval was asked for: it cannot be used any more. */
  readonly changed: boolean
  /** The rules whose demand this person may satisfy. */
  readonly mayDecide: readonly string[]
  /** Why the person may not, in words; absent when they may. */
  readonly whyNot?: string
}

/** Approvals, newest first, without arguments. */
export function listApprovals(
  deps: ApprovalDeps,
  principal: Principal,
  { state, ...page }: PageRequest & { readonly state?: Approval['state'] | undefined },
): Promise<Page<Approval>> {
  return asAdmin(deps.admin, principal, { type: 'approval.listed', kind: 'look' }, () => {
    const own = deps.queue.list().filter(({ organisation }) => organisation === principal.organisation)
    const all = own.filter((approval) => state === undefined || approval.state === state)
    return pageOf(all, keyOf, page)
  })
}

/** Newer ones first, whatever came between two pages. */
const keyOf = ({ requestedAt, id }: Approval): string =>
  `${String(Number.MAX_SAFE_INTEGER - requestedAt).padStart(16, '0')} ${id}`

/** One approval with what is asked. Looking is recorded. Throws `not_found`. */
export function showApproval(
  deps: ApprovalDeps,
  principal: Principal,
  { id, channel }: { readonly id: string; readonly channel: ApprovalChannel },
): Promise<ShownApproval> {
  const facts = { detail: { approval: id.slice(0, 64), channel } }
  return asAdmin(deps.admin, principal, { type: 'approval.viewed', kind: 'read', facts }, async () => {
    const approval = known(deps, principal, id)
    const { policy, catalog } = deps.admin.snapshot()
    const { rules, whyNot } = eligibilityOf(policy.document, approval, principal)
    const input = mayReadArguments(principal, rules) ? await deps.queue.argumentsOf(id) : undefined
    const feature = catalog.governed.find((one) => one.id === approval.tool)
    const { title } = feature?.definition ?? {}
    return {
      ...approval,
      ...(input && { arguments: input }),
      rules: approval.demands.map(({ rule }) => {
        const description = policy.document.rules.find((one) => one.id === rule)?.description
        return { id: rule, ...(description !== undefined && { description }) }
      }),
      ...(feature && {
        subject: {
          ...(typeof title === 'string' && { title }),
          effect: feature.effect,
          risk: feature.risk,
          external: feature.external,
        },
      }),
      changed: feature?.fingerprint !== approval.fingerprint || feature.quarantined,
      mayDecide: rules,
      ...(whyNot !== undefined && { whyNot }),
    }
  })
}

export interface Verdict {
  readonly id: string
  readonly verdict: 'approve' | 'deny'
  readonly reason?: string | undefined
  /** The version that the person looked at; any when left out. */
  readonly ifVersion?: number | undefined
  readonly channel: ApprovalChannel
}

/**
 * Says yes or no. A yes counts for the rules whose approvers the person belongs to, once, and not for the person that the
 * agent acts for unless the rule allows it; one no is final. Being an admin makes nobody an approver, except where a rule
 * names `admins`. Throws `forbidden`, `conflict`, `version_conflict`, `not_found`.
 */
export function decideApproval(deps: ApprovalDeps, principal: Principal, verdict: Verdict): Promise<Approval> {
  const { id, verdict: word, channel } = verdict
  const facts = { detail: { approval: id.slice(0, 64), verdict: word, channel } }
  return asAdmin(deps.admin, principal, { type: 'approval.decide', kind: 'decide', facts }, () =>
    decided(deps, principal, verdict),
  )
}

async function decided(
  deps: ApprovalDeps,
  principal: Principal,
  { id, verdict, reason, ifVersion, channel }: Verdict,
): Promise<Approval> {
  const approval = known(deps, principal, id)
  const { document } = deps.admin.snapshot().policy
  const rules = refuseStranger(document, approval, principal, verdict)
  const vote = { by: personOf(principal), verdict, channel, rules, ...(reason !== undefined && { reason }) }
  return deps.queue.vote(id, vote, ifVersion)
}

export interface GrantDraft {
  readonly id: string
  /** How long, milliseconds; at most 24 hours. */
  readonly forMs: number
  /** Which calls, as constraints of a rule with `closedArgs`; this very call when left out. */
  readonly args?: JsonObject | undefined
  readonly ifVersion?: number | undefined
  readonly channel: ApprovalChannel
}

/**
 * Approves, and spares such calls of the same principal the wait for a while. Only where this one person satisfies every
 * rule alone. Throws like `decideApproval`, and `invalid_request` for a time that is too long.
 */
export function grantApproval(deps: ApprovalDeps, principal: Principal, draft: GrantDraft): Promise<ApprovalGrant> {
  const { id, forMs, args, ifVersion, channel } = draft
  const facts = { detail: { approval: id.slice(0, 64), forMs, channel } }
  return asAdmin(deps.admin, principal, { type: 'approval.grant', kind: 'decide', facts }, async () => {
    refuseGrant(deps, principal, draft)
    const approved = await decided(deps, principal, { id, verdict: 'approve', ifVersion, channel })
    const { organisation, principal: owner, act, tool, connection, fingerprint, demands, callHash } = approved
    const now = deps.admin.clock()
    const call = { organisation, principal: owner, act, tool, connection, fingerprint, demands }
    const which = args ? { args } : { callHash }
    const terms = { by: personOf(principal), approval: id, notBefore: now, notAfter: now + forMs }
    return deps.grants.add({ ...call, ...which, ...terms })
  })
}

function refuseGrant(deps: ApprovalDeps, principal: Principal, { id, forMs, args }: GrantDraft): void {
  const approval = known(deps, principal, id)
  const rules = refuseStranger(deps.admin.snapshot().policy.document, approval, principal, 'approve')
  if (approval.demands.some(({ rule, quorum }) => quorum > 1 || !rules.includes(rule))) {
    throw new GatewayError(
      'forbidden',
      'More people than you must agree to this call, so that you alone cannot allow more of them. Approve this one.',
    )
  }
  if (args && !argumentsSchema.safeParse(args).success) {
    throw new GatewayError('invalid_request', 'args must be constraints by JSON Pointer, as `args` of a rule has them.')
  }
  if (forMs < MINUTE_MS || forMs > LONGEST_MS) {
    throw new GatewayError('invalid_request', 'A grant lasts from one minute to 24 hours.')
  }
}

const MINUTE_MS = 60_000
const LONGEST_MS = 86_400_000

/** The grants in force. */
export function listGrants(deps: ApprovalDeps, principal: Principal): Promise<readonly ApprovalGrant[]> {
  return asAdmin(deps.admin, principal, { type: 'approval.grants_listed', kind: 'look' }, () =>
    deps.grants.list().filter(({ organisation }) => organisation === principal.organisation),
  )
}

/** Takes a grant back: any approver may, at once. Throws `not_found`. */
export function revokeGrant(deps: ApprovalDeps, principal: Principal, id: string): Promise<ApprovalGrant> {
  const facts = { detail: { grant: id.slice(0, 64) } }
  return asAdmin(deps.admin, principal, { type: 'approval.grant_revoke', kind: 'decide', facts }, () => {
    const grant = deps.grants.list().find((one) => one.id === id)
    if (grant?.organisation !== principal.organisation) {
      throw new GatewayError('not_found', `There is no grant "${id.slice(0, 64)}" in force.`)
    }
    return deps.grants.revoke(id, personOf(principal))
  })
}

function known({ queue }: ApprovalDeps, { organisation }: Principal, id: string): Approval {
  const approval = queue.find(id)
  if (approval?.organisation === organisation) return approval
  throw new GatewayError('not_found', `There is no approval "${id.slice(0, 64)}". It may have been forgotten.`)
}
