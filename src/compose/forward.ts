import { Agent, type IncomingHttpHeaders, type IncomingMessage, request as send, type ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { Pool } from 'undici'
import { ownerGone } from '../cluster/link.ts'
import { PEER_HEADER } from './peer.ts'

/** Headers of one hop (RFC 9110 §7.6.1), and what a caller must not say of itself. */
const HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  PEER_HEADER,
])

/** Hands requests to the owner as they are, over its Unix socket, and its answers back as they come. */
export interface Forwarder {
  /** A request whose body has been read. Throws `overloaded` when the owner cannot be reached. */
  whole(request: Request, text: string | undefined, peer: string | undefined): Promise<Response>
  /** A request of which nothing has been read; `gone` answers when the owner cannot be reached. */
  stream(request: IncomingMessage, response: ServerResponse, gone: () => void): void
  close(): Promise<void>
}

export function forwarder(socketPath: string): Forwarder {
  // Streams of the owner last as long as clients want them; each takes a connection.
  const pool = new Pool('http://owner', {
    socketPath,
    connections: null,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  return {
    async whole(request, text, peer) {
      const { pathname, search } = new URL(request.url)
      try {
        const { statusCode, headers, body } = await pool.request({
          method: toMethod(request.method),
          path: `${pathname}${search}`,
          headers: { ...passedOn(Object.fromEntries(request.headers), text), ...(peer && { [PEER_HEADER]: peer }) },
          ...(text !== undefined && { body: text }),
          signal: request.signal,
        })
        const answer = NO_BODY.has(statusCode) ? null : (Readable.toWeb(body) as ReadableStream<Uint8Array>)
        return new Response(answer, { status: statusCode, headers: answered(headers) })
      } catch (cause) {
        if (request.signal.aborted) throw cause
        throw ownerGone()
      }
    },
    stream(request, response, gone) {
      const { method, url, headers, socket } = request
      const peer = socket.remoteAddress
      const onward = send({
        socketPath,
        agent,
        method,
        path: url,
        headers: { ...passedOn(headers), ...(peer !== undefined && { [PEER_HEADER]: peer }) },
      })
      onward.on('response', (answer) => {
        response.writeHead(answer.statusCode ?? 502, answered(answer.headers))
        // A stream's first bytes tell the client that it is open.
        response.flushHeaders()
        answer.on('error', () => response.destroy())
        answer.pipe(response)
      })
      onward.on('error', () => (response.headersSent ? response.destroy() : gone()))
      response.on('close', () => onward.destroy())
      request.pipe(onward)
    },
    async close() {
      agent.destroy()
      await pool.destroy()
    },
  }
}

const NO_BODY = new Set([204, 205, 304])

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'] as const
const toMethod = (method: string): (typeof METHODS)[number] => METHODS.find((known) => known === method) ?? 'POST'

/** The length of a body that was read is its own, not what the client said. */
function passedOn(headers: IncomingHttpHeaders, text?: string): Record<string, string | string[]> {
  const kept = Object.entries(headers).filter(
    ([name]) => !HOP.has(name) && !(text !== undefined && name === 'content-length'),
  )
  return Object.fromEntries(kept.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

function answered(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !HOP.has(name)) kept[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return kept
}
