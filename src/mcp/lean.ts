import {
  type InboundClassificationOutcome,
  LOG_LEVEL_META_KEY,
  SERVER_INFO_META_KEY,
} from '@modelcontextprotocol/server'
import { type Ender, ending, endingWith } from '../kernel/ending.ts'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { isAskable } from './capabilities.ts'
import { toJsonText } from '../kernel/json-text.ts'
import type { Principal } from '../kernel/principal.ts'
import type { McpDeps } from './deps.ts'
import { type Caller, MODERN_VERSION, modernProtocol, plainExchange, toObject } from './exchange.ts'
import { isLegacyVersion } from './legacy-http.ts'
import type { Methods, Reply } from './method.ts'
import { isRpcId, MISSING_CAPABILITY, type RpcId } from './rpc.ts'
import type { Session } from './sessions.ts'

/** The requests that agents make all day. */
const METHODS = new Set(['ping', 'tools/list', 'tools/call'])

/** What plain requests need of a session. */
export interface LeanSession extends Pick<Session, 'id' | 'running'> {
  readonly served: Pick<Session['served'], 'protocol' | 'logLevel' | 'log'>
}

export interface LeanDoor {
  readonly deps: McpDeps
  readonly methods: Methods
  readonly sessions: { find(id: string, principal: Principal): LeanSession | undefined }
}

/** What plain requests need of the HTTP request. */
export interface LeanHead {
  readonly headers: Pick<Headers, 'get' | 'has'>
  /** Over when the client goes away. Made for those who ask. */
  ending(): Ender
}

/** The same of a request of `fetch`. */
export const headOf = ({ headers, signal }: Request): LeanHead => ({ headers, ending: () => endingWith(signal) })

export interface LeanRequest {
  readonly request: LeanHead
  readonly body: Json | undefined
  readonly caller: Caller
  readonly route: InboundClassificationOutcome
}

/** A request that is what it should be in every respect, so that the SDK would have nothing to object to. */
interface Plain {
  readonly asked: LeanRequest
  readonly id: RpcId
  readonly method: string
  readonly params: JsonObject
  readonly meta: JsonObject
}

/** An answer as HTTP sends it: a text, or pieces that are sent one after the other. */
export interface LeanReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | readonly Buffer[]
}

/** The same as a `Response`. */
export const toResponse = ({ status, headers, body }: LeanReply): Response =>
  new Response(typeof body === 'string' ? body : Buffer.concat(body), { status, headers: { ...headers } })

/**
 * Answers plain requests as JSON without server objects and streams. Undefined sends the request the
 * SDK's way: everything that is odd, wrong, or wants to hear something before its result. The answers are the same.
 */
export function leanDoor({ deps, methods, sessions }: LeanDoor) {
  const stamp = modernStamp(deps.serverInfo)
  return (asked: LeanRequest): Promise<LeanReply | undefined> | undefined => {
    const plain = toPlain(asked)
    if (!plain) return undefined
    if (isPlainModern(plain)) return answerModern(methods, plain, stamp)
    const session = sessionOf(sessions, plain)
    return session && answerLegacy(methods, session, plain)
  }
}

function toPlain(asked: LeanRequest): Plain | undefined {
  const { body } = asked
  if (!isJsonObject(body) || !isRpcId(body['id']) || typeof body['method'] !== 'string') return undefined
  const params = toObject(body['params'])
  const meta = toObject(params['_meta'])
  const odd =
    'progressToken' in meta || LOG_LEVEL_META_KEY in meta || 'inputResponses' in params || 'requestState' in params
  return odd || !METHODS.has(body['method'])
    ? undefined
    : { asked, id: body['id'], method: body['method'], params, meta }
}

function isPlainModern({ asked: { route, request }, method, params }: Plain): boolean {
  if (route.kind !== 'modern' || route.messageKind !== 'request' || route.classification.revision !== MODERN_VERSION)
    return false
  const { headers } = request
  const named = method !== 'tools/call' || (isPlainName(params['name']) && headers.get('mcp-name') === params['name'])
  return method !== 'ping' && named && headers.has('mcp-protocol-version') && headers.has('mcp-method')
}

/** Not in the encoded form that headers use for names beyond ASCII. */
const isPlainName = (name: unknown): boolean => typeof name === 'string' && !name.startsWith('=?')

function answerModern(methods: Methods, plain: Plain, stamp: Stamp): Promise<LeanReply | undefined> {
  const { asked, params, meta } = plain
  const { caller, request } = asked
  const exchange = plainExchange({ caller, params, protocol: modernProtocol(meta), ending: request.ending() })
  return methods.answer(plain.method, params, exchange).then((reply) => toReply(plain, reply, stamp))
}

/** The text of a result as its era wants it. */
type Stamp = (result: JsonObject) => string

const asItIs: Stamp = (result) => toJsonText(result)

/** What 2026-07-28 wants in every result. Most results say nothing of it: then it is put behind their text. */
function modernStamp(serverInfo: McpDeps['serverInfo']): Stamp {
  const info = `"_meta":${JSON.stringify({ [SERVER_INFO_META_KEY]: serverInfo })}}`
  return (result) => {
    const { resultType = 'complete', _meta } = result
    if (_meta !== undefined || result['resultType'] !== undefined) {
      const meta = { ...toObject(_meta), [SERVER_INFO_META_KEY]: serverInfo }
      return toJsonText(Object.assign({}, result, { resultType, _meta: meta }))
    }
    const text = toJsonText(result)
    return `${text.slice(0, -1)}${text === '{}' ? '' : ','}"resultType":"complete",${info}`
  }
}

/**
 * The caller's own session, when nothing about the request wants the SDK's judgement. A call that may ask its client
 * something needs a stream.
 */
function sessionOf(
  sessions: LeanDoor['sessions'],
  {
    asked: {
      route,
      request: { headers },
      caller,
    },
    id,
    method,
  }: Plain,
): LeanSession | undefined {
  if (route.kind !== 'legacy' || route.reason !== 'no-claim') return undefined
  const accept = headers.get('accept') ?? ''
  const version = headers.get('mcp-protocol-version')
  if (!accept.includes('application/json') || !accept.includes('text/event-stream')) return undefined
  if (version !== null && !isLegacyVersion(version)) return undefined
  const session = sessions.find(headers.get('mcp-session-id') ?? '', caller.principal)
  if (!session || session.served.logLevel() !== undefined || session.running.has(id)) return undefined
  return method === 'tools/call' && isAskable(session.served.protocol().capabilities) ? undefined : session
}

/** A legacy client that goes away has not cancelled; only `notifications/cancelled` and the session's end do. */
function answerLegacy(methods: Methods, session: LeanSession, plain: Plain): Promise<LeanReply | undefined> {
  const { running } = session
  const over = ending()
  const exchange = legacyExchange(session, plain, over)
  return new Promise((resolve, reject) => {
    const number = running.enter(plain.id, {
      abort() {
        over.end('The request was cancelled.')
        resolve(unanswered(session.id))
      },
    })
    methods.answer(plain.method, plain.params, exchange).then(
      (reply) => {
        running.leave(number)
        resolve(toReply(plain, reply, asItIs, session.id))
      },
      (error: unknown) => {
        running.leave(number)
        reject(error)
      },
    )
  })
}

const legacyExchange = (
  { id: session, served }: LeanSession,
  { asked: { caller }, params }: Plain,
  over: Ender,
): Exchange =>
  plainExchange({
    caller: { principal: caller.principal, requestId: caller.requestId, toolset: caller.toolset, session },
    params,
    protocol: served.protocol(),
    ending: over,
    onLog: (message) => served.log(message),
  })

/** A cancelled request gets no response; a stream that ends says so. */
const unanswered = (session: string): LeanReply => ({
  status: 200,
  headers: { 'mcp-session-id': session, 'content-type': 'text/event-stream' },
  body: '',
})

function toReply({ id, method }: Plain, reply: Reply, stamp: Stamp, session?: string): LeanReply | undefined {
  if (!reply.error && !reply.encoded && method === 'tools/list') return undefined // the SDK adapts it to the era
  return {
    status: reply.error?.code === MISSING_CAPABILITY && session === undefined ? 400 : 200,
    headers: session === undefined ? JSON_ONLY : { 'mcp-session-id': session, 'content-type': 'application/json' },
    body: bodyOf(`{"jsonrpc":"2.0","id":${JSON.stringify(id)}`, reply, stamp),
  }
}

const JSON_ONLY = { 'content-type': 'application/json' }

function bodyOf(start: string, reply: Reply, stamp: Stamp): LeanReply['body'] {
  if (reply.error) return `${start},"error":${JSON.stringify(reply.error)}}`
  if (!reply.encoded) return `${start},"result":${stamp(reply.result)}}`
  const { bytes, others } = reply.encoded
  const rest = stamp(others).slice(1)
  return [Buffer.from(`${start},"result":{`), bytes, Buffer.from(`${rest === '}' ? '' : ','}${rest}}`)]
}
