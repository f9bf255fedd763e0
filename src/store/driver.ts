import type { Json } from '../kernel/json.ts'

/** One stored value. `version` is 1 when the row is made and grows by one with every put; a row made anew starts at 1. */
export interface Row {
  readonly id: string
  readonly version: number
  readonly value: Json
}

export interface WriteOptions {
  /** Write only when the row has this version; 0 means that it must not exist. Else GatewayError `version_conflict`. */
  readonly ifVersion?: number
}

/** `row` is undefined when the row was deleted. */
export interface Change {
  readonly id: string
  readonly row: Row | undefined
}

export interface LockOptions {
  /** Stops waiting for the lock, and is passed on to the work while it is held. */
  readonly signal?: AbortSignal
}

/**
 * What a backing store promises. Collections and ids are data: any text is allowed, `__proto__` too.
 * A promise of put or delete resolves when the change is durable; until then nobody sees it. Every method rejects with
 * GatewayError `store_unavailable` when the backing cannot be used, and after `close`.
 */
export interface Driver {
  get(collection: string, id: string): Promise<Row | undefined>
  /** All rows, ordered by id (UTF-16 code units). */
  list(collection: string): Promise<readonly Row[]>
  put(collection: string, id: string, value: Json, options?: WriteOptions): Promise<Row>
  /** False when there was nothing to delete. */
  delete(collection: string, id: string, options?: WriteOptions): Promise<boolean>
  /** Calls the listener after each durable change, in order. A listener that throws harms neither writer nor others. */
  watch(collection: string, listener: (change: Change) => void): () => void
  /**
   * Runs one holder of a key at a time, first come, first served. Not re-entrant. The work's signal aborts when the
   * caller's does and when the driver closes; waiting ends with GatewayError `cancelled`.
   */
  withLock<T>(key: string, work: (signal: AbortSignal) => Promise<T>, options?: LockOptions): Promise<T>
  /** Waits for writes under way, then lets go of everything. Safe to call twice. */
  close(): Promise<void>
}
