import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { JsonObject } from '../kernel/json.ts'
import { errorCode, type FileSystem } from '../store/file-system.ts'
import { replaceFile } from '../store/replace-file.ts'
import { GENESIS, type Link, toLink } from './line.ts'
import { openStatement, type StatementKey, type StatementSigner } from './statement.ts'

export const RETAINED_FILE = 'retained.json'

/** What was removed because it was old: the log begins after it. */
export interface Retained {
  /** The number of the last segment that was removed; 0 when none was. */
  readonly segment: number
  /** The last record that was removed. */
  readonly record: Link
  /** The last checkpoint that was removed with the records that it spoke of. */
  readonly checkpoint: Link
}

/** Nothing was removed: the log begins with its first record. */
export const ALL_RETAINED: Retained = { segment: 0, record: GENESIS, checkpoint: GENESIS }

/** The file's text; undefined when there is none. */
export async function readRetainedText(directory: string): Promise<string | undefined> {
  try {
    return await readFile(join(directory, RETAINED_FILE), 'utf8')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** What the text of the file says; undefined when none of the keys has signed it. */
export function openRetained(text: string | undefined, keys: readonly StatementKey[]): Retained | undefined {
  if (text === undefined) return ALL_RETAINED
  const body = text.endsWith('\n') ? openStatement(text.slice(0, -1), keys)?.body : undefined
  return body && toRetained(body)
}

/** Replaces the file as one durable step, and gives the signed line. */
export async function writeRetained(
  files: FileSystem,
  directory: string,
  signer: StatementSigner,
  facts: Retained & { readonly gateway: string; readonly at: number },
): Promise<string> {
  const { gateway, segment, record, checkpoint, at } = facts
  const line = signer.sign({
    v: 1,
    kind: 'retention',
    gateway,
    segment,
    record: { ...record },
    checkpoint: { ...checkpoint },
    at,
  })
  await replaceFile(files, join(directory, RETAINED_FILE), `${line}\n`)
  return line
}

function toRetained({ v, kind, segment, record, checkpoint }: JsonObject): Retained | undefined {
  const [lastRecord, lastCheckpoint] = [toLink(record), toLink(checkpoint)]
  if (v !== 1 || kind !== 'retention' || typeof segment !== 'number') return undefined
  return lastRecord && lastCheckpoint && { segment, record: lastRecord, checkpoint: lastCheckpoint }
}
