import type { Agent, NameStyle, SchemaStyle, ToolMode } from '../kernel/principal.ts'
import type { Secret } from '../kernel/secret.ts'

/** What an admin says of an agent. */
export interface AgentSettings {
  readonly title?: string | undefined
  readonly groups: readonly string[]
  readonly toolNames: NameStyle
  readonly toolMode?: ToolMode | undefined
  readonly pinned?: readonly string[] | undefined
  readonly schemas?: SchemaStyle | undefined
  /** True when left out. */
  readonly enabled?: boolean | undefined
}

/** An agent as an admin registers it. */
export interface AgentDraft extends AgentSettings {
  readonly id: string
}

/** The managed agents; declared ones stand in the configuration and cannot be changed here. */
export interface AgentBook {
  /** `conflict` when an agent of that name exists. */
  add(draft: AgentDraft): Promise<Agent>
  /** Of a managed agent; undefined for a declared one. */
  version(id: string): number | undefined
  /** `version_conflict` when it was changed meanwhile, `conflict` for a declared agent. */
  update(id: string, settings: AgentSettings, ifVersion?: number): Promise<Agent>
  /** `not_found` when no managed agent has that name, `version_conflict` when it was changed meanwhile. */
  remove(id: string, ifVersion?: number): Promise<void>
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
  /** The person that the agent acts for with it. */
  readonly user?: string
}

export interface KeyBook {
  /** The key is in this answer and nowhere else. `expiresAt` in milliseconds since the epoch. */
  issue(
    agent: string,
    options: { readonly expiresAt?: number; readonly user?: string },
  ): Promise<{ readonly id: string; readonly key: Secret }>
  list(agent?: string): Promise<readonly KeyFacts[]>
  /** Another key in place of this one, which ends after the overlap (milliseconds). `not_found` when it works no more. */
  rotate(
    id: string,
    rotation: { readonly expiresAt?: number; readonly overlapMs: number },
  ): Promise<{ readonly id: string; readonly agent: string; readonly key: Secret }>
  /** False when there is no such key. Takes effect with the next request. */
  revoke(id: string): Promise<boolean>
  /** How many keys were revoked. */
  revokeAll(agent: string): Promise<number>
}
