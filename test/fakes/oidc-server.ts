import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type ClientMetadata, type Configuration } from 'oidc-provider'

/** A strict authorization server: PKCE is demanded, refresh tokens rotate, and reuse of an old one ends the grant. */
export interface OidcServer {
  readonly issuer: string
  /** Whether the server itself still takes an access token. */
  isLive(accessToken: string): Promise<boolean>
  /** How many token requests it got. */
  tokenRequests(): number
  close(): Promise<void>
}

/** A client of the server, secret and all. */
export const CLIENT = { id: 'gatehouse', secret: 'oidc-client-secret-0123456789' } as const

export async function oidcServer(
  redirectUris: readonly string[],
  more: Partial<ClientMetadata> = {},
  scopes: readonly string[] = ['openid', 'offline_access', 'notes.read', 'notes.write'],
): Promise<OidcServer> {
  const http = createServer()
  await new Promise<void>((listening) => http.listen(0, '127.0.0.1', listening))
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const provider = new Provider(issuer, configuration(redirectUris, more, scopes))
  let tokenRequests = 0
  provider.use(async (context, next) => {
    if (context.path === '/token') tokenRequests++
    await next()
  })
  const answer = provider.callback()
  http.on('request', (request, response) => void answer(request, response))
  return {
    issuer,
    tokenRequests: () => tokenRequests,
    async isLive(accessToken) {
      const reply = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } })
      await reply.body?.cancel()
      return reply.status === 200
    },
    close: () =>
      new Promise((closed) => {
        http.close(() => closed())
        http.closeAllConnections()
      }),
  }
}

const configuration = (
  redirectUris: readonly string[],
  more: Partial<ClientMetadata>,
  scopes: readonly string[],
): Configuration => ({
  clients: [
    {
      client_id: CLIENT.id,
      client_secret: CLIENT.secret,
      redirect_uris: [...redirectUris],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'openid offline_access notes.read',
      ...more,
    },
  ],
  scopes: [...scopes],
  pkce: { required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: () => true,
  features: {
    devInteractions: { enabled: true },
    revocation: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true },
  },
  cookies: { keys: ['only for tests'] },
  ttl: { AccessToken: 600, AuthorizationCode: 60, RefreshToken: 3_600, Grant: 3_600, Session: 3_600, Interaction: 600 },
})
