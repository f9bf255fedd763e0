import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

/** A door in front of an emulated service, on loopback. */
export interface VendorGate {
  readonly url: string
  close(): Promise<void>
}

/** A request at the gate, read whole. */
export interface AtGate {
  readonly method: string
  readonly path: string
  readonly authorization: string
  readonly body: string
}

export interface GateOptions {
  /** The port of the emulator behind. */
  readonly port: number
  /** Good from the start. */
  readonly tokens?: readonly string[]
  /** The service's own way to refuse a token. */
  readonly refusal: { readonly status: number; readonly body: unknown }
  /** GET answers that the emulator does not know, by path. */
  readonly answers?: Readonly<Record<string, unknown>>
  readonly oauth?: GateOAuth
}

/** Where a service gives tokens out and takes them back. */
export interface GateOAuth {
  /** Paths that need no token, by their beginning. */
  readonly open: readonly string[]
  readonly tokenPath: string
  /** The emulator's paths where they are not the service's. */
  readonly rewrites?: Readonly<Record<string, string>>
  /** Of a request that revokes: the token, and the service's answer where the emulator has none. */
  revoked(request: AtGate): { readonly token: string; readonly answer?: Response } | undefined
}

const PASSED_ON = [
  'content-type',
  'link',
  'location',
  'set-cookie',
  'retry-after',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
]

/**
 * Emulators accept any token. Behind the gate only those are good that it has seen issued and has not seen revoked, so
 * that dead credentials can be seen too. All tokens of one grant die together.
 */
export async function vendorGate(options: GateOptions): Promise<VendorGate> {
  const good = ledger(options.tokens ?? [])
  const server = createServer((request, response) => {
    const answered = read(request).then((asked) => serve(options, good, asked, request))
    answered.then(
      async (reply) => {
        const headers = PASSED_ON.flatMap((name) => {
          const value = reply.headers.get(name)
          return value === null ? [] : [[name, value] as const]
        })
        response.writeHead(reply.status, Object.fromEntries(headers))
        response.end(Buffer.from(await reply.arrayBuffer()))
      },
      () => response.writeHead(502).end(),
    )
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

const NO_OAUTH: GateOAuth = { open: [], tokenPath: '', revoked: () => undefined }

async function serve(
  { port, refusal, answers = {}, oauth = NO_OAUTH }: GateOptions,
  good: Ledger,
  asked: AtGate,
  request: IncomingMessage,
): Promise<Response> {
  const { path, authorization } = asked
  const to = `http://127.0.0.1:${port}${(request.url ?? '').replace(path, oauth.rewrites?.[path] ?? path)}`
  const revoked = oauth.revoked(asked)
  if (revoked) {
    good.end(revoked.token)
    return revoked.answer ?? (await passOn(asked, request, to))
  }
  if (oauth.tokenPath === path) {
    const reply = await passOn(asked, request, to)
    good.issue(await reply.clone().json(), asked.body)
    return reply
  }
  const isOpen = oauth.open.some((start) => path.startsWith(start))
  if (!isOpen && !good.has(authorization.replace(/^Bearer /, ''))) {
    return Response.json(refusal.body, { status: refusal.status })
  }
  return Object.hasOwn(answers, path) ? Response.json(answers[path]) : await passOn(asked, request, to)
}

interface Ledger {
  has(token: string): boolean
  /** Remembers the tokens of an answer, as one grant with the refresh token that they were asked for with. */
  issue(answer: unknown, body: string): void
  end(token: string): void
}

function ledger(tokens: readonly string[]): Ledger {
  const grants = tokens.map((token) => new Set([token]))
  return {
    has: (token) => grants.some((grant) => grant.has(token)),
    issue(answer, body) {
      const used = new URLSearchParams(body).get('refresh_token') ?? ''
      const known = grants.find((grant) => grant.has(used))
      const grant = known ?? new Set<string>()
      for (const token of tokensIn(answer)) grant.add(token)
      if (!known) grants.push(grant)
    },
    end(token) {
      for (const grant of grants) if (grant.has(token)) grant.clear()
    },
  }
}

/** Services nest them. */
function tokensIn(answer: unknown): readonly string[] {
  if (typeof answer !== 'object' || answer === null) return []
  return Object.entries(answer).flatMap(([name, value]): readonly string[] =>
    typeof value === 'string' ? (/^(?:access|refresh)_token$/.test(name) ? [value] : []) : tokensIn(value),
  )
}

const read = async (request: IncomingMessage): Promise<AtGate> => ({
  method: request.method ?? 'GET',
  path: new URL(request.url ?? '/', 'http://gate.invalid').pathname,
  authorization: request.headers.authorization ?? '',
  body: (await buffer(request)).toString('latin1'),
})

async function passOn(
  { method, authorization, body }: AtGate,
  { headers }: IncomingMessage,
  to: string,
): Promise<Response> {
  return await fetch(to, {
    method,
    redirect: 'manual',
    headers: {
      authorization,
      ...(headers.accept ? { accept: headers.accept } : {}),
      ...(headers['content-type'] ? { 'content-type': headers['content-type'] } : {}),
      connection: 'close',
    },
    ...(body.length > 0 ? { body: Buffer.from(body, 'latin1') } : {}),
  })
}
