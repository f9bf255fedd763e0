import { canonicalJson } from '../catalog/canonical-json.ts'
import type { CredentialOwnership } from '../kernel/credential.ts'
import type { JsonObject } from '../kernel/json.ts'

/** Where a downstream MCP server of a managed connection is reached. */
export interface RemoteServer {
  readonly url: string
  /** `auto` tries Streamable HTTP and falls back to SSE. */
  readonly transport: 'auto' | 'http' | 'sse'
}

/** When and by whom; milliseconds since the epoch and the principal's id. */
export interface Touch {
  readonly at: number
  readonly by: string
}

/** What a connection is, without its credential. */
export interface ConnectionDefinition {
  readonly slug: string
  /** Declared in `gateway.config.json` and read-only here, or managed through API, console and CLI. */
  readonly origin: 'declared' | 'managed'
  readonly title?: string
  /** The provider's id, or `mcp` for a downstream MCP server. */
  readonly provider: string
  /** Absent for providers, and for servers that the configuration starts as a process. */
  readonly server?: RemoteServer
  /** Id of the provider's auth method; of an MCP server `none`, `key`, `bearer`, `basic` or `oauth`. */
  readonly method: string
  readonly settings: JsonObject
  /** Instead of the manifest's. */
  readonly baseUrl?: string
  readonly allowPrivateNetwork: boolean
  /** The only person whose agents see it; absent: the organisation's. */
  readonly owner?: string
  readonly credential: CredentialOwnership
  readonly enabled: boolean
  readonly created?: Touch
  readonly updated?: Touch
  /** Grows with each change; 0 for declared ones. */
  readonly version: number
  /** Milliseconds since the epoch. It can be restored for 30 days. */
  readonly deletedAt?: number
}

/**
 * Everything that decides where a credential is sent. A credential is good for the target that it was entered for and
 * for no other: whoever edits an address afterwards must not receive what was meant for the old one.
 */
export const targetOf = ({ provider, method, server, baseUrl, settings }: ConnectionDefinition): string =>
  canonicalJson({ provider, method, url: server?.url ?? baseUrl ?? '', settings })
