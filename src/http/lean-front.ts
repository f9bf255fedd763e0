import type { IncomingMessage, ServerResponse } from 'node:http'
import { checkHost, checkOrigin } from '../identity/origin.ts'
import { type Ender, ending } from '../kernel/ending.ts'
import type { Principal } from '../kernel/principal.ts'
import type { LeanHead, LeanReply } from '../mcp/lean.ts'
import type { McpHttp } from '../mcp/streamable-http.ts'
import type { HttpDeps } from './app.ts'
import { toCredentials } from './credentials.ts'
import type { First } from './listen.ts'
import { isPerson, MAX_BODY_BYTES, SECURITY_HEADERS } from './rules.ts'

export interface FrontDeps extends Pick<
  HttpDeps,
  'identity' | 'allowed' | 'hasToolset' | 'newId' | 'maxBodyBytes' | 'log'
> {
  readonly mcp: Pick<McpHttp, 'plain'>
}

/** `POST /mcp` and `POST /mcp/<toolset>`, without a query. */
const PATH = /^\/mcp(?:\/([A-Za-z0-9_-]{1,100}))?$/

const pathOf = (url: string | undefined): readonly string[] | null =>
  url === '/mcp' ? WITHOUT_TOOLSET : PATH.exec(url ?? '')

const WITHOUT_TOOLSET = ['/mcp']

const JSON_TYPES = new Set(['application/json', 'application/json; charset=utf-8', 'application/json;charset=utf-8'])

/**
 * Answers plain MCP requests without the objects of `fetch` and the application's middleware, after the same checks of host,
 * origin, identity and size. What is not plain in every respect, and whatever is refused, goes to the application as it came.
 */
export function leanFront(deps: FrontDeps): First {
  return (incoming, outgoing, rest) => {
    const asked = askedOf(deps, incoming)
    if (!asked) return false
    const fail = (error: unknown): void => {
      deps.log.error({ path: '/mcp' }, 'an MCP request failed', error)
      outgoing.destroy()
    }
    const header = (name: string): string | undefined => {
      const value = incoming.headers[name]
      return Array.isArray(value) ? value.join(', ') : value
    }
    admitted(deps, header, incoming.socket.remoteAddress)
      .then((principal) => {
        if (principal) serve(deps, { asked, principal, header, incoming, outgoing, rest, fail })
        else rest()
      })
      .catch(fail)
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
  const path = pathOf(incoming.url)
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

interface Serving {
  readonly asked: Asked
  readonly principal: Principal
  readonly header: (name: string) => string | undefined
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  /** Gives the request to the application. */
  readonly rest: () => void
  readonly fail: (error: unknown) => void
}

/** Callbacks and not promises, here and where the answer is sent: at the door each of them counts. */
function serve(deps: FrontDeps, serving: Serving): void {
  const { asked, header, incoming, outgoing, principal, fail } = serving
  read(incoming, asked.length, (body) => {
    const requestId = deps.newId()
    const request = headOf(header, outgoing)
    const answered = (reply: LeanReply | undefined): void => {
      if (reply) return send(outgoing, reply, requestId)
      // The application reads a body that was read before from here.
      Object.assign(incoming, { rawBody: body })
      serving.rest()
    }
    deps.mcp
      .plain({ request, text: body.toString(), principal, requestId, toolset: asked.toolset })
      .then(answered)
      .catch(fail)
  })
}

/** Undefined for whoever is to be refused: the application says so, and why. */
async function admitted(
  { allowed, identity }: FrontDeps,
  header: (name: string) => string | undefined,
  peer: string | undefined,
): Promise<Principal | undefined> {
  try {
    const { hosts, origins } = allowed()
    checkHost(header('host'), hosts)
    checkOrigin(header('origin'), origins)
    const principal = await identity.authenticate(toCredentials(header, peer))
    return isPerson(principal) ? undefined : principal
  } catch {
    return undefined
  }
}

/** The whole body; never when the client leaves before its end. Node holds a sender to the length that it announced. */
function read(incoming: IncomingMessage, length: number, done: (body: Buffer) => void): void {
  const chunks: Buffer[] = []
  incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
  incoming.on('end', () => {
    const [only = Buffer.alloc(0)] = chunks
    done(chunks.length > 1 ? Buffer.concat(chunks, length) : only)
  })
  incoming.on('error', () => undefined) // it has gone
}

/** Its ending comes when the client goes away before its answer; made for those who ask. */
function headOf(header: (name: string) => string | undefined, outgoing: ServerResponse): LeanHead {
  return {
    headers: {
      get: (name) => header(name.toLowerCase()) ?? null,
      has: (name) => header(name.toLowerCase()) !== undefined,
    },
    ending: () => endingOf(outgoing),
  }
}

function endingOf(outgoing: ServerResponse): Ender {
  const made = ending()
  if (outgoing.destroyed) made.end(GONE)
  outgoing.on('close', () => {
    if (!outgoing.writableFinished) made.end(GONE)
  })
  return made
}

const GONE = 'The client went away.'

/** Name and value in turns, as `writeHead` takes them soonest. */
const ALWAYS = Object.entries(SECURITY_HEADERS).flat()

function send(outgoing: ServerResponse, { status, headers, body }: LeanReply, requestId: string): void {
  const pieces = typeof body === 'string' ? undefined : body
  const length = pieces
    ? pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
    : Buffer.byteLength(body as string)
  const told = [...ALWAYS, 'x-request-id', requestId, 'content-length', String(length)]
  for (const name of Object.keys(headers)) told.push(name, headers[name] ?? '')
  outgoing.writeHead(status, told)
  if (!pieces) return void outgoing.end(body)
  outgoing.cork()
  for (const piece of pieces) outgoing.write(piece)
  outgoing.end()
}
