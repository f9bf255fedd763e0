import type { Agent, NameStyle, SchemaStyle, ToolMode } from '../kernel/principal.ts'
import type { Secret } from '../kernel/secret.ts'

/** An agent as an admin registers it. */
export interface AgentDraft {
  readonly id: string
  readonly title?: string | undefined
  readonly groups: readonly string[]
  readonly toolNames: NameStyle
  readonly toolMode?: ToolMode | undefined
  readonly pinned?: readonly string[] | undefined
  readonly schemas?: SchemaStyle | undefined
}

/** The managed agents; declared ones stand in the configuration and cannot be changed here. */
export interface AgentBook {
  /** `conflict` when an agent of that name exists. */
  add(draft: AgentDraft): Promise<Agent>
  /** `not_found` when no managed agent has that name. */
  remove(id: string): Promise<void>
  /** Declared and managed, ordered by id. */
  list(): Promise<readonly Agent[]>
}

/** What is known of a key. The key itself is known to its owner only. */
export interface KeyFacts {
  readonly id: string
  readonly agent: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly expiresAt?: number
  readonly lastUsedAt?: number
}

export interface KeyBook {
  /** The key is in this answer and nowhere else. `expiresAt` in milliseconds since the epoch. */
  issue(agent: string, options: { readonly expiresAt?: number }): Promise<{ readonly id: string; readonly key: Secret }>
  list(agent?: string): Promise<readonly KeyFacts[]>
  /** False when there is no such key. Takes effect with the next request. */
  revoke(id: string): Promise<boolean>
  /** How many keys were revoked. */
  revokeAll(agent: string): Promise<number>
}
