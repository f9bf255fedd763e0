import { z } from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import type { Agent, NameStyle, SchemaStyle, ToolMode } from '../kernel/principal.ts'
import { defineCollection, type Store } from '../store/store.ts'
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
})

export const agentCollection = defineCollection('agents', managedSchema)

export interface AgentDraft {
  readonly id: string
  readonly title?: string | undefined
  readonly groups: readonly string[]
  readonly toolNames: NameStyle
  readonly toolMode?: ToolMode | undefined
  readonly pinned?: readonly string[] | undefined
  readonly schemas?: SchemaStyle | undefined
}

/** All agents: those that the configuration declares and those that admins registered. A declared one hides a managed one. */
export interface AgentBook {
  /** From memory; the same map until something changes. */
  agents(): ReadonlyMap<string, Agent>
  /** Ordered by id. */
  list(): Promise<readonly Agent[]>
  /** GatewayError `conflict` when the id is taken, `invalid_request` when it is none. */
  add(draft: AgentDraft): Promise<Agent>
  /** GatewayError `not_found` when no managed agent has that id. */
  remove(id: string): Promise<void>
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
  const managed = new Map<string, Agent>()
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
    if (row) managed.set(row.id, toAgent(row.id, row.value))
    changed()
  })
  for (const { id, value } of await store.list(agentCollection)) if (!seen.has(id)) managed.set(id, toAgent(id, value))

  const agents = (): ReadonlyMap<string, Agent> => {
    const of = declared()
    if (merged?.of !== of) merged = { of, all: new Map([...managed, ...of]) }
    return merged.all
  }
  return {
    agents,
    list: () => Promise.resolve([...agents().values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))),
    async add({ id, groups, pinned, ...draft }) {
      refuseBadId(id)
      if (agents().has(id)) throw new GatewayError('conflict', `There is an agent "${id}" already.`)
      const row = withoutGaps({ ...draft, groups: [...groups], pinned: pinned && [...pinned] })
      const { value } = await store.put(agentCollection, id, row, { ifVersion: 0 })
      return toAgent(id, value)
    },
    async remove(id) {
      if (await store.delete(agentCollection, id)) return
      const why = declared().has(id)
        ? 'It is declared in the configuration: remove it there.'
        : 'See gatehouse agent list.'
      throw new GatewayError('not_found', `No admin has registered an agent "${id}". ${why}`)
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

const toAgent = (id: string, { title, ...agent }: z.infer<typeof managedSchema>): Agent => ({
  id,
  ...(title === undefined ? {} : { title }),
  ...agent,
  enabled: true,
  origin: 'managed',
})

/** Rows are JSON: what was not given is not a member. */
const withoutGaps = <T extends object>(row: T): T =>
  Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as T
