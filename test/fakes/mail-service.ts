import { buffer } from 'node:stream/consumers'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CLIENT, oidcServer } from './oidc-server.ts'

/** Mail behind the strict authorization server: a mailbox opens to tokens that it still takes, and to no other. */
export interface MailService {
  readonly url: string
  /** Member of `oauthClients`. */
  readonly client: object
  /** Every access and refresh token that was given out, the newest last. */
  readonly issued: { readonly access: string; readonly refresh: string }[]
  /** How often tokens were asked for with a refresh token. */
  refreshes(): number
  /** The `Authorization` of each request that reached the mailbox. */
  readonly seen: string[]
  /** Holds answers of the token endpoint back until it is resolved. */
  hold: Promise<void> | undefined
  /** Holds answers of the mailbox back. */
  holdMail: Promise<void> | undefined
  /** The person ends the newest grant in their account. */
  revoke(): Promise<void>
  isLive(token: string): Promise<boolean>
  close(): Promise<void>
}

const GMAIL = 'https://www.googleapis.com/auth/gmail'
const SCOPES = [
  'openid',
  'https://www.googleapis.com/auth/userinfo.email',
  ...['readonly', 'send', 'compose', 'modify', 'metadata', 'labels'].map((name) => `${GMAIL}.${name}`),
]

export async function mailService(redirectUri: string): Promise<MailService> {
  const oidc = await oidcServer(
    [redirectUri],
    { token_endpoint_auth_method: 'client_secret_post', scope: SCOPES.join(' ') },
    SCOPES,
  )
  const issued: { access: string; refresh: string }[] = []
  const seen: string[] = []
  let refreshes = 0
  const send = (response: ServerResponse, status: number, body: unknown): void =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  const post = (path: string, body: string): Promise<Response> =>
    fetch(`${oidc.issuer}${path}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    })
  const token = async (body: string, response: ServerResponse): Promise<void> => {
    if (new URLSearchParams(body).get('grant_type') === 'refresh_token') refreshes++
    const reply = await post('/token', body)
    const answer = (await reply.json()) as { access_token?: string; refresh_token?: string }
    if (answer.access_token !== undefined) {
      issued.push({ access: answer.access_token, refresh: answer.refresh_token ?? '' })
    }
    await service.hold
    send(response, reply.status, answer)
  }
  const end = async (form: URLSearchParams): Promise<Response> =>
    post(
      '/token/revocation',
      new URLSearchParams({
        token: form.get('token') ?? '',
        client_id: CLIENT.id,
        client_secret: CLIENT.secret,
      }).toString(),
    )
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = (await buffer(request)).toString()
    if (request.url === '/token') return token(body, response)
    if (request.url === '/revoke') return void response.writeHead((await end(new URLSearchParams(body))).status).end()
    const { authorization = '' } = request.headers
    seen.push(authorization)
    await service.holdMail
    const access = authorization.replace('Bearer ', '')
    if (!(await oidc.isLive(access))) return send(response, 401, { error: { code: 401, status: 'UNAUTHENTICATED' } })
    const me = await fetch(`${oidc.issuer}/me`, { headers: { authorization } })
    const { sub } = (await me.json()) as { sub: string }
    send(response, 200, { emailAddress: `${sub}@mail.example`, messagesTotal: 3, threadsTotal: 2, historyId: '1' })
  }
  const server = createServer((request, response) => void serve(request, response))
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const service: MailService = {
    url,
    client: {
      clientId: CLIENT.id,
      clientSecret: { env: 'MAIL_CLIENT_SECRET' },
      authorizeUrl: `${oidc.issuer}/auth`,
      tokenUrl: `${url}/token`,
      revokeUrl: `${url}/revoke`,
    },
    issued,
    refreshes: () => refreshes,
    seen,
    hold: undefined,
    holdMail: undefined,
    async revoke() {
      await end(new URLSearchParams({ token: issued.at(-1)?.refresh ?? '' }))
    },
    isLive: oidc.isLive,
    async close() {
      server.closeAllConnections()
      await new Promise<void>((closed) => void server.close(() => closed()))
      await oidc.close()
    },
  }
  return service
}
