import type { Call } from '../gateway/call-tool.ts'
import type { Log } from '../gateway/gateway.ts'
import type { ToolPage } from '../gateway/listing.ts'
import type { Clock, NewId } from '../kernel/clock.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Telemetry } from '../kernel/telemetry.ts'
import type { ToolResult } from '../kernel/tool.ts'

/** The two lives of the gateway, as the protocol needs them. Both throw GatewayError. */
export interface ToolsPort {
  /** One page of what the principal may see (of a toolset); no I/O. Throws `invalid_cursor`. */
  list(principal: Principal, cursor?: string, toolset?: string): ToolPage
  /** The one path to a tool. A hidden tool and an unknown one are the same `tool_not_found`. */
  call(call: Call, exchange: Exchange): Promise<ToolResult>
}

/** What is listed besides tools. */
export type ListedKind = 'resource' | 'template' | 'prompt'

/** One page of a list of them. */
export interface FeaturePage {
  readonly items: readonly JsonObject[]
  readonly nextCursor?: string
}

/** A resource that somebody subscribed to changed. */
export interface ResourceUpdate {
  /** As agents know it. */
  readonly uri: string
  /** Only principals for whom this holds may hear of it. */
  isVisible(principal: Principal): boolean
}

/** Resources, templates, prompts and completions, under the same policy as tools. Everything throws GatewayError. */
export interface FeaturesPort {
  /** One page of what the principal may see (of a toolset); no I/O. Throws `invalid_cursor`. */
  list(kind: ListedKind, principal: Principal, cursor?: string, toolset?: string): FeaturePage
  /** `resources/read`; what is hidden and what is unknown are the same `not_found` with `{ uri }`. */
  read(uri: string, exchange: Exchange): Promise<JsonObject>
  /** `prompts/get`; what is hidden and what is unknown are the same `not_found`. */
  prompt(call: { readonly name: string; readonly arguments: unknown }, exchange: Exchange): Promise<JsonObject>
  /** `completion/complete`. */
  complete(params: JsonObject, exchange: Exchange): Promise<JsonObject>
  /** Asks the resource's source to tell of changes; visible resources only. */
  subscribe(uri: string, exchange: Exchange): Promise<void>
  unsubscribe(uri: string, exchange: Exchange): Promise<void>
  onResourceUpdated(listener: (update: ResourceUpdate) => void): () => void
}

/** Makes text of a value that only this gateway can read and nobody can change, and the value of such text. */
export interface Seal {
  seal(value: JsonObject): string
  /** Undefined for what this gateway did not seal, or what was changed since. */
  open(text: string): JsonObject | undefined
}

/** What the MCP edge is run with. */
export interface McpDeps {
  readonly tools: ToolsPort
  readonly features: FeaturesPort
  /** What connected servers can do, of features that anyone may have. */
  capabilities(): {
    readonly resources: boolean
    readonly prompts: boolean
    readonly completions: boolean
    readonly subscribe: boolean
  }
  /** Calls the listener after every change of what somebody may see; the answer stops that. */
  onToolsChanged(listener: () => void): () => void
  /** The same for resources (and templates) and prompts. */
  onFeaturesChanged(listener: (kinds: { readonly resources: boolean; readonly prompts: boolean }) => void): () => void
  /** Seals what modern clients keep for us between two rounds of a call. One key for all processes of a gateway. */
  readonly seal: Seal
  /** How the server names itself to clients. */
  readonly serverInfo: { readonly name: string; readonly version: string; readonly title?: string }
  /** Words for the model about this server. */
  readonly instructions?: string
  /** What operators measure of lists; calls are measured where they live. */
  readonly telemetry?: Pick<Telemetry, 'listing'> | undefined
  readonly clock: Clock
  /** Makes request ids and session ids: unguessable, visible ASCII. */
  readonly newId: NewId
  readonly log: Log
}
