import type { Credentials, Lease } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Action, VendorFailure, WireReply, WireRequest } from '../provider-kit/index.ts'
import { hasScopes } from '../provider-kit/scopes.ts'
import { originOf, type ProviderPlace } from './provider-address.ts'
import { toCredential } from './provider-credential.ts'
import { toReason, toScopeError, toVendorError, toWireReply, type Telling } from './provider-reply.ts'
import { toReadyRequest } from './provider-request.ts'
import { methodOf } from '../provider-kit/method-of.ts'

const TIMEOUT_MS = 30_000
const MAX_BYTES = 10_000_000

type Asking = Pick<Action, 'effect' | 'idempotent' | 'scopes'>

/** The vendor behind a connection for one call: one address, one subject's credential. */
export interface Vendor {
  readonly host: string
  /** Sends one request of an action; throws what `failure` of the manifest recognises, as a GatewayError. */
  send(wire: WireRequest, action: Asking, signal: AbortSignal): Promise<WireReply>
  /** Rejects unless there is a credential that requests could be made with; sends none. */
  ready(signal: AbortSignal): Promise<void>
}

/** For whom requests are made. */
export interface Caller {
  /** Whose limits at the vendor they use; left out, those of the shared credential. */
  readonly account?: string
  /** Headers of every request, such as the trace that the call belongs to. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What the vendor said to one request. */
interface Said {
  readonly reply: WireReply
  readonly failure: VendorFailure | undefined
}

/**
 * Leases once for the call. A credential that the vendor refuses is renewed and the request sent again, once: it was not
 * done. One that is refused then, or has no newer one, is reported. `onDead` hears why, maybe more than once, whenever only a
 * person can help.
 */
export function vendorFor(
  place: ProviderPlace,
  credentials: Credentials,
  onDead: (error: GatewayError) => void,
  caller: Caller = {},
): Vendor {
  const asking: Place = { ...place, caller }
  const to: Telling = { title: place.provider.title, ownership: place.ownership, clock: place.clock }
  let leasing: Promise<Lease> | undefined
  const lease = (signal: AbortSignal): Promise<Lease> => (leasing ??= credentials.lease(signal))

  async function send(wire: WireRequest, action: Asking, signal: AbortSignal): Promise<WireReply> {
    const first = await lease(signal)
    const said = await ask(asking, wire, action, first, signal)
    if (said.failure?.kind !== 'reauth') return settled(said, action, to)
    const next = await credentials.renew(first, signal)
    if (!next) return await dead(first, said.failure, action)
    leasing = Promise.resolve(next)
    const again = await ask(asking, wire, action, next, signal)
    return again.failure?.kind === 'reauth' ? await dead(next, again.failure, action) : settled(again, action, to)
  }
  async function dead(refused: Lease, failure: VendorFailure, action: Asking): Promise<never> {
    const error = toVendorError(failure, action, to)
    onDead(error)
    await credentials.report(refused, toReason(failure, to))
    throw error
  }
  return {
    host: originOf(place, methodOf(place.provider, place.method)).host,
    send: (wire, action, signal) => hearing(() => send(wire, action, signal), onDead),
    ready: (signal) => hearing(async () => void toCredential(place, await lease(signal)), onDead),
  }
}

/** Tells of a failure that only a person can repair. */
async function hearing<T>(work: () => Promise<T>, onDead: (error: GatewayError) => void): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GatewayError && error.data['reauth'] === true) onDead(error)
    throw error
  }
}

function settled({ reply, failure }: Said, action: Asking, to: Telling): WireReply {
  if (failure) throw toVendorError(failure, action, to)
  return reply
}

interface Place extends ProviderPlace {
  readonly caller: Caller
}

/** One request with one lease. What the lease is known not to be granted is not sent. */
async function ask(place: Place, wire: WireRequest, action: Asking, lease: Lease, signal: AbortSignal): Promise<Said> {
  const { provider, ownership, clock, allowPrivateNetwork, connection, caller } = place
  if (lease.scopes && !hasScopes(action.scopes, new Set(lease.scopes))) {
    throw toScopeError(action, lease.scopes, { title: provider.title, ownership, clock })
  }
  const credential = toCredential(place, lease)
  const { base } = credential
  const headers = {
    'user-agent': `gatehouse/${place.version}`,
    accept: 'application/json',
    ...provider.headers,
    ...caller.headers,
  }
  const reply = await place.egress.request({
    ...(await credential.apply(toReadyRequest(wire, action.effect, base, headers))),
    signal,
    within: base,
    lane: connection,
    ...(caller.account !== undefined && { account: caller.account }),
    allowPrivateNetwork,
    idempotent: action.idempotent,
    timeoutMs: place.timeoutMs ?? TIMEOUT_MS,
    maxBytes: place.maxBytes ?? MAX_BYTES,
  })
  const wireReply = toWireReply(reply, base.host, (text) => credential.scrub(text))
  return { reply: wireReply, failure: provider.failure(wireReply) }
}
