import type { Exchange } from './exchange.ts'
import type { JsonObject } from './json.ts'
import type { ToolResult } from './tool.ts'

/**
 * What makes and runs a connection's tools. A provider's actions and a downstream MCP server look the same from here.
 * A source leases its own credential and speaks through egress; the gateway never holds a secret.
 */
export interface Source {
  readonly connection: string
  /**
   * Runs one tool by the source's own name. A failure that a model can repair is a result with `isError`;
   * everything else is a GatewayError (`upstream_*`, `connection_unusable`, `rate_limit_exceeded`, `cancelled`).
   */
  callTool(name: string, input: JsonObject, exchange: Exchange): Promise<ToolResult>
  /**
   * Relays `resources/read`, `prompts/get`, `completion/complete`, `resources/subscribe` or `resources/unsubscribe` and
   * gives the result untouched. Absent where a source has nothing but tools. Throws like `callTool`.
   */
  request?(method: string, params: JsonObject, exchange: Exchange): Promise<JsonObject>
  close(): Promise<void>
}
