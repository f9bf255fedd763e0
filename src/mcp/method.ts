import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { RpcError } from './rpc.ts'

/** How long a client may keep a list without asking again, in milliseconds; a change is announced before that. */
const LIST_TTL_MS = 10_000

/** What a method answers with. */
export type Reply =
  | { readonly result: JsonObject; readonly encoded?: Encoded | undefined; readonly error?: undefined }
  | { readonly error: RpcError }

/** A result in two parts, for doors that can send bytes: members that were serialised before, and the others. */
export interface Encoded {
  readonly bytes: Buffer
  readonly others: JsonObject
}

/** One method of the protocol. Throws GatewayError. */
export type Method = (params: JsonObject, exchange: Exchange) => Reply | Promise<Reply>

/** Every method that the gateway answers itself, for all transports and eras. */
export interface Methods {
  serves(method: string): boolean
  /** Never rejects: a failure is a tool result or a JSON-RPC error, as the table of problems says. */
  answer(method: string, params: JsonObject, exchange: Exchange): Promise<Reply>
}

/** What 2026-07-28 wants in every list: lists differ by principal. */
export const listHints = ({ protocol }: Exchange): JsonObject =>
  protocol.era === 'modern' ? { ttlMs: LIST_TTL_MS, cacheScope: 'private' } : {}

/** The cursor of a list request. Throws `invalid_request`. */
export function cursorIn({ cursor }: JsonObject): string | undefined {
  if (cursor === undefined || typeof cursor === 'string') return cursor
  throw new GatewayError('invalid_request', 'Invalid params: "cursor" must be a string from an earlier page.')
}

/** A member that must be text. Throws `invalid_request`. */
export function textIn(params: JsonObject, member: string, method: string): string {
  const value = params[member]
  if (typeof value === 'string') return value
  throw new GatewayError('invalid_request', `Invalid params: ${method} needs "${member}" as a string.`)
}
