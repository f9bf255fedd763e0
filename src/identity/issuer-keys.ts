import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'

const MAX_AGE_MS = 600_000
/** An issuer that cannot be reached does not lock everybody out at once; a key that it withdrew lives no longer than this. */
const MAX_STALE_MS = 3_600_000
/** Tokens with made-up key ids cannot make us ask the issuer more often than this. */
const COOLDOWN_MS = 30_000
const RETRY_MS = 5_000
const TIMEOUT_MS = 5_000

export interface IssuerKeysOptions {
  readonly url: URL
  /** Guarded and with a cap on the body: the address comes from the configuration, the answer from elsewhere. */
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
}

interface KeySet {
  readonly find: ReturnType<typeof createLocalJWKSet>
  readonly fetchedAt: number
}

/**
 * Finds the public key for a token in the issuer's JWKS (RFC 7517), which is kept for ten minutes and fetched again for an
 * unknown key id. GatewayError `upstream_failed` when there are no keys to be had: not the caller's fault, so no 401.
 */
export function issuerKeys({ url, fetch, clock }: IssuerKeysOptions): JWTVerifyGetKey {
  let keys: KeySet | undefined
  let attemptedAt = -Infinity
  let pending: Promise<void> | undefined

  const refresh = async (): Promise<void> => {
    attemptedAt = clock()
    keys = { find: createLocalJWKSet(await fetchKeySet(url, fetch)), fetchedAt: clock() }
  }
  const refreshOnce = (): Promise<void> => {
    pending ??= refresh().finally(() => (pending = undefined))
    return pending
  }
  const age = (): number => (keys ? clock() - keys.fetchedAt : Infinity)
  const mayAsk = (): boolean =>
    pending !== undefined || clock() - attemptedAt >= (age() < MAX_AGE_MS ? COOLDOWN_MS : RETRY_MS)

  const current = async (): Promise<KeySet> => {
    const failure =
      age() > MAX_AGE_MS && mayAsk() ? await refreshOnce().catch((error: unknown) => ({ error })) : undefined
    if (keys && age() <= MAX_STALE_MS) return keys
    throw unavailable(url, failure?.error)
  }
  return async (header, token) => {
    const { find } = await current()
    try {
      return await find(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !mayAsk()) throw error
      await refreshOnce().catch((cause: unknown) => {
        throw unavailable(url, cause)
      })
      return await (await current()).find(header, token)
    }
  }
}

async function fetchKeySet(url: URL, fetch: IssuerKeysOptions['fetch']): Promise<JSONWebKeySet> {
  const response = await fetch(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the issuer answered ${response.status}`)
  }
  return (await response.json()) as JSONWebKeySet
}

const unavailable = (url: URL, cause: unknown): GatewayError =>
  new GatewayError(
    'upstream_failed',
    `The identity provider's keys cannot be fetched from ${url.host}. Try again soon; if it stays, an admin should check identity.jwt.jwksUrl.`,
    { cause, data: { retryAfterMs: RETRY_MS } },
  )
