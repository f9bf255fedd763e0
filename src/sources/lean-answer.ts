import { type JSONRPCRequest, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client'
import type { PostReply } from '../egress/egress.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { eventReader } from './event-reader.ts'
import { keepResultTexts } from './member-texts.ts'
import { checkedAnswer, lostAnswer, NOT_JSON_RPC, STREAM_ENDED } from './lost-answer.ts'

/** Where a modern request says that it is one. */
export const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion'

/** Takes in what comes back for one request, message by message. */
export interface LeanAnswer {
  readonly onEvents: (chunk: Uint8Array) => void
  /** The end of the reply. A JSON body is handed on; throws for a body that is none. */
  take(reply: PostReply): void
  /** Whether the request has been answered. */
  isGiven(): boolean
  /** Where a broken stream can be taken up again. */
  lastEventId(): string | undefined
  retryMs(): number | undefined
  /** Fails the request: its answer will not come any more. */
  lose(): void
}

/** Where a message goes: to the request that it answers, or to the SDK's client with the tag of the call it came for. */
export type Hand = (message: JsonObject, tag?: number) => void

export function leanAnswer(give: Hand, id: JSONRPCRequest['id'], maxLength: number, tag?: number): LeanAnswer {
  const state: { given: boolean; told: boolean; eventId?: string | undefined; retry?: number | undefined } = {
    given: false,
    told: false,
  }
  const hand = (message: JsonObject): void => give(message, tag)
  const deliver = (message: Json): void => {
    const checked = isJsonObject(message) ? checkedAnswer(message) : { ...lostAnswer(id, NOT_JSON_RPC) }
    // The client works on notifications a tick later than on answers: an answer must not overtake what came before it.
    if (state.told) setImmediate(hand, checked)
    else hand(checked)
    if ('method' in checked) state.told = true
    else if (Number(checked['id']) === id) state.given = true
  }
  const newReader = (): ReturnType<typeof eventReader> =>
    eventReader((event) => {
      state.eventId = event.id ?? state.eventId
      state.retry = event.retry ?? state.retry
      const message = event.data === undefined ? undefined : parsed(event.data)
      if (message !== undefined) deliver(message)
    }, maxLength)
  // Most answers are no streams, and what decodes one costs more than all the rest here.
  let read: ReturnType<typeof eventReader> | undefined
  return {
    onEvents: (chunk) => (read ??= newReader())(chunk),
    take({ headers, body }) {
      const type = mediaType(headers)
      if (type === 'text/event-stream') return
      if (type !== 'application/json') throw unexpected(type)
      const message = messageIn(textOf(body))
      if (Array.isArray(message)) for (const one of message as readonly Json[]) deliver(one)
      else deliver(message)
      if (!state.given) deliver({ ...lostAnswer(id, NOT_JSON_RPC) })
    },
    isGiven: () => state.given,
    lastEventId: () => state.eventId,
    retryMs: () => state.retry,
    lose: () => deliver({ ...lostAnswer(id, STREAM_ENDED) }),
  }
}

/**
 * What the SDK's transport does with a status that brings no answer: 202 promises an answer on another stream, 400 may hold a
 * modern server's JSON-RPC error, everything else is thrown as `SdkHttpError`.
 */
export function refusal(give: Hand, { id, params }: JSONRPCRequest, { status, body }: PostReply): void {
  if (status === 202) return
  const text = textOf(body)
  const isModern = params?._meta?.[VERSION_KEY] !== undefined
  const message = status === 400 && isModern ? errorFor(id, text) : undefined
  if (message) give(message)
  else
    throw new SdkHttpError(SdkErrorCode.ClientHttpNotImplemented, `The server answered with HTTP ${status}.`, {
      status,
      text,
    })
}

/** A JSON-RPC error for this request, if that is what the text holds. */
function errorFor(id: JSONRPCRequest['id'], text: string): JsonObject | undefined {
  const message = parsed(text)
  if (!isJsonObject(message) || message['id'] !== id || !isJsonObject(message['error'])) return undefined
  return checkedAnswer(message)
}

const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString()

/** The value, with the texts of what may be relayed as it came. */
function messageIn(text: string): Json {
  const message = JSON.parse(text) as Json
  keepResultTexts(text, message)
  return message
}

/** The value; undefined for what is no JSON. */
function parsed(text: string): Json | undefined {
  try {
    return messageIn(text)
  } catch {
    return undefined
  }
}

function mediaType({ 'content-type': type }: PostReply['headers']): string {
  if (type === 'application/json') return type
  const [essence = ''] = (Array.isArray(type) ? type.join() : (type ?? '')).split(';')
  return essence.trim().toLowerCase()
}

const unexpected = (type: string): SdkError =>
  new SdkError(SdkErrorCode.ClientHttpUnexpectedContent, `Unexpected content type: ${type}`)
