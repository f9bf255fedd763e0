import { isRepairable, toToolResult } from '../gateway/failure.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { type ErrorCode, PROBLEMS } from '../kernel/problem.ts'
import type { McpDeps } from './deps.ts'
import { projection, type Projection } from './output.ts'
import { INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND, type RpcError } from './rpc.ts'

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

type Method = (params: JsonObject, exchange: Exchange) => Reply | Promise<Reply>

/** Every method that the gateway answers itself, for all transports and eras. */
export interface Methods {
  serves(method: string): boolean
  /** Never rejects: a failure is a tool result or a JSON-RPC error, as the table of problems says. */
  answer(method: string, params: JsonObject, exchange: Exchange): Promise<Reply>
}

/** The one table of methods. The SDK adds what belongs to the session: initialize, server/discover, logging/setLevel. */
export function mcpMethods(deps: McpDeps): Methods {
  const output = projection(deps.tools)
  const table: Readonly<Record<string, Method>> = {
    ping: () => ({ result: {} }),
    'tools/list': (params, exchange) => listTools(deps, output, params, exchange),
    'tools/call': async (params, exchange) => {
      const call = { name: toolName(params), arguments: toolArguments(params) }
      try {
        return { result: output.result(call.name, await deps.tools.call(call, exchange), exchange) }
      } catch (error) {
        if (!(error instanceof GatewayError && isRepairable(error))) throw error
        return { result: toToolResult(error) }
      }
    },
  }
  return {
    serves: (method) => Object.hasOwn(table, method),
    async answer(method, params, exchange) {
      const run = Object.hasOwn(table, method) ? table[method] : undefined
      if (!run) return { error: { code: METHOD_NOT_FOUND, message: 'Method not found' } }
      try {
        return await run(params, exchange)
      } catch (error) {
        return { error: toRpcError(deps, error, exchange) }
      }
    },
  }
}

function listTools(deps: McpDeps, output: Projection, params: JsonObject, exchange: Exchange): Reply {
  const { cursor } = params
  if (cursor !== undefined && typeof cursor !== 'string') {
    throw new GatewayError('invalid_request', 'Invalid params: "cursor" must be a string from an earlier page.')
  }
  const page = deps.tools.list(exchange.principal, cursor)
  const { tools, nextCursor } = page
  const hints = exchange.protocol.era === 'modern' ? { ttlMs: LIST_TTL_MS, cacheScope: 'private' } : {}
  const bytes = output.encoded(page, exchange)
  const result = { tools, ...(nextCursor !== undefined && { nextCursor }), ...hints }
  return { result, encoded: bytes && { bytes, others: hints } }
}

function toolName({ name }: JsonObject): string {
  if (typeof name === 'string') return name
  throw new GatewayError('invalid_request', 'Invalid params: tools/call needs "name", the name of a tool, as a string.')
}

function toolArguments({ arguments: input }: JsonObject): JsonObject | undefined {
  if (input === undefined || isJsonObject(input)) return input
  throw new GatewayError('invalid_request', 'Invalid params: "arguments" must be an object.')
}

const RPC_CODES: Readonly<Record<(typeof PROBLEMS)[ErrorCode]['mcp'], number>> = {
  result: INTERNAL_ERROR,
  invalid_params: INVALID_PARAMS,
  method_not_found: METHOD_NOT_FOUND,
  internal: INTERNAL_ERROR,
}

/** The message alone goes out: the same failure is the same bytes, so a hidden tool cannot be told from an unknown one. */
function toRpcError(deps: McpDeps, error: unknown, { requestId }: Exchange): RpcError {
  const failure = toGatewayError(error)
  if (!(error instanceof GatewayError)) deps.log.error({ requestId }, 'a request failed', error)
  return { code: RPC_CODES[PROBLEMS[failure.code].mcp], message: failure.message }
}
