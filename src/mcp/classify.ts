import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  classifyInboundRequest,
  type InboundClassificationOutcome,
  type JSONRPCRequest,
  PROTOCOL_VERSION_META_KEY,
} from '@modelcontextprotocol/server'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { MODERN_VERSION, toObject } from './exchange.ts'
import type { LeanHead } from './lean.ts'
import { isLegacyVersion } from './legacy-http.ts'
import { isRpcId } from './rpc.ts'

/** What the SDK's classifier says of a message, in which era it speaks and whether it may. */
export type Classify = (
  request: Pick<Request, 'method'> & Pick<LeanHead, 'headers'>,
  body: Json | undefined,
) => InboundClassificationOutcome

/** Envelopes that are remembered, and the longest of them, characters. */
const MOST_ENVELOPES = 200
const MOST_CHARACTERS = 2_000
const ENVELOPE = new Set([PROTOCOL_VERSION_META_KEY, CLIENT_INFO_META_KEY, CLIENT_CAPABILITIES_META_KEY])
/** Members of `_meta` that say nothing about the protocol (W3C Trace Context, Baggage; the handle of a run). */
const NEUTRAL = new Set(['traceparent', 'tracestate', 'baggage', 'dev.gatehouse/run'])

/**
 * The SDK's classifier, which is not asked for what it would say without looking twice: it takes each message for a response,
 * an error and a request in turn, and has zod read the same client's envelope every time.
 */
export function classifier(): Classify {
  const accepted = new Set<string>()
  return (request, body) => {
    const { method, headers } = request
    if (method !== 'POST' || !isRequest(body)) return askSdk(request, body)
    const version = headers.get('mcp-protocol-version')
    if (isPlainLegacy(version, body))
      return { kind: 'legacy', reason: 'no-claim', ...(version !== null && { requestedVersion: version }) }
    const envelope =
      version === MODERN_VERSION && headers.get('mcp-method') === body.method ? envelopeOf(body) : undefined
    if (envelope !== undefined && accepted.has(envelope)) return toModern(body)
    const outcome = askSdk(request, body)
    const isPlain = outcome.kind === 'modern' && outcome.messageKind === 'request'
    if (isPlain && envelope !== undefined && accepted.size < MOST_ENVELOPES) accepted.add(envelope)
    return outcome
  }
}

const toModern = (message: JSONRPCRequest): InboundClassificationOutcome => ({
  kind: 'modern',
  messageKind: 'request',
  message,
  classification: { era: 'modern', revision: MODERN_VERSION },
})

/** A request and nothing besides; `readMessage` has looked at its shape. */
const isRequest = (body: Json | undefined): body is JsonObject & JSONRPCRequest =>
  isJsonObject(body) &&
  isRpcId(body['id']) &&
  typeof body['method'] === 'string' &&
  !('result' in body || 'error' in body)

/** A request of the earlier versions that says nothing of itself. */
const isPlainLegacy = (version: string | null, body: JsonObject): boolean =>
  body['method'] !== 'initialize' &&
  !('_meta' in toObject(body['params'])) &&
  (version === null || (isLegacyVersion(version) && version < MODERN_VERSION))

/** What the client says of itself, as text; undefined when `_meta` says more than that, or has to be looked at each time. */
function envelopeOf(body: JsonObject): string | undefined {
  const meta = toObject(toObject(body['params'])['_meta'])
  if (meta[PROTOCOL_VERSION_META_KEY] !== MODERN_VERSION) return undefined
  for (const key of Object.keys(meta)) if (!ENVELOPE.has(key) && !NEUTRAL.has(key)) return undefined
  const text = JSON.stringify([meta[CLIENT_INFO_META_KEY], meta[CLIENT_CAPABILITIES_META_KEY]])
  return text.length <= MOST_CHARACTERS ? text : undefined
}

function askSdk({ method, headers }: Parameters<Classify>[0], body: Json | undefined): InboundClassificationOutcome {
  const version = headers.get('mcp-protocol-version')
  const named = headers.get('mcp-method')
  return classifyInboundRequest({
    httpMethod: method,
    ...(version !== null && { protocolVersionHeader: version }),
    ...(named !== null && { mcpMethodHeader: named }),
    ...(body !== undefined && { body }),
  })
}

const isOf = (route: InboundClassificationOutcome, method: string): boolean =>
  route.kind === 'modern' && route.message.method === method

export const isListen = (route: InboundClassificationOutcome): boolean => isOf(route, 'subscriptions/listen')

export const isCall = (
  route: InboundClassificationOutcome,
): route is InboundClassificationOutcome & { readonly kind: 'modern' } => isOf(route, 'tools/call')
