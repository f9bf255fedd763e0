import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Tool, ToolResult } from '../kernel/tool.ts'
import type { GatewayDeps } from './gateway.ts'
import { listingFor } from './list-tools.ts'
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
 * same `tool_not_found`.
 */
export const callTool = (deps: GatewayDeps, call: Call, exchange: Exchange): Promise<ToolResult> =>
  perform<Tool, ToolResult>(deps, {
    type: 'tool.call',
    asked: call.name,
    exchange,
    find: (snapshot) =>
      snapshot.catalog.find(call.name) ?? listingFor(deps, snapshot, exchange.principal).find(call.name),
    unknown: () => new GatewayError('tool_not_found', `Unknown tool: ${call.name}`),
    parse: (tool) => deps.validator.parse(tool, call.arguments ?? {}),
    async send(source, tool, input, { catalog }) {
      const result = await source.callTool(tool.name, input, exchange)
      return renameUris(catalog.features, tool.connection, result)
    },
    finish: (result, obligations, tool) => obligationsAfter(deps, obligations, tool, result),
  })
