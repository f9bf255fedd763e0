import type { Approval, ApprovalDemand, ApprovalKey, ApprovalObligation } from '../../kernel/approval.ts'
import { GatewayError, toGatewayError } from '../../kernel/errors.ts'
import type { Exchange } from '../../kernel/exchange.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { ApprovalChannel, Obligation } from '../../kernel/policy.ts'
import type { ErrorCode } from '../../kernel/problem.ts'
import type { Feature } from '../../kernel/tool.ts'
import type { GatewayDeps } from '../gateway.ts'
import type { Approvals } from './approvals.ts'
import { callHashOf, type HashedCall, isSameHash } from './call-hash.ts'
import { covers, grants, toDemand } from './demands.ts'
import { visibleText } from './visible.ts'
import { approvalDenied, approvalRequired, nobodyToAsk } from './words.ts'

/** A call that was decided on, with what policy asks besides. */
export interface Asking extends HashedCall {
  readonly feature: Feature
  readonly policyVersion: string
  readonly exchange: Exchange
}

/** What people have to say to a call. */
export interface Clearance {
  /**
   * The limits counted this call when its approval was asked for, and are not to be asked again: who waited for people
   * must not find the budget spent by the waiting. Every call that is not approved yet counts as an attempt.
   */
  readonly isCounted: boolean
  /** The approval that the call is made with. */
  readonly approval?: string
  /** Puts the call before people. Throws `approval_required` with `{ approval, url }`, or what the queue throws. */
  demand(): Promise<void>
  /** Sends the call, once the approval is used up. What becomes of it is noted; it is never sent again on its own. */
  around<R extends JsonObject>(send: () => Promise<R>): Promise<R>
}

/**
 * Whether people have cleared a call, by the demands of the policy in force now; undefined when nobody is to be asked. Throws `denied` while a person's no
 * stands. An approval serves when principal, act, tool, fingerprint, connection and arguments are the same, and everything
 * that is asked now was asked then; otherwise a new one begins.
 */
export function clearanceOf(
  deps: Pick<GatewayDeps, 'approvals' | 'clock'>,
  obligations: readonly Obligation[],
  toAsking: () => Asking,
): Clearance | undefined {
  const asked = obligations.filter(isApproval)
  const [first] = asked
  if (!first) return undefined
  const asking = toAsking()
  const { approvals } = deps
  if (!approvals) throw nobodyToAsk(first.rule, asking.feature.id)
  const { principal } = asking.exchange
  const callHash = callHashOf(asking)
  const key = { organisation: principal.organisation, principal: principal.id, callHash }
  const waiving = approvals
    .grants()
    .filter(({ organisation, principal: owner }) => organisation === key.organisation && owner === key.principal)
    .filter((grant) => grants(grant, asking, callHash) && !isOwnWord([grant], principal.actor, asked))
  const demands = asked.map(toDemand).filter((demand) => !waiving.some((grant) => covers(grant, [demand])))
  if (demands.length === 0)
    return waived(
      approvals,
      asking,
      waiving.map(({ id }) => id),
      deps.clock(),
    )
  const terms = { ttlMs: Math.min(...asked.map((one) => one.ttlMs)), channels: sharedBy(asked) }
  return waiting({ approvals, asking, key, demands, ...terms, now: deps.clock() })
}

const isApproval = (one: Obligation): one is ApprovalObligation => one.kind === 'approval'

/** The channels that every rule lists. */
const sharedBy = ([first, ...others]: readonly ApprovalObligation[]): readonly ApprovalChannel[] =>
  first?.channels.filter((channel) => others.every(({ channels }) => channels.includes(channel))) ?? []

const waived = (approvals: Approvals, asking: Asking, ids: readonly string[], at: number): Clearance => ({
  isCounted: false,
  demand: () => Promise.resolve(),
  async around(send) {
    const { feature, exchange, policyVersion } = asking
    await approvals.waived({
      type: 'approval.waived',
      phase: 'event',
      at,
      requestId: exchange.requestId,
      principal: exchange.principal.id,
      agent: exchange.principal.agent,
      tool: feature.id,
      connection: feature.connection,
      policyVersion,
      detail: { grants: ids },
    })
    return send()
  },
})

/** A form that leaves anything out would have people approve what they have not seen. Characters. */
const MOST_IN_FORM = 4_000

function formOf({ asking: { feature, input } }: Waiting): string | undefined {
  const text = visibleText(JSON.stringify(input, undefined, 2))
  if (text.length > MOST_IN_FORM) return undefined
  return `${feature.id} (${feature.effect}, risk ${feature.risk}) is to be called with these arguments:\n${text}`
}

interface Waiting {
  readonly approvals: Approvals
  readonly asking: Asking
  readonly key: ApprovalKey
  readonly demands: readonly ApprovalDemand[]
  readonly ttlMs: number
  readonly channels: readonly ApprovalChannel[]
  readonly now: number
}

function waiting(parts: Waiting): Clearance {
  const { approvals, key, channels } = parts
  const current = approvals.queue.current(key)
  if (current && current.state === 'denied' && parts.now < current.expiresAt) throw approvalDenied(current)
  const fitting = current && fits(current, parts) ? current : undefined
  if (fitting?.state === 'approved') return approved(parts, fitting)
  return {
    isCounted: false,
    around: (send) => send(),
    async demand() {
      if (current && !fitting && isOpen(current)) await approvals.queue.supersede(current.id)
      const pending = fitting ?? (await approvals.queue.request(toRequest(parts)))
      const form = channels.includes('elicitation-form') ? formOf(parts) : undefined
      throw approvalRequired(pending, { link: approvals.link(pending.id), before: current, channels, form })
    },
  }
}

const isOpen = ({ state }: Approval): boolean => state === 'pending' || state === 'approved'

/** The row is looked up by all of this; that it says the same once more costs nothing. */
function fits(approval: Approval, { asking, key, demands, ttlMs, now }: Waiting): boolean {
  const { feature, act } = asking
  return (
    isOpen(approval) &&
    isSameHash(approval.callHash, key.callHash) &&
    approval.organisation === key.organisation &&
    approval.principal === key.principal &&
    approval.act === act &&
    approval.tool === feature.id &&
    approval.fingerprint === feature.fingerprint &&
    approval.connection === feature.connection &&
    now < Math.min(approval.expiresAt, approval.requestedAt + ttlMs) &&
    !isOwnWord(approval.votes, asking.exchange.principal.actor, demands) &&
    covers(approval, demands)
  )
}

/** Whoever tries a call in an agent's name does not use a word of their own for it, where somebody else's is asked. */
const isOwnWord = (
  words: readonly { readonly by: string }[],
  actor: string | undefined,
  demands: readonly Pick<ApprovalDemand, 'allowSelf'>[],
): boolean => actor !== undefined && words.some(({ by }) => by === actor) && demands.some(({ allowSelf }) => !allowSelf)

const toRequest = ({ asking, key, demands, ttlMs }: Waiting) => {
  const { act, feature, input, policyVersion, exchange } = asking
  const { agent, user, actor } = exchange.principal
  return {
    ...key,
    agent,
    ...(user !== undefined && { user }),
    ...(actor !== undefined && { actor }),
    act,
    tool: feature.id,
    connection: feature.connection,
    fingerprint: feature.fingerprint,
    demands,
    policyVersion,
    ttlMs,
    arguments: input,
    requestId: exchange.requestId,
  }
}

/** After these nobody can say whether the service did it. */
const UNCERTAIN: ReadonlySet<ErrorCode> = new Set([
  'upstream_timeout',
  'upstream_failed',
  'upstream_invalid',
  'cancelled',
  'internal',
])

function approved({ approvals: { queue }, asking }: Waiting, approval: Approval): Clearance {
  return {
    isCounted: true,
    approval: approval.id,
    demand: () => Promise.resolve(),
    async around(send) {
      await queue.consume(approval, asking.exchange.requestId)
      try {
        const result = await send()
        // A server that asks back has not done it yet: the approval goes on with the answer, which uses it up again.
        if (result['resultType'] === 'input_required') await queue.release(approval.id)
        else await queue.settle(approval.id, result['isError'] === true ? 'error' : 'ok')
        return result
      } catch (error) {
        const { code } = toGatewayError(error)
        // Without an account there was nothing to send it with.
        if (error instanceof GatewayError && code === 'connect_required') await queue.release(approval.id)
        else await queue.settle(approval.id, UNCERTAIN.has(code) ? 'unknown' : 'error')
        throw error
      }
    },
  }
}
