import type { JsonObject } from '../kernel/json.ts'
import type { SourceFeature, SourceTool } from '../kernel/tool.ts'
import type { Connector } from './connector.ts'

/** A connection as the config wants it. */
export interface ConnectionSpec {
  readonly slug: string
  readonly provider: string
  readonly title?: string
  readonly enabled: boolean
  /** The only person whose agents see it; absent: the organisation's. */
  readonly owner?: string
  /** Whether what it needs from outside, such as a webhook, is there; absent when it needs nothing. */
  readonly inbound?: 'missing' | 'verified'
  /** Equal for equal settings: a spec with another fingerprint is another connection. Holds no secret, only its hash. */
  readonly fingerprint: string
  connector(): Connector
}

/** What one connection offers, as the catalog takes it. */
export interface ConnectionTools {
  readonly connection: string
  readonly provider: string
  /** The server's identity, for the fingerprints of the tools. */
  readonly identity: string
  readonly tools: readonly SourceTool[]
  readonly features: readonly SourceFeature[]
  /** MCP's server capabilities, of every era in which the server was reached. */
  readonly capabilities: JsonObject
  readonly instructions?: string
}
