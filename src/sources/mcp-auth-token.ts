import type { OAuthTokens } from '@modelcontextprotocol/client'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { Secret } from '../kernel/secret.ts'
import type { TokenSet } from '../kernel/token-set.ts'
import { toScopes } from './mcp-auth-challenge.ts'
import type { McpClient } from './mcp-auth-client.ts'

/** The ways of RFC 7591 §2 that the gateway speaks. */
export type TokenAuthMethod = 'client_secret_basic' | 'client_secret_post' | 'none'

/** What a token set remembers of where it is from: it is refreshed there and used there, nowhere else. */
export interface GrantedBy extends JsonObject {
  readonly issuer: string
  readonly resource: string
  readonly clientId: string
}

/** A longer life than a year is one that nobody can plan with. */
const MAX_LIFE_S = 366 * 24 * 3_600

/** The grant as everything else of the house holds it. Throws `upstream_invalid` for a token that is none for HTTP. */
export function toTokenSet(tokens: OAuthTokens, asked: readonly string[], by: GrantedBy, clock: Clock): TokenSet {
  const { access_token: token, refresh_token: refresh, expires_in: life, scope } = tokens
  if (tokens.token_type.toLowerCase() !== 'bearer' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new GatewayError('upstream_invalid', 'The authorization server gave a token that is no bearer token.')
  }
  return {
    accessToken: new Secret(token),
    ...(refresh !== undefined && { refreshToken: new Secret(refresh) }),
    ...(life !== undefined && { expiresAt: clock() + Math.max(0, Math.min(life, MAX_LIFE_S)) * 1_000 }),
    scopes: scope === undefined ? asked : toScopes(scope),
    captured: by,
  }
}

/** The client as the SDK takes it. */
export const toSdkClient = ({ id, secret, method }: McpClient) => ({
  client_id: id,
  redirect_uris: [],
  ...(secret && { client_secret: secret.reveal() }),
  ...(method && { token_endpoint_auth_method: method }),
})
