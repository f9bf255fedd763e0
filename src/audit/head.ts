import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJsonObject } from '../kernel/json.ts'
import { errorCode, type FileSystem } from '../store/file-system.ts'
import { replaceFile } from '../store/replace-file.ts'
import type { Link } from './line.ts'

export const HEAD_FILE = 'head.json'

/** How far the log went, sealed. A log always has one; without it nobody could tell that the end was cut off. */
export type Head =
  | { readonly state: 'sealed'; readonly link: Link }
  | { readonly state: 'missing' }
  | { readonly state: 'damaged' }

/** Replaces the head as one durable step. Called only with records that are durable already. */
export const writeHead = (files: FileSystem, directory: string, key: Buffer, link: Link): Promise<void> =>
  replaceFile(files, join(directory, HEAD_FILE), `${JSON.stringify({ ...link, mac: macOf(key, link) })}\n`)

/** `damaged` when none of the keys sealed it. */
export async function readHead(directory: string, keys: readonly Buffer[]): Promise<Head> {
  const text = await readText(join(directory, HEAD_FILE))
  if (text === undefined) return { state: 'missing' }
  const { link, mac } = parse(text)
  const sealed = keys.some((key) => isEqual(macOf(key, link), mac))
  return sealed ? { state: 'sealed', link } : { state: 'damaged' }
}

const macOf = (key: Buffer, { seq, hash }: Link): string =>
  createHmac('sha256', key).update(`head\n${seq}\n${hash}`).digest('base64url')

const isEqual = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))

function parse(text: string): { readonly link: Link; readonly mac: string } {
  const head = parseJson(text)
  const [seq, hash, mac] = isJsonObject(head) ? [head['seq'], head['hash'], head['mac']] : []
  if (typeof seq !== 'number' || typeof hash !== 'string' || typeof mac !== 'string') {
    return { link: { seq: 0, hash: '' }, mac: '' }
  }
  // What is read again must be what was written: every byte of the file counts.
  const isExact = `${JSON.stringify({ seq, hash, mac })}\n` === text
  return { link: { seq, hash }, mac: isExact ? mac : '' }
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
