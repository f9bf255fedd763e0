import { GatewayError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { Row, WriteOptions } from './driver.ts'

/** Collection → id → row. Maps, so that no name is special. */
export type Tables = ReadonlyMap<string, ReadonlyMap<string, Row>>

/** A change that a caller asked for. */
export type Write = {
  readonly collection: string
  readonly id: string
  readonly ifVersion: number | undefined
} & ({ readonly kind: 'put'; readonly value: Json } | { readonly kind: 'delete' })

/** What became of a write: the row as it is now, or undefined when it was deleted or was not there. */
export interface Written {
  readonly existed: boolean
  readonly row: Row | undefined
}

/** Tables in the making: reads of `before` are untouched until the owner puts `tables()` in its place. */
export interface Draft {
  /** Throws GatewayError `version_conflict` and changes nothing when the row has another version than asked for. */
  apply(write: Write): Written
  /** Undefined when nothing changed. */
  tables(): Tables | undefined
}

/** Copies only the collections that are written to. */
export function draftOf(before: Tables): Draft {
  const changed = new Map<string, Map<string, Row>>()
  const rowOf = (write: Write): Row | undefined =>
    (changed.get(write.collection) ?? before.get(write.collection))?.get(write.id)
  const ownTable = (name: string): Map<string, Row> => {
    const own = changed.get(name) ?? new Map(before.get(name))
    changed.set(name, own)
    return own
  }
  return {
    apply(write) {
      const current = rowOf(write)
      checkVersion(write, current)
      const row = rowAfter(write, current)
      if (row) ownTable(write.collection).set(write.id, row)
      else if (current) ownTable(write.collection).delete(write.id)
      return { existed: current !== undefined, row }
    },
    tables: () => (changed.size === 0 ? undefined : new Map([...before, ...changed])),
  }
}

/** A put's options as a write. The value is copied, so that what a caller does to it later changes nothing here. */
export const putOf = (collection: string, id: string, value: Json, options: WriteOptions = {}): Write => ({
  kind: 'put',
  collection,
  id,
  value: frozenCopy(value),
  ifVersion: options.ifVersion,
})

export const deleteOf = (collection: string, id: string, options: WriteOptions = {}): Write => ({
  kind: 'delete',
  collection,
  id,
  ifVersion: options.ifVersion,
})

function checkVersion(write: Write, current: Row | undefined): void {
  const version = current?.version ?? 0
  if (write.ifVersion === undefined || write.ifVersion === version) return
  const found = current ? `has version ${version}` : 'does not exist'
  const detail = `${write.collection}/${write.id} ${found}, not version ${write.ifVersion}. Read it again and repeat the change.`
  throw new GatewayError('version_conflict', detail, { data: { expected: write.ifVersion, version } })
}

const rowAfter = (write: Write, current: Row | undefined): Row | undefined =>
  write.kind === 'put'
    ? Object.freeze({ id: write.id, version: (current?.version ?? 0) + 1, value: write.value })
    : undefined

function frozenCopy(value: Json): Json {
  const copy: Json = JSON.parse(JSON.stringify(value))
  return freeze(copy)
}

/** Freezes a JSON value all the way down: rows are handed out without a copy. */
export function freeze(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) if (part !== undefined) freeze(part)
  return Object.freeze(value)
}
