import { readFile } from 'node:fs/promises'
import type { Adapter } from 'lowdb'
import * as z from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import type { Json } from '../kernel/json.ts'
import { errorCode, type FileSystem } from './file-system.ts'
import { replaceFile } from './replace-file.ts'
import type { KeptRow, Tables } from './tables.ts'

const FORMAT = 'gatehouse-store'
/** Raise it with every change of the file's shape, and read the older ones. */
const VERSION = 1
/** What is handed to the disk at a time, characters; a single larger row goes alone. */
const PIECE = 65_536

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
  write: (tables) => replaceFile(files, path, toPieces(tables)),
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

/** The whole file, never as one text: a large store would need the memory for it with every write. */
function* toPieces(tables: Tables): Generator<string> {
  let piece = `{"format":"${FORMAT}","version":${VERSION},"rows":[`
  let separator = '\n'
  for (const [collection, rows] of tables) {
    for (const row of rows.values()) {
      piece += separator + toLine(collection, row)
      separator = ',\n'
      if (piece.length < PIECE) continue
      yield piece
      piece = ''
    }
  }
  yield `${piece}\n]}\n`
}

const toLine = (collection: string, { id, version, text }: KeptRow): string =>
  `{"collection":${JSON.stringify(collection)},"id":${JSON.stringify(id)},"version":${version},"value":${text}}`

function toTables(path: string, text: string): Tables {
  const content = read(path, () => JSON.parse(text))
  const { version: format } = read(path, () => headerSchema.loose().parse(content))
  if (format > VERSION) throw newerError(path, format)
  const tables = new Map<string, Map<string, KeptRow>>()
  for (const { collection, id, version, value } of read(path, () => fileSchema.parse(content)).rows) {
    const rows = tables.get(collection) ?? new Map<string, KeptRow>()
    if (rows.has(id)) throw damagedError(path, new Error(`${collection}/${id} stands in it twice.`))
    tables.set(collection, rows.set(id, { id, version, text: JSON.stringify(value) }))
  }
  return tables
}

function read<T>(path: string, work: () => T): T {
  try {
    return work()
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
