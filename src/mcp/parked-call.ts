import { ending } from '../kernel/ending.ts'
import type { ClientRequest, Exchange } from '../kernel/exchange.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import { checkDeclared } from './input-required.ts'
import type { Reply } from './method.ts'
import { questions } from './questions.ts'

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

/** Starts the call. It has an ending of its own, because a request's comes with its response. */
export function parkedCall(first: Exchange, run: (exchange: Exchange) => Promise<Reply>): ParkedCall {
  const over = ending()
  const asked = questions()
  let present: Exchange | undefined = first
  let tell: ((outcome: Outcome) => void) | undefined

  /** Asks everything that is open; what is asked in the same moment goes out together. */
  const tellOpen = (): void => {
    const open = asked.open()
    if (open) tell?.({ questions: open })
  }
  const ask = async (request: ClientRequest): Promise<JsonObject> => {
    checkDeclared(request, (present ?? first).protocol.capabilities)
    const answer = asked.put(request)
    setImmediate(tellOpen)
    return answer
  }
  const cancel = (reason: string): void => {
    over.end(reason)
    asked.cancel(reason)
  }
  const ended = run({
    ...first,
    ending: over,
    ask,
    ...(first.onProgress && { onProgress: (progress) => present?.onProgress?.(progress) }),
    ...(first.onLog && { onLog: (message) => present?.onLog?.(message) }),
  })
  return {
    async follow(exchange) {
      const leave = (): void => cancel('The caller went away.')
      present = exchange
      const letGo = exchange.ending.whenOver(leave)
      if (exchange.ending.isOver()) leave()
      try {
        return await new Promise<Outcome>((resolve) => {
          tell = resolve
          void ended.then((reply) => resolve({ reply }))
          setImmediate(tellOpen)
        })
      } finally {
        letGo()
        present = undefined
        tell = undefined
      }
    },
    answer: (responses) => asked.answer(responses),
    cancel,
  }
}
