import type { Call } from '../gateway/call-tool.ts'
import type { Log } from '../gateway/gateway.ts'
import type { ToolPage } from '../gateway/listing.ts'
import type { Clock, NewId } from '../kernel/clock.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Principal } from '../kernel/principal.ts'
import type { ToolResult } from '../kernel/tool.ts'

/** The two lives of the gateway, as the protocol needs them. Both throw GatewayError. */
export interface ToolsPort {
  /** One page of what the principal may see; no I/O. Throws `invalid_cursor`. */
  list(principal: Principal, cursor?: string): ToolPage
  /** The one path to a tool. A hidden tool and an unknown one are the same `tool_not_found`. */
  call(call: Call, exchange: Exchange): Promise<ToolResult>
}

/** What the MCP edge is run with. */
export interface McpDeps {
  readonly tools: ToolsPort
  /** Calls the listener after every change of what somebody may see; the answer stops that. */
  onToolsChanged(listener: () => void): () => void
  /** How the server names itself to clients. */
  readonly serverInfo: { readonly name: string; readonly version: string; readonly title?: string }
  /** Words for the model about this server. */
  readonly instructions?: string
  readonly clock: Clock
  /** Makes request ids and session ids: unguessable, visible ASCII. */
  readonly newId: NewId
  readonly log: Log
}
