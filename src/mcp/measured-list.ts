import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { McpDeps } from './deps.ts'
import type { Reply } from './method.ts'

/** What makes one page of a list, at once. */
export type ListMethod = (params: JsonObject, exchange: Exchange) => Reply

/** The same, measured under the method's name where anybody measures. */
export const measuredList = (telemetry: McpDeps['telemetry'], method: string, list: ListMethod): ListMethod =>
  telemetry ? (params, exchange) => telemetry.listing(method, exchange, () => list(params, exchange)) : list
