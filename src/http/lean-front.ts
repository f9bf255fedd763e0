import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkHost, checkOrigin } from '../identity/origin.ts'
import type { LeanReply } from '../mcp/lean.ts'
import type { McpHttp } from '../mcp/streamable-http.ts'
import { type HttpDeps, MAX_BODY_BYTES, refusePerson, SECURITY_HEADERS } from './app.ts'
import { toCredentials } from './credentials.ts'
import type { First } from './listen.ts'

export interface FrontDeps extends Pick<
  HttpDeps,
  'identity' | 'allowed' | 'hasToolset' | 'newId' | 'maxBodyBytes' | 'log'
> {
  readonly mcp: Pick<McpHttp, 'plain'>
}

/** `POST /mcp` and `POST /mcp/<toolset>`, without a query. */
const PATH = /^\/mcp(?:\/([A-Za-z0-9_-]{1,100}))?$/

const JSON_TYPES = new Set(['application/json', 'application/json; charset=utf-8', 'application/json;charset=utf-8'])

/**
 * Answers plain MCP requests without the objects of `fetch` and the application's middleware, after the same checks of host,
 * origin, identity and size. What is not plain in every respect, and whatever is refused, goes to the application as it came.
 */
export function leanFront(deps: FrontDeps): First {
  return (incoming, outgoing, rest) => {
    const asked = askedOf(deps, incoming)
    if (!asked) return false
    serve(deps, asked, incoming, outgoing).then(
      (served) => served || rest(),
      (error: unknown) => {
        deps.log.error({ path: '/mcp' }, 'an MCP request failed', error)
        outgoing.destroy()
      },
    )
    return true
  }
}

interface Asked {
  readonly toolset: string | undefined
  readonly length: number
}

/** The one table of ways: what its first line and headers say of a request. */
function askedOf(
  { hasToolset, maxBodyBytes = MAX_BODY_BYTES }: FrontDeps,
  incoming: IncomingMessage,
): Asked | undefined {
  if (incoming.method !== 'POST') return undefined
  const path = PATH.exec(incoming.url ?? '')
  if (!path) return undefined
  const [, toolset] = path
  if (toolset !== undefined && hasToolset?.(toolset) !== true) return undefined
  const { headers, rawHeaders } = incoming
  const length = Number(headers['content-length'])
  const isPlain =
    JSON_TYPES.has(headers['content-type'] ?? '') &&
    headers['transfer-encoding'] === undefined &&
    headers['content-encoding'] === undefined &&
    Object.keys(headers).length * 2 === rawHeaders.length // none stands twice
  return isPlain && length > 0 && length <= maxBodyBytes ? { toolset, length } : undefined
}

async function serve(
  deps: FrontDeps,
  { toolset, length }: Asked,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<boolean> {
  const header = (name: string): string | undefined => {
    const value = incoming.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  const principal = await admitted(deps, header, incoming.socket.remoteAddress)
  if (!principal) return false
  const body = await read(incoming, length)
  if (!body) return true // it has gone
  const requestId = deps.newId()
  const request = {
    headers: headersOf(header),
    get signal() {
      return goneSignal(outgoing)
    },
  }
  const reply = await deps.mcp.plain({ request, text: body.toString(), principal, requestId, toolset })
  if (reply) send(outgoing, reply, requestId)
  // The application reads a body that was read before from here.
  else Object.assign(incoming, { rawBody: body })
  return reply !== undefined
}

/** Undefined for whoever is to be refused: the application says so, and why. */
async function admitted(
  { allowed, identity }: FrontDeps,
  header: (name: string) => string | undefined,
  peer: string | undefined,
) {
  try {
    const { hosts, origins } = allowed()
    checkHost(header('host'), hosts)
    checkOrigin(header('origin'), origins)
    const principal = await identity.authenticate(toCredentials(header, peer))
    refusePerson(principal)
    return principal
  } catch {
    return undefined
  }
}

/** The whole body; undefined when the client left before its end. Node holds a sender to the length that it announced. */
const read = (incoming: IncomingMessage, length: number): Promise<Buffer | undefined> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = []
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
    incoming.once('end', () => {
      const [only = Buffer.alloc(0)] = chunks
      resolve(chunks.length > 1 ? Buffer.concat(chunks, length) : only)
    })
    incoming.once('error', () => resolve(undefined))
    incoming.once('close', () => resolve(undefined))
  })

const headersOf = (header: (name: string) => string | undefined) => ({
  get: (name: string) => header(name.toLowerCase()) ?? null,
  has: (name: string) => header(name.toLowerCase()) !== undefined,
})

/** Aborts when the client goes away before its answer. Made for those who ask: most requests need none. */
function goneSignal(outgoing: ServerResponse): AbortSignal {
  const controller = new AbortController()
  if (outgoing.destroyed) controller.abort()
  outgoing.once('close', () => {
    if (!outgoing.writableFinished) controller.abort()
  })
  return controller.signal
}

function send(outgoing: ServerResponse, { status, headers, body }: LeanReply, requestId: string): void {
  const pieces = typeof body === 'string' ? undefined : body
  const length = pieces
    ? pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
    : Buffer.byteLength(body as string)
  outgoing.writeHead(status, { ...SECURITY_HEADERS, 'x-request-id': requestId, ...headers, 'content-length': length })
  if (!pieces) return void outgoing.end(body)
  outgoing.cork()
  for (const piece of pieces) outgoing.write(piece)
  outgoing.end()
}
