import { GatewayError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { Row, WriteOptions } from './driver.ts'

/** A row as it is kept: as text its value takes less memory than as objects, and is written as it stands. */
export interface KeptRow {
  readonly id: string
  readonly version: number
  /** JSON of the value. */
  readonly text: string
}

/** Collection → id → row. Maps, so that no name is special. */
export type Tables = ReadonlyMap<string, ReadonlyMap<string, KeptRow>>

/** The row as readers get it: a frozen value of their own, made when it is first looked at. */
export function toRow({ id, version, text }: KeptRow): Row {
  let made: { readonly value: Json } | undefined
  return {
    id,
    version,
    get value() {
      return (made ??= { value: freeze(JSON.parse(text)) }).value
    },
  }
}

/** A change that a caller asked for. */
export type Write = {
  readonly collection: string
  readonly id: string
  readonly ifVersion: number | undefined
} & ({ readonly kind: 'put'; readonly text: string } | { readonly kind: 'delete' })

/** What became of a write: the row as it is now, or undefined when it was deleted or was not there. */
export interface Written {
  readonly existed: boolean
  readonly row: KeptRow | undefined
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
  const changed = new Map<string, Map<string, KeptRow>>()
  const rowOf = (write: Write): KeptRow | undefined =>
    (changed.get(write.collection) ?? before.get(write.collection))?.get(write.id)
  const ownTable = (name: string): Map<string, KeptRow> => {
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

/** A put's options as a write. The value is written down now, so that what a caller does to it later changes nothing here. */
export const putOf = (collection: string, id: string, value: Json, options: WriteOptions = {}): Write => ({
  kind: 'put',
  collection,
  id,
  text: JSON.stringify(value),
  ifVersion: options.ifVersion,
})

export const deleteOf = (collection: string, id: string, options: WriteOptions = {}): Write => ({
  kind: 'delete',
  collection,
  id,
  ifVersion: options.ifVersion,
})

function checkVersion(write: Write, current: KeptRow | undefined): void {
  const version = current?.version ?? 0
  if (write.ifVersion === undefined || write.ifVersion === version) return
  const found = current ? `has version ${version}` : 'does not exist'
  const detail = `${write.collection}/${write.id} ${found}, not version ${write.ifVersion}. Read it again and repeat the change.`
  throw new GatewayError('version_conflict', detail, { data: { expected: write.ifVersion, version } })
}

const rowAfter = (write: Write, current: KeptRow | undefined): KeptRow | undefined =>
  write.kind === 'put' ? { id: write.id, version: (current?.version ?? 0) + 1, text: write.text } : undefined

function freeze(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  for (const part of Object.values(value)) if (part !== undefined) freeze(part)
  return Object.freeze(value)
}
