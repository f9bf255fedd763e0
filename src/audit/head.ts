import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject } from '../kernel/json.ts'
import { errorCode, type FileSystem } from '../store/file-system.ts'
import { replaceFile } from '../store/replace-file.ts'
import { type Link, toLink } from './line.ts'

export const HEAD_FILE = 'head.json'

/** How far the log went, and the last checkpoint that was written of it. */
export interface HeadState {
  readonly link: Link
  readonly checkpoint: Link
}

/** How far the log went, sealed. A log always has one; without it nobody could tell that the end was cut off. */
export type Head =
  | ({ readonly state: 'sealed' } & HeadState)
  | { readonly state: 'missing' }
  | { readonly state: 'damaged' }

/** Replaces the head as one durable step. Called only with records and checkpoints that are durable already. */
export const writeHead = (files: FileSystem, directory: string, key: Buffer, state: HeadState): Promise<void> =>
  replaceFile(files, join(directory, HEAD_FILE), toText(state, macOf(key, state)))

/** `damaged` when none of the keys sealed it. */
export async function readHead(directory: string, keys: readonly Buffer[]): Promise<Head> {
  const text = await readText(join(directory, HEAD_FILE))
  if (text === undefined) return { state: 'missing' }
  const found = parse(text)
  if (!found || !keys.some((key) => isEqual(macOf(key, found), found.mac))) return { state: 'damaged' }
  return { state: 'sealed', link: found.link, checkpoint: found.checkpoint }
}

const toText = ({ link, checkpoint }: HeadState, mac: string): string =>
  `${JSON.stringify({ ...link, checkpoint: { ...checkpoint }, mac })}\n`

const macOf = (key: Buffer, { link, checkpoint }: HeadState): string =>
  createHmac('sha256', key)
    .update(`head\n${link.seq}\n${link.hash}\n${checkpoint.seq}\n${checkpoint.hash}`)
    .digest('base64url')

const isEqual = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))

/** What is read again must be what was written: every byte of the file counts. */
function parse(text: string): (HeadState & { readonly mac: string }) | undefined {
  const head = parseJson(text)
  if (!isJsonObject(head) || typeof head['mac'] !== 'string') return undefined
  const [link, checkpoint, mac] = [toLink(head), toLink(head['checkpoint']), head['mac']]
  if (!link || !checkpoint || toText({ link, checkpoint }, mac) !== text) return undefined
  return { link, checkpoint, mac }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1')
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
