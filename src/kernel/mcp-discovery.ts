import type { Lease } from './credential.ts'
import type { JsonObject } from './json.ts'
import type { Secret } from './secret.ts'
import type { Effect } from './tool.ts'

/** An MCP server that is looked at before it is saved. */
export interface McpTarget {
  readonly transport:
    | {
        readonly kind: 'stdio'
        readonly command: string
        readonly args: readonly string[]
        readonly env: Readonly<Record<string, Secret | string>>
      }
    | {
        /** `http` is Streamable HTTP; `sse` is the transport of 2024-11-05. */
        readonly kind: 'http' | 'sse'
        readonly url: URL
        readonly headers: Readonly<Record<string, Secret | string>>
        readonly fallbackToSse: boolean
        readonly allowPrivateNetwork: boolean
      }
  /** The credential to look with; none when left out. */
  readonly lease?: Lease | undefined
}

/** One tool as its server describes it. */
export interface DiscoveredTool extends JsonObject {
  readonly name: string
  readonly title?: string
  /** At most 1,000 characters. */
  readonly description?: string
  /** What the gateway takes it for until an admin says more. */
  readonly effect: Effect
  readonly external: boolean
  /** The server's own hints, which nobody has to believe. */
  readonly annotations?: JsonObject
}

/** What a server wants: nothing more than it got, a sign-in, or a key of a kind that it does not tell. */
export type DiscoveredAuth =
  | { readonly kind: 'enough' }
  | {
      readonly kind: 'oauth'
      readonly issuer: string
      readonly scopes: readonly string[]
      /** How the gateway becomes a client there; with `manual` an admin has to enter one. */
      readonly registration: 'document' | 'dynamic' | 'manual'
    }
  | { readonly kind: 'key' }

/** What a server is and wants. */
export interface McpDiscovery {
  /** False when it wants a credential first, or another one: then only `auth` is known. */
  readonly connected: boolean
  /** What it calls itself, and the `era` of its protocol. */
  readonly server?: JsonObject
  readonly capabilities?: JsonObject
  readonly instructions?: string
  /** The first 500. */
  readonly tools: readonly DiscoveredTool[]
  readonly toolCount: number
  /** What of its tools cannot be offered, and why. */
  readonly problems: readonly string[]
  readonly auth: DiscoveredAuth
}
