import type { SourceTool } from '../kernel/tool.ts'
import type { Connector } from './connector.ts'

/** A connection as the config wants it. */
export interface ConnectionSpec {
  readonly slug: string
  readonly provider: string
  readonly title?: string
  readonly enabled: boolean
  /** Equal for equal settings: a spec with another fingerprint is another connection. Holds no secret, only its hash. */
  readonly fingerprint: string
  connector(): Connector
}

/** The tools of one connection, as the catalog takes them. */
export interface ConnectionTools {
  readonly connection: string
  readonly provider: string
  /** The server's identity, for the fingerprints of the tools. */
  readonly identity: string
  readonly tools: readonly SourceTool[]
}
