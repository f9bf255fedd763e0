import type { TokenEndpointResponse } from 'oauth4webapi'
import type { Clock } from '../../kernel/clock.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { Secret } from '../../kernel/secret.ts'
import type { TokenSet } from '../../kernel/token-set.ts'
import { at } from '../../provider-kit/pointer.ts'
import type { OAuthSpec } from '../../provider-kit/provider.ts'
import { scopesOf } from './scopes.ts'

/** What was had before, and what was asked for now. */
export interface GrantContext {
  readonly asked: readonly string[]
  readonly previous?: TokenSet | undefined
  readonly captured: JsonObject
}

/** Nothing lives longer for us; a later date would not be a date. Seconds. */
const HUNDRED_YEARS = 3_155_760_000

/** The token set of an answer. What it leaves out stays as it was (RFC 6749 §5.1 and §6). */
export function toTokenSet(
  spec: OAuthSpec,
  granted: TokenEndpointResponse,
  answer: JsonObject,
  context: GrantContext,
  clock: Clock,
): TokenSet {
  const { previous, asked, captured } = context
  const now = clock()
  const refreshToken = spec.refresh === 'none' ? undefined : granted.refresh_token
  const scopes = granted.scope === undefined ? (previous?.scopes ?? asked) : scopesOf(granted.scope)
  return {
    accessToken: new Secret(granted.access_token),
    refreshToken: refreshToken === undefined ? previous?.refreshToken : new Secret(refreshToken),
    expiresAt: endOf(now, granted.expires_in, spec.lifetimeMs),
    refreshExpiresAt:
      refreshToken === undefined
        ? previous?.refreshExpiresAt
        : endOf(now, refreshSeconds(spec, answer), spec.refreshLifetimeMs),
    ...(scopes.length > 0 ? { scopes } : {}),
    captured: { ...previous?.captured, ...captured },
  }
}

function endOf(now: number, seconds: number | undefined, lifetimeMs: number | undefined): number | undefined {
  if (seconds !== undefined) return now + Math.floor(Math.min(seconds, HUNDRED_YEARS) * 1_000)
  return lifetimeMs === undefined ? undefined : now + lifetimeMs
}

function refreshSeconds(spec: OAuthSpec, answer: JsonObject): number | undefined {
  const seconds = Number(at(answer, spec.refreshExpiresInAt ?? '/refresh_token_expires_in') ?? 0)
  return seconds > 0 ? seconds : undefined
}
