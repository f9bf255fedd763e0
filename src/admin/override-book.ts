import * as z from 'zod'
import type { ToolOverride } from '../catalog/catalog.ts'
import { type ToolOverrideConfig, toolOverrideSchema } from '../config/connection-schema.ts'
import { type Tool, type ToolId } from '../kernel/tool.ts'
import { defineCollection, type Store } from '../store/store.ts'

/** By tool id; connection and name say which tool that is, whatever ids look like later. */
const collection = defineCollection(
  'tool_overrides',
  z.strictObject({ connection: z.string(), name: z.string(), override: toolOverrideSchema }),
)

/** What admins said of tools through the API: of each connection, by the source's own names. */
export type ManagedOverrides = ReadonlyMap<string, Readonly<Record<string, ToolOverride>>>

/** Overrides that are kept in the store. What the configuration declares stands above them. */
export interface OverrideBook {
  /** From memory; the same map until something changes. */
  all(): ManagedOverrides
  get(id: ToolId): Promise<ToolOverrideConfig | undefined>
  /** Takes the place of what was said before. In force when it resolves. */
  set(tool: Tool, override: ToolOverrideConfig): Promise<void>
  /** False when nothing was said of the tool. */
  remove(id: ToolId): Promise<boolean>
}

export interface OverrideBookDeps {
  readonly store: Store
  /** Called after each change; resolves when the new catalog is in force. */
  readonly onChanged: () => Promise<void>
}

export async function overrideBook({ store, onChanged }: OverrideBookDeps): Promise<OverrideBook> {
  let all = await read(store)
  const changed = async (): Promise<void> => {
    all = await read(store)
    await onChanged()
  }
  return {
    all: () => all,
    async get(id) {
      return (await store.get(collection, id))?.value.override
    },
    async set({ id, connection, name }, override) {
      await store.put(collection, id, { connection, name, override })
      await changed()
    },
    async remove(id) {
      const isRemoved = await store.delete(collection, id)
      if (isRemoved) await changed()
      return isRemoved
    },
  }
}

async function read(store: Store): Promise<ManagedOverrides> {
  const byConnection = new Map<string, Record<string, ToolOverride>>()
  for (const { value } of await store.list(collection)) {
    const { connection, name, override } = value
    byConnection.set(connection, { ...byConnection.get(connection), [name]: override })
  }
  return byConnection
}
