import { errors, jwtVerify, type JWTPayload } from 'jose'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Role } from '../kernel/principal.ts'
import { asName, asNames, claimAt, scopesOf } from './claims.ts'
import { issuerKeys } from './issuer-keys.ts'

/** Longer ones do not fit into the headers that servers accept anyway. */
const MAX_TOKEN_CHARS = 16_384

/** The `identity.jwt` section of the configuration. */
export interface JwtSettings {
  readonly issuer: string
  readonly jwksUrl: string
  readonly audience?: string | undefined
  /** Asymmetric ones only. */
  readonly algorithms: readonly string[]
  /** JSON Pointers into the claims. */
  readonly agentClaim: string
  readonly userClaim: string
  readonly groupsClaim: string
  /** Agents by the value of the claim, where it is not the agent's id. */
  readonly agents: Readonly<Record<string, string>>
  /** Milliseconds. */
  readonly clockTolerance: number
  readonly scopes: readonly string[]
  readonly authorizationServers?: readonly string[] | undefined
  /** People who sign in with the identity provider; absent when only agents do. */
  readonly roles?: RoleSettings | undefined
}

/** Which tokens are people's, and which roles they have. */
export interface RoleSettings {
  /**
   * The clients with which people sign in. Tokens of any other client are an agent's, whatever their claims say: an agent
   * that acts for an admin is no admin.
   */
  readonly clients: readonly string[]
  /** JSON Pointer into the claims. */
  readonly claim: string
  /** Roles by a value of that claim. */
  readonly values: Readonly<Record<string, readonly Role[]>>
}

/** What a valid token says. */
export interface TokenFacts {
  /** Id of the agent; whether it is registered is for others to check. */
  readonly agent: string
  readonly user?: string
  readonly groups: readonly string[]
  readonly claims: JsonObject
  /** There for the token of a person, and then it is no agent's; possibly empty. */
  readonly roles?: readonly Role[]
}

export interface JwtVerifier {
  /** GatewayError `unauthenticated` for a bad token, `forbidden` for one without the scopes that we ask for. */
  verify(token: string): Promise<TokenFacts>
  readonly scopes: readonly string[]
  readonly authorizationServers: readonly string[]
}

export interface JwtVerifierDeps {
  readonly settings: JwtSettings
  /** Our canonical URL: the audience of tokens unless the settings name another (RFC 8707). */
  readonly resource: URL
  /** Guarded, with a cap on bodies. */
  readonly fetch: typeof globalThis.fetch
  readonly clock: Clock
}

/** Verifies access tokens of one issuer (RFC 7519, RFC 9068; algorithms as in RFC 8725 §3.1). */
export function jwtVerifier({ settings, resource, fetch, clock }: JwtVerifierDeps): JwtVerifier {
  const keys = issuerKeys({ url: new URL(settings.jwksUrl), fetch, clock })
  const audience = settings.audience ?? resource.href
  return {
    scopes: settings.scopes,
    authorizationServers: settings.authorizationServers ?? [settings.issuer],
    async verify(token) {
      if (token.length > MAX_TOKEN_CHARS) throw refused('The access token is too long.')
      const options = {
        issuer: settings.issuer,
        audience,
        algorithms: [...settings.algorithms],
        clockTolerance: settings.clockTolerance / 1_000,
        requiredClaims: ['exp'],
        currentDate: new Date(clock()),
      }
      const { payload } = await jwtVerify(token, keys, options).catch((error: unknown) => {
        throw toRefusal(error, audience)
      })
      requireScopes(payload as JsonObject, settings.scopes)
      return toFacts(payload, settings)
    },
  }
}

function toFacts(payload: JWTPayload, settings: JwtSettings): TokenFacts {
  const claims = payload as JsonObject
  const client = asName(claimAt(claims, settings.agentClaim))
  if (client === undefined) {
    throw refused(`The access token names no agent: its claim ${settings.agentClaim} is missing or no text.`)
  }
  const user = asName(claimAt(claims, settings.userClaim))
  return {
    agent: (Object.hasOwn(settings.agents, client) ? settings.agents[client] : undefined) ?? client,
    // A token that a client got for itself has the client as its subject (RFC 9068 §2.2).
    ...(user === undefined || user === client ? {} : { user }),
    groups: asNames(claimAt(claims, settings.groupsClaim)),
    claims,
    ...(settings.roles?.clients.includes(client) === true && { roles: rolesIn(claims, settings.roles) }),
  }
}

const rolesIn = (claims: JsonObject, { claim, values }: RoleSettings): readonly Role[] => [
  ...new Set(
    asNames(claimAt(claims, claim)).flatMap((name) => (Object.hasOwn(values, name) ? (values[name] ?? []) : [])),
  ),
]

function requireScopes(claims: JsonObject, wanted: readonly string[]): void {
  const granted = scopesOf(claims)
  const missing = wanted.filter((scope) => !granted.has(scope))
  if (missing.length === 0) return
  const detail = `The access token lacks the scope ${missing.join(' ')}. Ask the identity provider for it.`
  throw new GatewayError('forbidden', detail, { data: { error: 'insufficient_scope', scope: wanted.join(' ') } })
}

const refused = (detail: string, cause?: unknown): GatewayError =>
  new GatewayError('unauthenticated', detail, { cause, data: { error: 'invalid_token' } })

function toRefusal(error: unknown, audience: string): GatewayError {
  if (error instanceof GatewayError) return error
  if (error instanceof errors.JWTExpired) return refused('The access token has expired. Get a new one.', error)
  if (!(error instanceof errors.JWTClaimValidationFailed)) {
    return refused('The access token is not valid: its form, its signature or its key cannot be accepted.', error)
  }
  if (error.claim === 'aud')
    return refused(`The access token is not for this gateway: ask for one with resource ${audience}.`, error)
  if (error.claim === 'iss') return refused('The access token is from another issuer than the one trusted here.', error)
  if (error.claim === 'nbf') return refused('The access token is not valid yet. Check the clocks.', error)
  return refused(`The access token's claim "${error.claim}" is missing or not valid.`, error)
}
