import { stat } from 'node:fs/promises'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { FileSystem } from '../store/file-system.ts'
import { syncDirectory } from '../store/replace-file.ts'
import { type Head, readHead, writeHead } from './head.ts'
import { GENESIS, isGenuine, type Link, parseLine } from './line.ts'
import { readLinesBackwards } from './read-lines.ts'
import { listSegments, segmentName, segmentPath } from './segments.ts'

/** Where an opened log goes on, and what had to be repaired or was found wrong on the way. */
export interface Resumed {
  /** The last segment; undefined when the next write begins the first one. */
  readonly segment: { readonly number: number; readonly size: number } | undefined
  readonly link: Link
  /** Details of the `audit.recovered` events to write. */
  readonly findings: readonly JsonObject[]
}

/** How a segment ends. */
interface Ending {
  /** Of the whole lines. */
  readonly size: number
  /** Bytes after the last line feed. */
  readonly torn: number
  /** Lines after the last genuine one. */
  readonly damaged: number
  readonly link: Link | undefined
}

interface Tail extends Ending {
  readonly number: number
  readonly findings: readonly JsonObject[]
}

/**
 * Finds where the chain goes on by reading the log's end only. A torn last line (never acknowledged) is cut off; a damaged
 * one is left as evidence. When the sealed head is ahead of the log, records were lost: the chain then goes on from the
 * head, which leaves a gap that `verifyAudit` finds for ever. All of it becomes a finding, nothing is silent.
 */
export async function resume(
  files: FileSystem,
  directory: string,
  keys: readonly [Buffer, ...Buffer[]],
): Promise<Resumed> {
  const head = await readHead(directory, keys)
  const tail = await findTail(files, directory, keys)
  if (!tail && head.state === 'missing') {
    await writeHead(files, directory, keys[0], GENESIS)
    return { segment: undefined, link: GENESIS, findings: [] }
  }
  if (head.state !== 'sealed' && !tail?.link) throw untrusted(directory)
  const { link, findings } = anchor(head, tail?.link, tail?.damaged)
  return {
    segment: tail && { number: tail.number, size: tail.size },
    link,
    findings: [...(tail?.findings ?? []), ...findings],
  }
}

/** `damaged` lines stand in the log, so they are not among the lost. */
function anchor(head: Head, tail: Link = GENESIS, damaged = 0): Pick<Resumed, 'link' | 'findings'> {
  if (head.state !== 'sealed') return { link: tail, findings: [{ reason: `head_${head.state}` }] }
  if (head.link.seq <= tail.seq) return { link: tail, findings: [] }
  const firstSeq = tail.seq + damaged + 1
  if (firstSeq > head.link.seq) return { link: head.link, findings: [] }
  return { link: head.link, findings: [{ reason: 'records_lost', firstSeq, lastSeq: head.link.seq }] }
}

/** The end of the last segment that holds a whole line. A segment without one was never acknowledged and is removed. */
async function findTail(files: FileSystem, directory: string, keys: readonly Buffer[]): Promise<Tail | undefined> {
  const torn: JsonObject[] = []
  for (const number of (await listSegments(directory)).toReversed()) {
    const tail = await readTail(directory, number, keys)
    if (tail.torn > 0) torn.push({ reason: 'torn_line', file: segmentName(number), bytes: tail.torn })
    if (tail.size > 0) {
      if (tail.torn > 0) await cut(files, segmentPath(directory, number), tail.size)
      return { ...tail, number, findings: [...torn, ...damage(number, tail.damaged)] }
    }
    await files.unlink(segmentPath(directory, number))
    await syncDirectory(files, directory)
  }
  return undefined
}

const damage = (number: number, lines: number): readonly JsonObject[] =>
  lines === 0 ? [] : [{ reason: 'damaged_end', file: segmentName(number), lines }]

async function readTail(directory: string, number: number, keys: readonly Buffer[]): Promise<Ending> {
  const path = segmentPath(directory, number)
  const { size } = await stat(path)
  let torn = 0
  let damaged = 0
  for await (const line of readLinesBackwards(path)) {
    const parsed = line.ended ? parseLine(line.bytes) : undefined
    if (parsed && keys.some((key) => isGenuine(key, parsed))) {
      return { size: size - torn, torn, damaged, link: { seq: parsed.record.seq, hash: parsed.record.hash } }
    }
    if (line.ended) damaged++
    else torn = line.length
  }
  return { size: size - torn, torn, damaged, link: undefined }
}

async function cut(files: FileSystem, path: string, size: number): Promise<void> {
  const file = await files.open(path, 'a')
  try {
    await file.truncate(size)
    await file.datasync()
  } finally {
    await file.close()
  }
}

const untrusted = (directory: string): GatewayError =>
  new GatewayError(
    'audit_unavailable',
    `The end of the audit log in ${directory} was not written with this key, or is damaged. Configure the former key, or move the directory away as evidence and start a new log.`,
  )
