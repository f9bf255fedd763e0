import type { JsonObject } from './json.ts'

/** How a principal proved who it is. */
export type Credential = 'key' | 'jwt' | 'stdio' | 'loopback' | 'admin'

/**
 * Who is asking, verified. Made by identity only; nothing a client says about itself
 * (`clientInfo`, arguments, headers other than the credential) ends up here.
 */
export interface Principal {
  /** Stable text for audit and limits: `agent:sidekick` or `agent:sidekick/user:ann`. */
  readonly id: string
  readonly organisation: string
  readonly agent: string
  /** The person that the agent acts for, when the credential names one. */
  readonly user?: string
  /** Groups of the agent's registration and of the credential's claims. */
  readonly groups: readonly string[]
  readonly claims: JsonObject
  readonly credential: Credential
}

/** How the names of tools look to an agent (DESIGN §2). */
export type NameStyle = 'portable' | 'canonical' | 'plain'

/** A registered AI agent. */
export interface Agent {
  readonly id: string
  readonly title?: string
  readonly groups: readonly string[]
  readonly toolNames: NameStyle
  readonly enabled: boolean
  /** Declared in `gateway.config.json`, or managed through the CLI and API. */
  readonly origin: 'declared' | 'managed'
}
