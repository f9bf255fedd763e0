import type { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Source } from '../kernel/source.ts'
import type { SourceFeature, SourceTool } from '../kernel/tool.ts'

/** What the supervisor runs for a connection: provider sources and MCP sources each make one. */
export interface Connector {
  readonly connection: string
  /** The provider's id, or `mcp` for a downstream MCP server. */
  readonly provider: string
  /** Rejects with a GatewayError when the connection cannot be made; may be called again after that or after `onLost`. */
  connect(events: ConnectorEvents, signal: AbortSignal): Promise<Connected>
}

/** A connection that works: its source and what it offers. */
export interface Connected {
  readonly source: Source
  /** What the tools' fingerprints are bound to: who answers at the other end. */
  readonly identity: string
  readonly tools: readonly SourceTool[]
  /** Resources, templates and prompts. */
  readonly features: readonly SourceFeature[]
  /** What the other end can do, in the words of MCP's server capabilities; grows when it is reached in another era too. */
  readonly capabilities: JsonObject
  /** How the other end wants to be used, in its own words. */
  readonly instructions?: string
  /** What a downstream MCP server calls itself (`Implementation`), and the `era` of its protocol. */
  readonly server?: JsonObject
  /** What of the newest list is not offered and why, in words for an admin; absent or empty when nothing was left out. */
  problems?(): readonly string[]
  /** The account behind a shared credential, as the other end names it; undefined while it did not say. */
  account?(): string | undefined
  /** Resolves when the other end still answers; rejects with a GatewayError that says why not. */
  probe(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** How a connection talks back while it is connected. */
export interface ConnectorEvents {
  /** The complete new list of tools. */
  onTools(tools: readonly SourceTool[]): void
  /** The complete new list of resources, templates and prompts; also called when the capabilities grew. */
  onFeatures(features: readonly SourceFeature[]): void
  /** A resource that was subscribed to may have changed. */
  onResourceUpdated(uri: string): void
  /** The connection is gone and will not come back by itself; called at most once per connect. */
  onLost(error: GatewayError): void
}
