import type { z } from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { Change, Driver, Row, WriteOptions } from './driver.ts'

/** A named kind of row with its shape. The schema must read back what JSON makes of a value. */
export interface Collection<T> {
  readonly name: string
  readonly schema: z.ZodType<T>
}

/** A row whose value was parsed. */
export interface Versioned<T> {
  readonly id: string
  readonly version: number
  readonly value: T
}

/** `row` is parsed when it is read, and throws what `get` would reject with; undefined when the row was deleted. */
export interface TypedChange<T> {
  readonly id: string
  readonly row: Versioned<T> | undefined
}

/**
 * A Driver with types. A row that does not fit its schema is GatewayError `store_unavailable` that names collection and
 * id; it is never skipped. A value that would not fit is refused before it is written (`internal`: a mistake of ours).
 */
export interface Store {
  get<T>(collection: Collection<T>, id: string): Promise<Versioned<T> | undefined>
  list<T>(collection: Collection<T>): Promise<readonly Versioned<T>[]>
  put<T>(collection: Collection<T>, id: string, value: T, options?: WriteOptions): Promise<Versioned<T>>
  delete<T>(collection: Collection<T>, id: string, options?: WriteOptions): Promise<boolean>
  watch<T>(collection: Collection<T>, listener: (change: TypedChange<T>) => void): () => void
  readonly withLock: Driver['withLock']
  close(): Promise<void>
}

export const defineCollection = <T>(name: string, schema: z.ZodType<T>): Collection<T> => ({ name, schema })

export const openStore = (driver: Driver): Store => ({
  async get(collection, id) {
    const row = await driver.get(collection.name, id)
    return row && parseRow(collection, row)
  },
  async list(collection) {
    return (await driver.list(collection.name)).map((row) => parseRow(collection, row))
  },
  async put(collection, id, value, options) {
    // Not awaited: nothing of the value is held while its writing waits for the disk, and thousands may wait together.
    const written = driver.put(collection.name, id, toJson(collection, id, value), options)
    return written.then((row) => toVersioned(collection, row))
  },
  delete: (collection, id, options) => driver.delete(collection.name, id, options),
  watch: (collection, listener) =>
    driver.watch(collection.name, (change) => listener(toTypedChange(collection, change))),
  withLock: (key, work, options) => driver.withLock(key, work, options),
  close: () => driver.close(),
})

/** Most writers do not look at what they wrote. */
const toVersioned = <T>(collection: Collection<T>, row: Row): Versioned<T> => ({
  id: row.id,
  version: row.version,
  get value() {
    return parseRow(collection, row).value
  },
})

const toTypedChange = <T>(collection: Collection<T>, { id, row }: Change): TypedChange<T> => ({
  id,
  get row() {
    return row && parseRow(collection, row)
  },
})

function parseRow<T>({ name, schema }: Collection<T>, { id, version, value }: Row): Versioned<T> {
  const parsed = schema.safeParse(value)
  if (parsed.success) return { id, version, value: parsed.data }
  const where = parsed.error.issues.map((issue) => issue.path.join('.') || 'the value').join(', ')
  const detail = `The stored ${name}/${id} cannot be read: ${where} does not fit. A newer gateway may have written it: start that one, or restore a backup.`
  throw new GatewayError('store_unavailable', detail, { cause: parsed.error })
}

/** Only what can be read back is written. */
function toJson<T>({ name, schema }: Collection<T>, id: string, value: T): Json {
  const json: Json = JSON.parse(JSON.stringify(value))
  const parsed = schema.safeParse(json)
  if (parsed.success) return json
  throw new GatewayError('internal', `${name}/${id} was not stored: the value does not fit its collection.`, {
    cause: parsed.error,
  })
}
