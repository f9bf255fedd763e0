import { createHash, randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** One request as the authorization server got it. */
export interface AuthorizationRequest {
  readonly path: string
  readonly query: URLSearchParams
  readonly body: string
  readonly authorization: string | undefined
}

/** A strict authorization server: codes work once and with their PKCE verifier, refresh tokens rotate, and reuse ends the grant. */
export interface FakeAuthorizationServer {
  readonly issuer: string
  readonly requests: AuthorizationRequest[]
  /** Joined with the metadata; `undefined` takes a member out. */
  metadata: Record<string, unknown>
  /** Changes the parameters of the redirect. */
  redirect: (answer: URLSearchParams) => void
  /** Answers in its place; false leaves the request to it. */
  instead: (path: string, response: ServerResponse) => boolean
  /** Whether an access token is one of its own. */
  knows(token: string): boolean
  close(): Promise<void>
}

interface Grant {
  readonly challenge: string
  readonly clientId: string
  readonly redirectUri: string
  readonly resource: string
  readonly scope: string
}

export async function fakeAuthorizationServer(): Promise<FakeAuthorizationServer> {
  const requests: AuthorizationRequest[] = []
  const codes = new Map<string, Grant>()
  const refreshTokens = new Map<string, Grant>()
  const spent = new Set<string>()
  const tokens = new Set<string>()
  let issuer = ''

  const granted = (grant: Grant): object => {
    const [access, refresh] = [randomUUID(), randomUUID()]
    tokens.add(access)
    refreshTokens.set(refresh, grant)
    return { access_token: access, token_type: 'Bearer', expires_in: 3600, refresh_token: refresh, scope: grant.scope }
  }
  const token = (form: URLSearchParams): object | undefined => {
    const isCode = form.get('grant_type') === 'authorization_code'
    const key = form.get(isCode ? 'code' : 'refresh_token') ?? ''
    const grant = (isCode ? codes : refreshTokens).get(key)
    if (spent.has(key)) refreshTokens.clear()
    spent.add(key)
    const verifier = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (!grant || form.get('resource') !== grant.resource) return undefined
    if (isCode && (verifier !== grant.challenge || form.get('redirect_uri') !== grant.redirectUri)) return undefined
    ;(isCode ? codes : refreshTokens).delete(key)
    return granted(grant)
  }
  const authorize = (query: URLSearchParams): string => {
    const value = (name: string): string => query.get(name) ?? ''
    const code = randomUUID()
    codes.set(code, {
      challenge: value('code_challenge'),
      clientId: value('client_id'),
      redirectUri: value('redirect_uri'),
      resource: value('resource'),
      scope: value('scope'),
    })
    const answer = new URLSearchParams({ code, state: value('state'), iss: issuer })
    fake.redirect(answer)
    return `${value('redirect_uri')}?${answer.toString()}`
  }
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', issuer)
    const body = await text(request)
    requests.push({ path, query, body, authorization: request.headers.authorization })
    const send = (status: number, value: object): void =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
    if (fake.instead(path, response)) return
    if (path === '/.well-known/oauth-authorization-server') send(200, fake.metadata)
    else if (path === '/register')
      send(201, { ...JSON.parse(body), client_id: `client-${requests.length}`, client_secret: 's3cret' })
    else if (path === '/authorize') response.writeHead(302, { location: authorize(query) }).end()
    else if (path === '/token') {
      const answer = token(new URLSearchParams(body))
      send(answer ? 200 : 400, answer ?? { error: 'invalid_grant', error_description: 'evil words' })
    } else send(404, {})
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const fake: FakeAuthorizationServer = {
    issuer,
    requests,
    metadata: {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      token_endpoint_auth_methods_supported: ['client_secret_basic', 'none'],
    },
    redirect: () => undefined,
    instead: () => false,
    knows: (candidate) => tokens.has(candidate),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
  return fake
}
