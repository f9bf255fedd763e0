import { isRepairable, toToolResult } from '../gateway/failure.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { McpDeps } from './deps.ts'
import { featureMethods } from './feature-methods.ts'
import { isInputRequired, toInputRequired } from './input-required.ts'
import { measuredList } from './measured-list.ts'
import { cursorIn, listHints, type Method, type Methods, type Reply, textIn } from './method.ts'
import { projection, type Projection } from './output.ts'
import { METHOD_NOT_FOUND } from './rpc.ts'
import { downstreamAnswer, toRpcError, urlsToVisit } from './rpc-failure.ts'

/**
 * The one table of methods. What belongs to a session or a stream is not in it: initialize, server/discover,
 * logging/setLevel, and subscriptions.
 */
export function mcpMethods(deps: McpDeps): Methods {
  const output = projection(deps.tools)
  const table: Readonly<Record<string, Method>> = {
    ping: () => ({ result: {} }),
    'tools/list': measuredList(deps.telemetry, 'tools/list', (params, exchange) =>
      listTools(deps, output, params, exchange),
    ),
    'tools/call': (params, exchange) => callTool(deps, output, params, exchange),
    ...featureMethods(deps),
  }
  return {
    serves: (method) => Object.hasOwn(table, method),
    async answer(method, params, exchange) {
      const run = Object.hasOwn(table, method) ? table[method] : undefined
      if (!run) return { error: { code: METHOD_NOT_FOUND, message: 'Method not found' } }
      try {
        return await run(params, exchange)
      } catch (error) {
        return toFailure(deps, error, exchange)
      }
    },
  }
}

function toFailure({ log }: McpDeps, failure: unknown, exchange: Exchange): Reply {
  if (!(failure instanceof GatewayError)) log.error({ requestId: exchange.requestId }, 'a request failed', failure)
  const error = toRpcError(toGatewayError(failure), exchange)
  const visits = urlsToVisit(error, exchange)
  return visits ? { result: visits } : { error }
}

function listTools({ tools: port }: McpDeps, output: Projection, params: JsonObject, exchange: Exchange): Reply {
  const page = port.list(exchange.principal, cursorIn(params), exchange.toolset)
  const { tools, nextCursor } = page
  const hints = listHints(exchange)
  const bytes = output.encoded(page, exchange)
  const result = { tools, ...(nextCursor !== undefined && { nextCursor }), ...hints }
  return { result, encoded: bytes && { bytes, others: hints } }
}

function callTool(deps: McpDeps, output: Projection, params: JsonObject, exchange: Exchange): Promise<Reply> {
  const call = { name: textIn(params, 'name', 'tools/call'), arguments: toolArguments(params) }
  return deps.tools.call(call, exchange).then(
    (result): Reply => ({
      result: isInputRequired(result) ? toInputRequired(result, exchange) : output.result(call.name, result, exchange),
    }),
    repaired,
  )
}

/** What the model can mend by itself is a result. */
function repaired(error: unknown): Reply {
  if (!(error instanceof GatewayError && isRepairable(error)) || downstreamAnswer(error)) throw error
  return { result: toToolResult(error) }
}

function toolArguments({ arguments: input }: JsonObject): JsonObject | undefined {
  if (input === undefined || isJsonObject(input)) return input
  throw new GatewayError('invalid_request', 'Invalid params: "arguments" must be an object.')
}
