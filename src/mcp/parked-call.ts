import { GatewayError } from '../kernel/errors.ts'
import type { ClientRequest, Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { checkDeclared } from './input-required.ts'
import { metaToForward } from './meta.ts'
import type { Reply } from './method.ts'

/** A call that may stop half-way to ask its modern caller, which then goes on with it in another request. */
export interface ParkedCall {
  /**
   * Stays with the call for one request: resolves with its end, or with what the caller is asked next. While a request
   * is there, its end cancels the call, and progress and log messages go to it.
   */
  follow(exchange: Exchange): Promise<Outcome>
  /** Hands the caller's answers to the questions that they name. */
  answer(responses: Json | undefined): void
  /** Ends the call as `cancelled`. */
  cancel(reason: string): void
}

export type Outcome =
  | { readonly reply: Reply; readonly questions?: undefined }
  /** Questions by the keys under which the caller answers them. */
  | { readonly questions: JsonObject }

interface Question {
  readonly request: ClientRequest
  answer(response: JsonObject): void
  fail(error: GatewayError): void
}

/** Starts the call. It runs with a signal of its own, because a request's signal ends with its response. */
export function parkedCall(first: Exchange, run: (exchange: Exchange) => Promise<Reply>): ParkedCall {
  const controller = new AbortController()
  const open = new Map<string, Question>()
  let asked = 0
  let present: Exchange | undefined = first
  let tell: ((outcome: Outcome) => void) | undefined

  const ask = (request: ClientRequest): Promise<JsonObject> =>
    new Promise((resolve, reject) => {
      checkDeclared(request, (present ?? first).protocol.capabilities)
      const key = `input-${(asked += 1)}`
      const done =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          open.delete(key)
          settle(value)
        }
      open.set(key, { request: forwarded(request), answer: done(resolve), fail: done(reject) })
      setImmediate(put)
    })
  /** Asks everything that is open; what is asked in the same moment goes out together. */
  const put = (): void => {
    if (open.size > 0) tell?.({ questions: toRequests(open) })
  }
  const cancel = (reason: string): void => {
    controller.abort(reason)
    for (const question of open.values()) question.fail(new GatewayError('cancelled', reason))
  }
  const ended = run({
    ...first,
    signal: controller.signal,
    ask,
    ...(first.onProgress && { onProgress: (progress) => present?.onProgress?.(progress) }),
    ...(first.onLog && { onLog: (message) => present?.onLog?.(message) }),
  })
  return {
    async follow(exchange) {
      const leave = (): void => cancel('The caller went away.')
      present = exchange
      exchange.signal.addEventListener('abort', leave, { once: true })
      if (exchange.signal.aborted) leave()
      try {
        return await new Promise<Outcome>((resolve) => {
          tell = resolve
          void ended.then((reply) => resolve({ reply }))
          setImmediate(put)
        })
      } finally {
        exchange.signal.removeEventListener('abort', leave)
        present = undefined
        tell = undefined
      }
    },
    answer(responses) {
      if (!isJsonObject(responses)) return
      for (const [key, response] of Object.entries(responses)) {
        if (isJsonObject(response)) open.get(key)?.answer(response)
      }
    },
    cancel,
  }
}

const toRequests = (open: ReadonlyMap<string, Question>): JsonObject =>
  Object.fromEntries([...open].map(([key, { request }]) => [key, { method: request.method, params: request.params }]))

/** A question without what its server's own connection to us needed. */
function forwarded({ method, params: { _meta, ...params } }: ClientRequest): ClientRequest {
  const meta = metaToForward({ _meta })
  return { method, params: { ...params, ...(meta && { _meta: meta }) } }
}
