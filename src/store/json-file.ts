import { readFile } from 'node:fs/promises'
import type { Adapter } from 'lowdb'
import { z } from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import type { Row } from './driver.ts'
import { errorCode, type FileSystem } from './file-system.ts'
import { replaceFile } from './replace-file.ts'
import { freeze, type Tables } from './tables.ts'

const FORMAT = 'gatehouse-store'
/** Raise it with every change of the file's shape, and read the older ones. */
const VERSION = 1

const headerSchema = z.object({ format: z.literal(FORMAT), version: z.int().positive() })

const fileSchema = headerSchema.extend({
  rows: z.array(
    z.strictObject({
      collection: z.string(),
      id: z.string(),
      version: z.int().positive(),
      // Parsed from JSON a moment ago, so it is JSON; zod's own check would drop `__proto__` keys.
      value: z.custom<Json>((value) => value !== undefined),
    }),
  ),
})

/**
 * A lowdb adapter that keeps tables in one JSON file, a row a line. Reading gives null when there is no file, and
 * throws GatewayError `store_unavailable` for a file that is damaged or newer: it is never taken as empty.
 */
export const jsonFile = (path: string, files: FileSystem): Adapter<Tables> => ({
  async read() {
    const text = await readText(path)
    return text === undefined ? null : toTables(path, text)
  },
  write: (tables) => replaceFile(files, path, toText(tables)),
})

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw new GatewayError('store_unavailable', `${path} cannot be read. Check the disk and who owns the file.`, {
      cause: error,
    })
  }
}

function toText(tables: Tables): string {
  const lines = [...tables].flatMap(([collection, rows]) =>
    [...rows.values()].map(({ id, version, value }) => JSON.stringify({ collection, id, version, value })),
  )
  return `{"format":"${FORMAT}","version":${VERSION},"rows":[\n${lines.join(',\n')}\n]}\n`
}

function toTables(path: string, text: string): Tables {
  const content = parse(path, headerSchema.loose(), text)
  if (content.version > VERSION) throw newerError(path, content.version)
  const tables = new Map<string, Map<string, Row>>()
  for (const { collection, id, version, value } of parse(path, fileSchema, text).rows) {
    const rows = tables.get(collection) ?? new Map<string, Row>()
    if (rows.has(id)) throw damagedError(path, new Error(`${collection}/${id} stands in it twice.`))
    tables.set(collection, rows.set(id, Object.freeze({ id, version, value: freeze(value) })))
  }
  return tables
}

function parse<T>(path: string, schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text))
  } catch (error) {
    throw damagedError(path, error)
  }
}

const damagedError = (path: string, cause: unknown): GatewayError => {
  const todo = 'Put a backup in its place, or move it away to start with an empty store.'
  return new GatewayError('store_unavailable', `${path} is damaged and was left as it is. ${todo}`, { cause })
}

const newerError = (path: string, version: number): GatewayError => {
  const detail = `${path} has format ${version}, this gateway knows up to ${VERSION}. Start the newer gateway that wrote it.`
  return new GatewayError('store_unavailable', detail)
}
