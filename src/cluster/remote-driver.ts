import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject, type Json } from '../kernel/json.ts'
import type { Change, Driver, LockOptions, Row } from '../store/driver.ts'
import { type Handlers, type Link, ownerGone } from './link.ts'

export interface RemoteDriver {
  readonly driver: Driver
  readonly handlers: Handlers
}

type Listener = (change: Change) => void

/** The owner's store as a driver of this process. Reads, writes and locks are the owner's; changes follow in order. */
export function remoteDriver(link: Link): RemoteDriver {
  const watched = watches(link)
  const working = new Set<Promise<unknown>>()
  const closing = new AbortController()
  const ask = (method: string, params: Json): Promise<unknown> => {
    if (closing.signal.aborted) return Promise.reject(shut())
    const asked = link.ask(method, params)
    const done: Promise<unknown> = asked.catch(() => undefined).finally(() => working.delete(done))
    working.add(done)
    return asked
  }
  return {
    driver: {
      get: async (collection, id) => toRow(await ask('store.get', { collection, id })),
      async list(collection) {
        const rows = await ask('store.list', { collection })
        return Array.isArray(rows) ? rows.flatMap((row) => toRow(row) ?? []) : []
      },
      async put(collection, id, value, options = {}) {
        const row = toRow(await ask('store.put', { collection, id, value, options: { ...options } }))
        if (row) return row
        throw new GatewayError('internal', `The owner did not say what became of ${collection}/${id}.`)
      },
      delete: async (collection, id, options = {}) =>
        (await ask('store.delete', { collection, id, options: { ...options } })) === true,
      watch: watched.add,
      withLock: remoteLocks(link, closing.signal),
      async close() {
        closing.abort(shut())
        watched.clear()
        await Promise.all(working)
      },
    },
    handlers: { told: { 'store.change': watched.tell } },
  }
}

function watches(link: Link) {
  const watched = new Map<string, Set<{ readonly listener: Listener }>>()
  return {
    add(collection: string, listener: Listener): () => void {
      const known = watched.get(collection)
      if (!known) link.tell('store.watch', { collection })
      const listeners = known ?? new Set()
      const entry = { listener }
      watched.set(collection, listeners.add(entry))
      return () => void listeners.delete(entry)
    },
    tell(params: Json): void {
      if (!isJsonObject(params)) return
      const change = { id: textOf(params['id']), row: toRow(params['row']) }
      for (const { listener } of watched.get(textOf(params['collection'])) ?? []) harmless(() => listener(change))
    },
    clear: () => watched.clear(),
  }
}

/** The owner keeps the lock for us; caller, link and driver end the work, whoever does so first. */
function remoteLocks(link: Link, closing: AbortSignal): Driver['withLock'] {
  let nextLock = 1
  return async <T>(
    key: string,
    work: (signal: AbortSignal) => Promise<T>,
    { signal }: LockOptions = {},
  ): Promise<T> => {
    if (closing.aborted) throw shut()
    if (signal?.aborted === true) throw waitEnded()
    const lock = nextLock++
    const ended = new AbortController()
    const follow = [
      ends(signal, () => ended.abort(waitEnded())),
      ends(closing, () => ended.abort(shut())),
      ends(link.closed, () => ended.abort(ownerGone())),
    ]
    ended.signal.addEventListener('abort', () => link.tell('store.unlock', { lock }))
    try {
      await link.ask('store.lock', { key, lock }).catch((error: unknown) => {
        throw ended.signal.aborted ? ended.signal.reason : error
      })
      return await work(ended.signal)
    } finally {
      for (const stop of follow) stop()
      link.tell('store.unlock', { lock })
    }
  }
}

function ends(signal: AbortSignal | undefined, end: () => void): () => void {
  signal?.addEventListener('abort', end, { once: true })
  return () => signal?.removeEventListener('abort', end)
}

function harmless(work: () => void): void {
  try {
    work()
  } catch {
    // as the contract has it: a listener that throws harms nobody else
  }
}

function toRow(row: unknown): Row | undefined {
  if (!isJsonObject(row)) return undefined
  const { id, version, value } = row
  return { id: textOf(id), version: Number(version), value: frozen(value ?? null) }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Rows belong to everybody: nobody changes them. */
function frozen(value: Json): Json {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) frozen(member ?? null)
    Object.freeze(value)
  }
  return value
}

const waitEnded = (): GatewayError => new GatewayError('cancelled', 'Nobody waits for the lock any more.')

const shut = (): GatewayError => new GatewayError('store_unavailable', 'The store of this process is closed.')
