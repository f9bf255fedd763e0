import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Store } from '../store/store.ts'
import { connectionCollection, type ConnectionRow, switchCollection, toDefinition } from './connection-row.ts'
import type { ConnectionDefinition } from './definition.ts'

/** What an admin says of a managed connection. */
export type ConnectionDraft = Pick<
  ConnectionDefinition,
  'provider' | 'method' | 'settings' | 'allowPrivateNetwork' | 'credential' | 'enabled'
> &
  Partial<Pick<ConnectionDefinition, 'title' | 'server' | 'baseUrl' | 'owner'>>

/** The managed connections, and which of the declared ones are switched off here. */
export interface ConnectionBook {
  /** From memory, by slug, without deleted ones; the same map until something changes. */
  all(): ReadonlyMap<string, ConnectionDefinition>
  /** Deleted ones too. */
  get(slug: string): ConnectionDefinition | undefined
  /** The declared connections that are switched off here. */
  switchedOff(): ReadonlySet<string>
  /** Rejects with `conflict` when there is one of that name, deleted or not. In force when it resolves, as all that follow. */
  create(slug: string, draft: ConnectionDraft, by: string): Promise<ConnectionDefinition>
  /** Rejects with `not_found`, and with `version_conflict` when it has another version than `ifVersion`. */
  update(slug: string, draft: ConnectionDraft, by: string, ifVersion: number): Promise<ConnectionDefinition>
  /** Switches a managed or declared connection on or off. */
  setEnabled(slug: string, enabled: boolean, by: string): Promise<void>
  /** Deletes softly: it can be restored for 30 days. */
  remove(slug: string, by: string, ifVersion?: number): Promise<void>
  /** Brings back what was deleted. Rejects with `not_found`. */
  restore(slug: string, by: string): Promise<ConnectionDefinition>
  /** Calls `listener` after each change, of other processes too; the result ends that. */
  onChange(listener: () => void): () => void
  close(): void
}

export interface ConnectionBookDeps {
  readonly store: Store
  readonly clock: Clock
  /** Hears why rows could not be read after a change; the last ones stay in force. */
  readonly onError: (error: unknown) => void
}

const KEPT_MS = 30 * 24 * 60 * 60 * 1_000

interface Contents {
  readonly every: ReadonlyMap<string, ConnectionDefinition>
  readonly all: ReadonlyMap<string, ConnectionDefinition>
  readonly off: ReadonlySet<string>
}

/** The rows in memory, which follow the store. */
interface Memory {
  now(): Contents
  refresh(): Promise<void>
  readonly listeners: Set<() => void>
  close(): void
}

async function openMemory({ store, onError }: ConnectionBookDeps): Promise<Memory> {
  const listeners = new Set<() => void>()
  let contents = await read(store)
  const refresh = async (): Promise<void> => {
    const next = await read(store)
    if (isSame(contents, next)) return
    contents = next
    for (const listener of listeners) listener()
  }
  const onWrite = (): void => void refresh().catch(onError)
  const unwatch = [store.watch(connectionCollection, onWrite), store.watch(switchCollection, onWrite)]
  return { now: () => contents, refresh, listeners, close: () => unwatch.forEach((end) => end()) }
}

/** Opens the book; what was deleted more than 30 days ago is gone then. */
export async function openConnectionBook(deps: ConnectionBookDeps): Promise<ConnectionBook> {
  const { store, clock } = deps
  await purge(store, clock())
  const { now, refresh, listeners, close } = await openMemory(deps)
  const put = async (slug: string, row: ConnectionRow, ifVersion: number): Promise<ConnectionDefinition> => {
    const { version, value } = await store.put(connectionCollection, slug, row, { ifVersion })
    await refresh()
    return toDefinition(slug, version, value)
  }
  const known = async (slug: string) => {
    const row = await store.get(connectionCollection, slug)
    if (row) return row
    throw new GatewayError('not_found', `There is no managed connection "${slug}".`)
  }
  const touched = (by: string) => ({ at: clock(), by })

  return {
    all: () => now().all,
    get: (slug) => now().every.get(slug),
    switchedOff: () => now().off,
    async create(slug, draft, by) {
      const other = now().every.get(slug)
      if (other) throw taken(slug, other.deletedAt !== undefined)
      return put(slug, { ...compact(draft), created: touched(by), updated: touched(by) }, 0)
    },
    async update(slug, draft, by, ifVersion) {
      const { value } = await known(slug)
      if (value.deletedAt !== undefined) throw new GatewayError('not_found', `The connection "${slug}" was deleted.`)
      return put(slug, { ...compact(draft), created: value.created, updated: touched(by) }, ifVersion)
    },
    async setEnabled(slug, enabled, by) {
      const row = await store.get(connectionCollection, slug)
      if (row) await put(slug, { ...row.value, enabled, updated: touched(by) }, row.version)
      else if (enabled) await store.delete(switchCollection, slug)
      else await store.put(switchCollection, slug, { enabled: false, ...touched(by) })
      await refresh()
    },
    async remove(slug, by, ifVersion) {
      const { value, version } = await known(slug)
      await put(slug, { ...value, updated: touched(by), deletedAt: clock() }, ifVersion ?? version)
    },
    async restore(slug, by) {
      const { value, version } = await known(slug)
      const { deletedAt, ...row } = value
      if (deletedAt === undefined) throw new GatewayError('conflict', `The connection "${slug}" is not deleted.`)
      return put(slug, { ...row, updated: touched(by) }, version)
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    close,
  }
}

async function read(store: Store): Promise<Contents> {
  const [rows, switches] = await Promise.all([store.list(connectionCollection), store.list(switchCollection)])
  const every = new Map(rows.map(({ id, version, value }) => [id, toDefinition(id, version, value)]))
  return {
    every,
    all: new Map([...every].filter(([, { deletedAt }]) => deletedAt === undefined)),
    off: new Set(switches.map(({ id }) => id)),
  }
}

/** Several processes may do it at once: each row goes only as it was read. */
async function purge(store: Store, now: number): Promise<void> {
  const rows = await store.list(connectionCollection)
  const over = rows.filter(({ value }) => value.deletedAt !== undefined && now - value.deletedAt > KEPT_MS)
  await Promise.all(
    over.map(({ id, version }) =>
      store.delete(connectionCollection, id, { ifVersion: version }).catch((error: unknown) => {
        if (!(error instanceof GatewayError) || error.code !== 'version_conflict') throw error
      }),
    ),
  )
}

const isSame = (a: Contents, b: Contents): boolean =>
  a.every.size === b.every.size &&
  [...a.every].every(([slug, { version }]) => b.every.get(slug)?.version === version) &&
  [...a.off].join() === [...b.off].join()

/** Without members that are undefined: JSON has none. */
function compact({
  title,
  server,
  baseUrl,
  owner,
  ...rest
}: ConnectionDraft): Omit<ConnectionRow, 'created' | 'updated'> {
  const { provider, method, settings, allowPrivateNetwork, credential, enabled } = rest
  return {
    provider,
    method,
    settings,
    allowPrivateNetwork,
    credential,
    enabled,
    ...(title !== undefined && { title }),
    ...(server && { server }),
    ...(baseUrl !== undefined && { baseUrl }),
    ...(owner !== undefined && { owner }),
  }
}

const taken = (slug: string, isDeleted: boolean): GatewayError =>
  new GatewayError(
    'conflict',
    isDeleted
      ? `A connection "${slug}" was deleted within the last 30 days. Restore it, or choose another name.`
      : `There is a connection "${slug}" already. Choose another name.`,
  )
