import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Tool, ToolResult } from '../kernel/tool.ts'
import { withDoorbell } from './doorbell.ts'
import type { GatewayDeps } from './gateway.ts'
import { listingFor } from './list-tools.ts'
import { tidied } from './meta/arguments.ts'
import { isBuiltIn } from './meta/definitions.ts'
import { type Inner, refuseThrough, toInnerFailure, unwrap } from './meta/unwrap.ts'
import { obligationsAfter } from './obligations.ts'
import { perform } from './perform.ts'
import { renameUris } from './rename-uris.ts'

export interface Call {
  /** The advertised name, or the canonical id. */
  readonly name: string
  readonly arguments: unknown
}

/**
 * The life of a `tools/call`, and the only way to a tool. Throws GatewayError; a hidden tool and an unknown one are the
 * same `tool_not_found`. What `call_tool` wraps is unwrapped before anything else is looked at, and then lives the same
 * life under its own name: it is granted nothing.
 */
export function callTool(deps: GatewayDeps, call: Call, exchange: Exchange): Promise<ToolResult> {
  // A call that waits for people may be answered with a question (`input_required`), as one of a server's own.
  return withDoorbell(deps, exchange, (trying) => attempt(deps, call, trying)) as Promise<ToolResult>
}

function attempt(deps: GatewayDeps, call: Call, exchange: Exchange): Promise<ToolResult> {
  const opened = unwrap(deps, deps.snapshot(), call, exchange)
  if (opened.through === undefined) return run(deps, opened, exchange)
  return run(deps, opened, exchange, opened).catch((error: unknown) => toInnerFailure(opened, error))
}

const run = (deps: GatewayDeps, call: Call, exchange: Exchange, inner?: Inner): Promise<ToolResult> =>
  perform<Tool, ToolResult>(deps, {
    type: 'tool.call',
    asked: call.name,
    exchange,
    ...(inner && { through: { tool: inner.through, obligations: inner.obligations } }),
    find: (snapshot) => snapshot.catalog.find(call.name) ?? listingFor(deps, snapshot, exchange).find(call.name),
    unknown: () => new GatewayError('tool_not_found', `Unknown tool: ${call.name}`),
    parse(tool) {
      if (inner) refuseThrough(inner, tool)
      const input = call.arguments ?? {}
      return deps.validator.parse(tool, isBuiltIn(tool) ? tidied(tool.name, input) : input)
    },
    send: (source, tool, input, { snapshot, exchange: governed }) =>
      source
        .callTool(tool.name, input, governed)
        .then((result) => renameUris(snapshot.catalog.features, tool.connection, result)),
    finish(result, obligations, tool) {
      if (result.isError !== true) deps.learner?.succeeded(exchange.principal.id, tool.id)
      return obligationsAfter(deps, obligations, tool, result)
    },
  })
