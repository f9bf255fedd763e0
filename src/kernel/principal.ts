import type { JsonObject } from './json.ts'

/** How a principal proved who it is. `admin`: the token of the lock file; `person`: a person's own key or session. */
export type Credential = 'key' | 'jwt' | 'stdio' | 'loopback' | 'admin' | 'person'

/**
 * What a person may do in the API: `viewer` reads all but bodies, `auditor` reads bodies too, `approver` decides
 * approvals, `admin` does everything. Agents have none.
 */
export type Role = 'admin' | 'approver' | 'auditor' | 'viewer'

/**
 * Who is asking, verified. Made by identity only; nothing a client says about itself
 * (`clientInfo`, arguments, headers other than the credential) ends up here.
 */
export interface Principal {
  /** Stable text for audit and limits: `agent:sidekick`, `agent:sidekick/user:ann` or `person:ann`. */
  readonly id: string
  readonly organisation: string
  /** Empty for a person: no agent has that id, and rules about agents speak of nobody then. */
  readonly agent: string
  /** The person that the agent acts for, or that the principal is, when the credential names one. */
  readonly user?: string
  /** Groups of the agent's registration and of the credential's claims. */
  readonly groups: readonly string[]
  readonly claims: JsonObject
  readonly credential: Credential
  /** Who tries a call in the agent's name, such as `user:mona`: what asks for somebody else's word is not theirs to approve. */
  readonly actor?: string | undefined
  /** Only people have any; absent is none. */
  readonly roles?: readonly Role[] | undefined
}

/** Somebody who signs in to the API and the pages with a key of their own. */
export interface Person {
  /** A name or an e-mail address in lower case; the `user` of what they do. */
  readonly id: string
  readonly title?: string | undefined
  readonly roles: readonly Role[]
  /** Groups that approvals are asked of. */
  readonly groups: readonly string[]
  readonly email?: string | undefined
  readonly enabled: boolean
  /** Declared in `gateway.config.json`, or managed through the CLI and API. */
  readonly origin: 'declared' | 'managed'
}

/** How the names of tools look to an agent (DESIGN §2). */
export type NameStyle = 'portable' | 'canonical' | 'plain'

/** Which tools an agent's list holds; everything visible can be called whatever the list holds. */
export type ToolMode = 'auto' | 'full' | 'search' | 'both'

/** Whether lists carry definitions as they are, or with everything left out that only costs tokens. */
export type SchemaStyle = 'full' | 'slim'

/** A registered AI agent. */
export interface Agent {
  readonly id: string
  readonly title?: string
  readonly groups: readonly string[]
  readonly toolNames: NameStyle
  /** `auto` when left out. */
  readonly toolMode?: ToolMode | undefined
  /** Canonical ids, with `*` for any run of characters, of tools that are listed in every mode. */
  readonly pinned?: readonly string[] | undefined
  /** `full` when left out. */
  readonly schemas?: SchemaStyle | undefined
  readonly enabled: boolean
  /** Declared in `gateway.config.json`, or managed through the CLI and API. */
  readonly origin: 'declared' | 'managed'
}

/** What an admin says of a person. */
export interface PersonDraft {
  readonly title?: string | undefined
  readonly roles: readonly Role[]
  readonly groups: readonly string[]
  readonly email?: string | undefined
  readonly enabled: boolean
}

/** A person and the version of its row; 0 for a declared one, which changes with the configuration. */
export interface KnownPerson {
  readonly person: Person
  readonly version: number
}
