import { GatewayError } from '../kernel/errors.ts'
import type { ClientRequest } from '../kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { tooManyQuestions } from './input-required.ts'
import { metaToForward } from './meta.ts'

/** More questions of one call than this at once are nobody's. */
const MOST_OPEN = 32

/** What one call wants to know of its caller. */
export interface Questions {
  /** Resolves with the answer. Rejects with `cancelled`, or `upstream_refused` when too many are open. */
  put(request: ClientRequest): Promise<JsonObject>
  /** The open ones, by the keys under which they are answered; undefined when there is none. */
  open(): JsonObject | undefined
  /** Hands answers to the questions that they name. */
  answer(responses: Json | undefined): void
  /** From now on every question is `cancelled`. */
  cancel(reason: string): void
}

interface Question {
  readonly request: ClientRequest
  readonly resolve: (answer: JsonObject) => void
  readonly reject: (error: GatewayError) => void
}

export function questions(): Questions {
  const open = new Map<string, Question>()
  let count = 0
  let cancelled: string | undefined
  return {
    put: (request) =>
      new Promise((resolve, reject) => {
        if (cancelled !== undefined) throw new GatewayError('cancelled', cancelled)
        if (open.size >= MOST_OPEN) throw tooManyQuestions(MOST_OPEN)
        open.set(`input-${(count += 1)}`, { request: forwarded(request), resolve, reject })
      }),
    open: () => (open.size === 0 ? undefined : toRequests(open)),
    answer(responses) {
      for (const [key, response] of Object.entries(isJsonObject(responses) ? responses : {})) {
        if (!isJsonObject(response)) continue
        open.get(key)?.resolve(response)
        open.delete(key)
      }
    },
    cancel(reason) {
      cancelled ??= reason
      for (const { reject } of open.values()) reject(new GatewayError('cancelled', reason))
      open.clear()
    },
  }
}

const toRequests = (open: ReadonlyMap<string, Question>): JsonObject =>
  Object.fromEntries([...open].map(([key, { request }]) => [key, { method: request.method, params: request.params }]))

/** A question without what its server's own connection to us needed. */
export function forwarded({ method, params: { _meta, ...params } }: ClientRequest): {
  readonly method: string
  readonly params: JsonObject
} {
  const meta = metaToForward({ _meta })
  return { method, params: { ...params, ...(meta && { _meta: meta }) } }
}
