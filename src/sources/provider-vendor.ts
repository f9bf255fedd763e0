import { GatewayError } from '../kernel/errors.ts'
import type { Action, WireReply, WireRequest } from '../provider-kit/index.ts'
import type { Credential } from './provider-credential.ts'
import { toVendorError, toWireReply } from './provider-reply.ts'
import { toReadyRequest } from './provider-request.ts'
import type { ProviderConnection } from './provider-connection.ts'

const TIMEOUT_MS = 30_000
const MAX_BYTES = 10_000_000

/** The vendor behind a connection: one fixed address, one credential. */
export interface Vendor {
  readonly origin: string
  readonly host: string
  /** Sends one request of an action; throws what `failure` of the manifest recognises, as a GatewayError. */
  send(
    wire: WireRequest,
    action: Pick<Action, 'effect' | 'idempotent' | 'scopes'>,
    signal: AbortSignal,
  ): Promise<WireReply>
  /** Asks who we are; resolves at once where the manifest knows no such question, and when the answer is "not you". */
  probe(signal: AbortSignal): Promise<void>
}

const PROBE = { effect: 'read', idempotent: true, scopes: [] } as const

/** `onReauth` hears of every answer that means: this credential is dead. */
export function vendorFor(
  options: ProviderConnection & { readonly credential: Credential },
  onReauth: (error: GatewayError) => void,
): Vendor {
  const { provider, egress, credential, clock, allowPrivateNetwork } = options
  const base = toBaseUrl(options)
  const headers = { 'user-agent': `gatehouse/${options.version}`, accept: 'application/json', ...provider.headers }
  const send: Vendor['send'] = async (wire, action, signal) => {
    const ready = toReadyRequest(wire, action.effect, base, headers, credential)
    const reply = await egress.request({
      ...ready,
      signal,
      within: base,
      allowPrivateNetwork,
      idempotent: action.idempotent,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
      maxBytes: options.maxBytes ?? MAX_BYTES,
    })
    const wireReply = toWireReply(reply, base.host, (text) => credential.scrub(text))
    const failure = provider.failure(wireReply)
    if (!failure) return wireReply
    const error = toVendorError(failure, provider.title, action, clock)
    if (failure.kind === 'reauth') onReauth(error)
    throw error
  }
  return {
    origin: base.origin,
    host: base.host,
    send,
    probe: async (signal) => {
      if (provider.whoami) await send(provider.whoami.request, PROBE, signal).catch(unlessAlive)
    },
  }
}

/** A service that is busy, or a credential that may send but not read who it is, is alive all the same. */
const ALIVE = new Set<unknown>(['forbidden', 'missing_scope', 'rate_limit_exceeded'])

function unlessAlive(error: unknown): void {
  if (!(error instanceof GatewayError) || !ALIVE.has(error.data['reason'])) throw error
}

function toBaseUrl({ connection, provider, baseUrl, allowPrivateNetwork }: ProviderConnection): URL {
  const text = baseUrl ?? provider.baseUrl
  if (text === undefined) {
    throw new GatewayError(
      'config_invalid',
      `The connection ${connection} needs a baseUrl: ${provider.title} has none of its own.`,
    )
  }
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isWeb = url?.protocol === 'https:' || (url?.protocol === 'http:' && allowPrivateNetwork)
  if (!url || !isWeb || url.search || url.hash || url.username || url.password) {
    throw new GatewayError(
      'config_invalid',
      `The baseUrl of the connection ${connection} must be an https URL without query or user name` +
        (allowPrivateNetwork
          ? ' (http within a private network).'
          : '; for http in your own network set allowPrivateNetwork.'),
    )
  }
  return url
}
