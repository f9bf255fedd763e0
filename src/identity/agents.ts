import * as z from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import type { Agent, NameStyle, SchemaStyle, ToolMode } from '../kernel/principal.ts'
import { defineCollection, type Store, type Versioned } from '../store/store.ts'
import { readableRow } from './readable-row.ts'

/** The same names as in the configuration; `admin` and `gatehouse` could be taken for the gateway itself. */
const AGENT_ID = /^(?!(?:admin|gatehouse)$)[a-z0-9][a-z0-9_-]{0,63}$/

const managedSchema = z.strictObject({
  title: z.string().max(100).optional(),
  groups: z.array(z.string().min(1).max(64)).max(50),
  toolNames: z.enum(['portable', 'canonical', 'plain']),
  toolMode: z.enum(['auto', 'full', 'search', 'both']).optional(),
  pinned: z.array(z.string().min(1).max(200)).max(100).optional(),
  schemas: z.enum(['full', 'slim']).optional(),
  /** True when left out. */
  enabled: z.boolean().optional(),
})

type AgentRow = z.infer<typeof managedSchema>

export const agentCollection = defineCollection('agents', managedSchema)

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

export interface AgentDraft extends AgentSettings {
  readonly id: string
}

/** All agents: those that the configuration declares and those that admins registered. A declared one hides a managed one. */
export interface AgentBook {
  /** From memory; the same map until something changes. */
  agents(): ReadonlyMap<string, Agent>
  /** Ordered by id. */
  list(): Promise<readonly Agent[]>
  /** GatewayError `conflict` when the id is taken, `invalid_request` when it is none. */
  add(draft: AgentDraft): Promise<Agent>
  /** The version of a managed agent; undefined for a declared one, which changes with the configuration. */
  version(id: string): number | undefined
  /**
   * Takes the place of what was said before. GatewayError `version_conflict` when it was changed meanwhile, `conflict` for a
   * declared agent, `not_found` for none.
   */
  update(id: string, settings: AgentSettings, ifVersion?: number): Promise<Agent>
  /** GatewayError `not_found` when no managed agent has that id, `version_conflict` when it was changed meanwhile. */
  remove(id: string, ifVersion?: number): Promise<void>
  /** Called after each change of a managed agent. */
  onChange(listener: () => void): () => void
  close(): void
}

export interface AgentBookDeps {
  readonly store: Store
  /** The agents of the configuration in force; another map when it was reloaded. */
  readonly declared: () => ReadonlyMap<string, Agent>
}

/** Opens the book of agents: an index in memory that follows the store. */
export async function openAgentBook({ store, declared }: AgentBookDeps): Promise<AgentBook> {
  const managed = new Map<string, Versioned<AgentRow>>()
  const listeners = new Set<() => void>()
  const seen = new Set<string>()
  let merged: { readonly of: ReadonlyMap<string, Agent>; readonly all: ReadonlyMap<string, Agent> } | undefined
  const changed = (): void => {
    merged = undefined
    for (const listener of listeners) listener()
  }
  const unwatch = store.watch(agentCollection, (change) => {
    managed.delete(change.id)
    seen.add(change.id)
    const row = readableRow(change)
    if (row) managed.set(row.id, row)
    changed()
  })
  for (const row of await store.list(agentCollection)) if (!seen.has(row.id)) managed.set(row.id, row)

  const agents = (): ReadonlyMap<string, Agent> => {
    const of = declared()
    if (merged?.of !== of) merged = { of, all: new Map([...[...managed.values()].map(toEntry), ...of]) }
    return merged.all
  }
  return {
    agents,
    list: () => Promise.resolve([...agents().values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))),
    async add({ id, ...settings }) {
      refuseBadId(id)
      if (agents().has(id)) throw new GatewayError('conflict', `There is an agent "${id}" already.`)
      return toAgent(await store.put(agentCollection, id, toRow(settings), { ifVersion: 0 }))
    },
    version: (id) => (declared().has(id) ? undefined : managed.get(id)?.version),
    async update(id, settings, ifVersion) {
      const known = managed.get(id)
      if (!known || declared().has(id)) throw notManaged(id, declared().has(id), 'conflict')
      return toAgent(await store.put(agentCollection, id, toRow(settings), { ifVersion: ifVersion ?? known.version }))
    },
    async remove(id, ifVersion) {
      if (await store.delete(agentCollection, id, ifVersion === undefined ? {} : { ifVersion })) return
      throw notManaged(id, declared().has(id), 'not_found')
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: unwatch,
  }
}

function refuseBadId(id: string): void {
  if (AGENT_ID.test(id)) return
  throw new GatewayError(
    'invalid_request',
    'The id of an agent has at most 64 lower-case letters, digits, _ and -, begins with a letter or digit, and is not "admin" or "gatehouse".',
  )
}

function notManaged(id: string, isDeclared: boolean, code: 'conflict' | 'not_found'): GatewayError {
  if (!isDeclared) {
    return new GatewayError('not_found', `No admin has registered an agent "${id}". See gatehouse agent list.`)
  }
  const deed = code === 'conflict' ? 'change' : 'remove'
  const detail = `No admin has registered the agent "${id}". It is declared in the configuration: ${deed} it there.`
  return new GatewayError(code, detail)
}

const toRow = ({ groups, pinned, ...settings }: AgentSettings): AgentRow =>
  withoutGaps({ ...settings, groups: [...groups], pinned: pinned && [...pinned] })

const toAgent = ({ id, value: { title, enabled = true, ...agent } }: Versioned<AgentRow>): Agent => ({
  id,
  ...(title === undefined ? {} : { title }),
  ...agent,
  enabled,
  origin: 'managed',
})

const toEntry = (row: Versioned<AgentRow>): [string, Agent] => [row.id, toAgent(row)]

/** Rows are JSON: what was not given is not a member. */
const withoutGaps = <T extends object>(row: T): T =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as T
