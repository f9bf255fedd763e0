import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { type Approvals } from './approvals/approvals.ts'
import { approvalRequired } from './approvals/words.ts'
import { canShow, type Ring, ringOf, toQuestion } from './doorbell-question.ts'
import { openRing, sealRing } from './doorbell-state.ts'
import { approveSelf } from './approvals/self.ts'
import type { GatewayDeps } from './gateway.ts'

/** A call never stays open longer than this for a person, milliseconds: clients and proxies give up soon after. */
export const PATIENCE_MS = 25_000

type Deps = Pick<GatewayDeps, 'approvals' | 'snapshot'>
/** One try of the call, as a whole: decided anew, with the policy of that moment. */
type Attempt<R> = (exchange: Exchange) => Promise<R>

/**
 * Lets the person behind the client know that a call waits for somebody: for an approval, or for an account to be
 * connected. What the client declared decides how, never its name. The bell grants nothing: whatever comes back, the call
 * is tried anew from its beginning. Whoever cannot be asked gets the failure as it is, with the link in it.
 */
export function withDoorbell<R extends JsonObject>(
  deps: Deps,
  exchange: Exchange,
  attempt: Attempt<R>,
): Promise<R | JsonObject> {
  const { approvals } = deps
  if (!approvals) return attempt(exchange)
  const rung = openRing(approvals.seal, exchange)
  if (rung) return resumed({ deps, approvals, exchange: withoutRing(exchange), attempt }, rung)
  return attempt(exchange).catch((error: unknown) => rings({ deps, approvals, exchange, attempt }, error))
}

/** What a failure that a person can lift is answered with; any other is thrown on. */
async function rings<R extends JsonObject>(door: Door<R>, error: unknown): Promise<R | JsonObject> {
  const { approvals, exchange, attempt } = door
  const ring = error instanceof GatewayError ? ringOf(approvals, error, exchange) : undefined
  if (!ring) throw error
  if (exchange.protocol.era === 'modern') return questionOf(approvals, ring, exchange)
  if (!(await isAnswered(door, ring))) throw error
  return attempt(exchange)
}

interface Door<R> {
  readonly deps: Deps
  readonly approvals: Approvals
  readonly exchange: Exchange
  readonly attempt: Attempt<R>
}

/** Our state is for us: the source behind never sees it. */
function withoutRing({ resumption: _ours, ...exchange }: Exchange): Exchange {
  return exchange
}

/** MCP 2026-07-28: the client comes back with its answer and our state in another request. */
async function resumed<R extends JsonObject>(
  door: Door<R>,
  { ring, answer }: { readonly ring: Ring; readonly answer: Json | undefined },
): Promise<R> {
  const { approvals, exchange, attempt } = door
  if (ring.kind === 'connect') return attempt(exchange)
  await heard(door, ring, answer)
  await approvals.queue.decided(ring.id, PATIENCE_MS, exchange.ending.signal())
  const approval = approvals.queue.find(ring.id)
  const { id, organisation } = exchange.principal
  const isOwn = approval?.principal === id && approval.organisation === organisation
  if (isOwn && approval.state === 'pending') throw approvalRequired(approval, { link: approvals.link(approval.id) })
  return attempt(exchange)
}

function questionOf({ seal }: Approvals, ring: Ring, exchange: Exchange): JsonObject {
  return {
    resultType: 'input_required',
    inputRequests: { [ring.kind]: { method: 'elicitation/create', params: toQuestion(ring, 'modern') } },
    requestState: sealRing(seal, ring, exchange),
  }
}

/** Asks a legacy client on the stream of its call. False when that led nowhere; a person's no is said elsewhere. */
async function isAnswered<R>(door: Door<R>, ring: Ring): Promise<boolean> {
  const { approvals, exchange } = door
  const bell = new AbortController()
  const stop = approvals.schedule(() => bell.abort(), PATIENCE_MS)
  const signal = AbortSignal.any([bell.signal, exchange.ending.signal()])
  try {
    const answer = await askedWithin(exchange, ring, signal)
    if (answer?.['action'] !== 'accept') return false
    if (ring.kind === 'connect') return true
    await heard(door, ring, answer)
    await approvals.queue.decided(ring.id, PATIENCE_MS, signal)
    return approvals.queue.find(ring.id)?.state !== 'pending'
  } finally {
    stop()
  }
}

/** A client that fails to ask, or whose person takes too long, is told in words instead. */
async function askedWithin(
  { ask, protocol }: Exchange,
  ring: Ring,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  if (!ask) return undefined
  const late = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
  const params = toQuestion(ring, protocol.era)
  const answer = ask({ method: 'elicitation/create', params }).catch((error: unknown) => {
    if (error instanceof GatewayError) return undefined
    throw error
  })
  return Promise.race([answer, late])
}

/** A form that was filled in counts for the agent's own user alone, and only where every rule says so. */
async function heard<R>({ deps, approvals, exchange }: Door<R>, ring: Ring, answer: Json | undefined): Promise<void> {
  if (ring.mode !== 'form' || !canShow(exchange, 'form')) return
  const { policy, agents } = deps.snapshot()
  await approveSelf({ approvals, document: policy.document, agents, exchange }, ring.id, answer)
}
