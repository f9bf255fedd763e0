import {
  exchangeAuthorization,
  startAuthorization,
  validateAuthorizationResponseIssuer,
} from '@modelcontextprotocol/client'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import type { TokenSet } from '../kernel/token-set.ts'
import { joinScopes } from './mcp-auth-challenge.ts'
import { clientFor, type McpClientIdentity, type McpClients } from './mcp-auth-client.ts'
import { atServer, type McpAuthDeps, refusedWith } from './mcp-auth-deps.ts'
import { type McpAuthServer, readIssuer } from './mcp-auth-discover.ts'
import { toSdkClient, toTokenSet } from './mcp-auth-token.ts'

/** How an attempt to sign in is begun. */
export interface McpAttempt {
  readonly identity: McpClientIdentity
  readonly clients: McpClients
  /** Unguessable, for this attempt alone; whoever keeps the attempt binds it to the browser. */
  readonly state: string
  /** What was granted before and is wanted again, besides what the server asks for. */
  readonly scopes?: readonly string[]
}

/** What has to be kept, sealed, until the browser comes back. */
export interface McpPending {
  readonly state: string
  readonly issuer: string
  readonly resource: string
  readonly clientId: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** Whether the answer must name its issuer (RFC 9207 §3). */
  readonly issRequired: boolean
  /** PKCE (RFC 7636). */
  readonly codeVerifier: Secret
}

/** Begins a sign-in: `url` is for the person's browser, `pending` is for `finishMcpAuthorization`. Rejects like `clientFor`. */
export async function beginMcpAuthorization(
  server: McpAuthServer,
  { identity, clients, state, scopes: before }: McpAttempt,
  deps: McpAuthDeps,
  signal: AbortSignal,
): Promise<{ readonly url: URL; readonly pending: McpPending }> {
  const { issuer, resource, metadata } = server
  const { redirectUri } = identity
  const client = await clientFor(server, identity, clients, deps, signal)
  const scopes = joinScopes(before, server.scopes)
  const { authorizationUrl, codeVerifier } = await atServer(deps, signal, () =>
    startAuthorization(issuer, {
      metadata,
      clientInformation: toSdkClient(client),
      redirectUrl: redirectUri,
      state,
      resource,
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
    }),
  )
  return {
    url: authorizationUrl,
    pending: {
      state,
      issuer,
      resource,
      clientId: client.id,
      redirectUri,
      scopes,
      issRequired: metadata['authorization_response_iss_parameter_supported'] === true,
      codeVerifier: new Secret(codeVerifier),
    },
  }
}

/**
 * Ends a sign-in with the parameters of the redirect. The issuer is checked before anything else is believed (RFC 9207 §2.4)
 * and the code goes to the issuer that the person was sent to. Rejects with `invalid_state`, `invalid_issuer`, `access_denied`,
 * `invalid_grant` or `oauth_failed`; none of them shows what the answer says of itself.
 */
export async function finishMcpAuthorization(
  pending: McpPending,
  answer: URLSearchParams,
  clients: McpClients,
  deps: McpAuthDeps,
  signal: AbortSignal,
): Promise<TokenSet> {
  const { issuer, resource, clientId, redirectUri, scopes } = pending
  if (answer.get('state') !== pending.state) throw strayed('It belongs to another sign-in.')
  return atServer(deps, signal, async (fetchFn) => {
    const iss = answer.get('iss') ?? undefined
    validateAuthorizationResponseIssuer({ iss, expectedIssuer: issuer, issParameterSupported: pending.issRequired })
    const [code, error] = [answer.get('code'), answer.get('error')]
    if (error !== null) throw refusedWith(error)
    if (code === null) throw strayed('It has neither a code nor an error.')
    const client = await clients.get(issuer)
    if (client?.issuer !== issuer || client.id !== clientId) throw strayed('The client has changed meanwhile.')
    const metadata = await readIssuer(issuer, fetchFn)
    const tokens = await exchangeAuthorization(issuer, {
      metadata,
      clientInformation: toSdkClient(client),
      authorizationCode: code,
      ...(iss !== undefined && { iss }),
      codeVerifier: pending.codeVerifier.reveal(),
      redirectUri,
      resource,
      fetchFn,
    })
    return toTokenSet(tokens, scopes, { issuer, resource, clientId }, deps.clock)
  })
}

const strayed = (why: string): GatewayError =>
  new GatewayError('invalid_state', `The answer of the authorization server cannot be used. ${why} Begin again.`)
