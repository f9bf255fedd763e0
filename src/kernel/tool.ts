import type { Json, JsonObject } from './json.ts'

/** What calling a tool does. `unclassified`: nobody who is trusted has said. */
export type Effect = 'read' | 'write' | 'destructive' | 'unclassified'
export type Risk = 'low' | 'medium' | 'high' | 'critical'

/** `conn:<connection>:<action>`; only `catalog/names.ts` makes one. */
export type ToolId = string & { readonly __brand: 'ToolId' }

/** Everything that MCP servers offer passes the same policy. */
export type FeatureKind = 'tool' | 'resource' | 'template' | 'prompt'

/** A tool as its source defines it. Unknown fields are kept, so that a client loses nothing. */
export interface ToolDefinition extends JsonObject {
  /** The source's own name for the tool. */
  readonly name: string
  readonly title?: string
  readonly description?: string
  readonly inputSchema: JsonObject
  readonly outputSchema?: JsonObject
  readonly annotations?: JsonObject
}

/** The governed facts about a tool, from a provider's manifest, an admin, or (raised only) upstream hints. */
export interface ToolTraits {
  readonly effect: Effect
  /** True when the call reaches people or systems outside of the organisation. */
  readonly external: boolean
  /** True when doing it twice is the same as doing it once. */
  readonly idempotent: boolean
  readonly tags: readonly string[]
}

/** What a source offers: the definition and what is known about it. */
export interface SourceTool {
  readonly definition: ToolDefinition
  readonly traits: ToolTraits
  /** What people say for it: search finds it by these words, agents are not shown them. */
  readonly keywords?: readonly string[]
}

/** A resource, resource template or prompt, as its source lists it. Reading one has the effect `read`. */
export interface SourceFeature {
  readonly kind: Exclude<FeatureKind, 'tool'>
  /** The URI, the URI template, or the prompt's name. */
  readonly name: string
  readonly definition: JsonObject
}

/** What policy looks at, of whatever kind. */
export interface Feature extends ToolTraits {
  readonly kind: FeatureKind
  readonly id: ToolId
  readonly connection: string
  /** The provider's id, or `mcp` for a downstream MCP server. */
  readonly provider: string
  /** The only person for whose agents it exists; absent: everybody's. */
  readonly owner?: string | undefined
  /** The source's own name: of a tool or prompt, or the URI (template) of a resource. Rules and calls use it. */
  readonly name: string
  /** The MCP name or URI under which it is advertised to agents with the default name style. */
  readonly wireName: string
  readonly risk: Risk
  readonly definition: JsonObject
  /** SHA-256 over everything that a model or a policy relies on, and the server's identity. */
  readonly fingerprint: string
  /** The fingerprint changed and no admin has accepted the new one: hidden, whatever the rules say. */
  readonly quarantined: boolean
}

/** What an agent sees and calls: one entry of the catalog. */
export interface Tool extends Feature {
  readonly kind: 'tool'
  /** What agents are shown: the source's definition, with an admin's title and description where there are any. */
  readonly definition: ToolDefinition
  /** The source's own definition where an admin shows another. Fingerprints are over this one. */
  readonly original?: ToolDefinition
}

export const isTool = (feature: Feature): feature is Tool => feature.kind === 'tool'

/** The result of `tools/call`, as the source gave it: unknown fields are kept. */
export interface ToolResult extends JsonObject {
  readonly content: readonly Json[]
  readonly structuredContent?: Json
  readonly isError?: boolean
  readonly _meta?: JsonObject
}
