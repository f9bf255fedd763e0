import { ProtocolError, SdkError, SdkErrorCode } from '@modelcontextprotocol/client'
import type { Ending } from '../kernel/ending.ts'
import type { Progress } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { type Roster, roster } from '../kernel/roster.ts'

/** One request that goes to its server past the SDK's client. */
export interface DirectRequest {
  readonly method: string
  readonly params: JsonObject
  readonly headers: Readonly<Record<string, string>>
  /** Ends the request; the reason is what the server reads, where it is told. */
  readonly ending: Ending
  /** Marks what the server asks or tells on the request's own stream. */
  readonly tag: number
  readonly onProgress: (progress: Progress) => void
}

/** Sends it and gives the result as it came. Rejects with what the SDK's client would reject with. */
export type DirectCall = (request: DirectRequest) => Promise<JsonObject>

/** A request that waits for its answer. */
export interface Waiting {
  readonly onProgress: (progress: Progress) => void
  resolve(result: JsonObject): void
  reject(error: unknown): void
}

/** The requests of one transport that wait for an answer, by ids of their own. */
export interface WaitingBook {
  /** The request's id. */
  enter(waiting: Waiting): number
  leave(id: number): void
  /** Gives a message to the request that it is for; false when it is for none of these. */
  take(message: JsonObject): boolean
  /** Fails all of them: the transport was closed. */
  end(): void
}

/** The SDK's client counts from 0 on the same line; servers may keep ids in 32 bits. */
const FIRST_ID = 2 ** 30
const LAST_ID = 2 ** 31 - 1

export function waitingBook(isModern: () => boolean): WaitingBook {
  const all = roster<Waiting>({ first: FIRST_ID, last: LAST_ID })
  return {
    enter: all.enter,
    leave: (id) => void all.leave(id),
    take(message) {
      const { method } = message
      if (method === 'notifications/progress') return progressed(all, message['params'])
      const waiting = method === undefined ? all.get(Number(message['id'])) : undefined
      if (waiting) settle(waiting, message, isModern())
      return waiting !== undefined
    },
    end() {
      for (const waiting of all.all()) waiting.reject(new SdkError(SdkErrorCode.ConnectionClosed, 'Connection closed'))
    },
  }
}

/** Progress of nobody, or without a number, is dropped, as the SDK's client does. */
function progressed(all: Roster<Waiting>, params: unknown): boolean {
  if (!isJsonObject(params)) return false
  const { progressToken, ...said } = params
  const waiting = all.get(Number(progressToken))
  if (waiting && isProgress(said)) waiting.onProgress(said)
  return waiting !== undefined
}

const isProgress = (said: JsonObject): said is JsonObject & Progress =>
  typeof said['progress'] === 'number' &&
  (said['total'] === undefined || typeof said['total'] === 'number') &&
  (said['message'] === undefined || typeof said['message'] === 'string')

/** `message` has been looked at by `checkedAnswer`. */
function settle(waiting: Waiting, { result, error }: JsonObject, isModern: boolean): void {
  if (isJsonObject(error)) {
    const { code, message, data } = error
    waiting.reject(ProtocolError.fromError(Number(code), typeof message === 'string' ? message : '', data))
  } else if (isJsonObject(result)) {
    const failure = isModern ? failureOf(result) : undefined
    if (failure) waiting.reject(failure)
    else waiting.resolve(isModern && result['resultType'] === 'input_required' ? question(result) : plain(result))
  }
}

/** What 2026-07-28 demands of every result. */
function failureOf({ resultType, inputRequests, requestState }: JsonObject): SdkError | undefined {
  if (resultType === 'complete') return undefined
  if (typeof resultType !== 'string')
    return new SdkError(SdkErrorCode.InvalidResult, 'Invalid result: no resultType, or one that is no text')
  if (resultType !== 'input_required')
    return new SdkError(SdkErrorCode.UnsupportedResultType, `Unsupported result type '${resultType.slice(0, 100)}'`)
  const asks = isJsonObject(inputRequests) && Object.keys(inputRequests).length > 0
  return asks || typeof requestState === 'string'
    ? undefined
    : new SdkError(SdkErrorCode.InvalidResult, 'Invalid result: input_required asks nothing and has no state')
}

/** Earlier versions have no such member: what one of their servers says there means nothing. */
function plain(result: JsonObject): JsonObject {
  if (result['resultType'] === undefined) return result
  const { resultType: _type, ...rest } = result
  return rest
}

const question = ({ resultType, inputRequests, requestState, _meta }: JsonObject): JsonObject => ({
  ...(resultType !== undefined && { resultType }),
  inputRequests: isJsonObject(inputRequests) ? inputRequests : {},
  ...(typeof requestState === 'string' && { requestState }),
  ...(isJsonObject(_meta) && { _meta }),
})
