import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import type { AuditRecord } from '../kernel/audit.ts'
import { alarm } from './alarm.ts'
import { parseLine } from './line.ts'
import { damagedError } from './query.ts'
import { ifThere, readLines } from './read-lines.ts'
import { listSegments, segmentName, segmentNumbers, segmentPath } from './segments.ts'

const BLOCK_BYTES = 65_536
const LINE_FEED = 0x0a
/** More than one flush takes. */
const MAX_REMEMBERED = 8_192

export interface TailOptions {
  readonly directory: string
  readonly signal: AbortSignal
  /** How often to look when the file system does not tell of changes; 1,000 by default. */
  readonly pollMs?: number
}

/** What was read so far. */
interface Position {
  segment: number
  offset: number
  /** Of the last records that were given: number → hash. */
  readonly given: Map<number, string>
}

/**
 * What is appended from this call on, across rotations, until the signal is aborted. Does not check the chain; a line
 * that cannot be read is GatewayError `audit_unavailable`.
 */
export function tailAudit({ directory, signal, pollMs = 1_000 }: TailOptions): AsyncIterable<AuditRecord> {
  return follow(directory, endOf(directory), signal, pollMs)
}

async function* follow(
  directory: string,
  position: Position,
  signal: AbortSignal,
  pollMs: number,
): AsyncGenerator<AuditRecord, void, undefined> {
  const changes = alarm(directory, pollMs, signal)
  try {
    while (!signal.aborted) {
      yield* newRecords(directory, position, signal)
      await changes.ring()
    }
  } finally {
    changes.stop()
  }
}

async function* newRecords(
  directory: string,
  position: Position,
  signal: AbortSignal,
): AsyncGenerator<AuditRecord, void, undefined> {
  for (const number of await listSegments(directory)) {
    if (number < position.segment) continue
    if (number > position.segment) Object.assign(position, { segment: number, offset: 0 })
    for await (const record of newRecordsOf(directory, position)) {
      if (signal.aborted) return
      yield record
    }
  }
}

async function* newRecordsOf(directory: string, position: Position): AsyncGenerator<AuditRecord, void, undefined> {
  const path = segmentPath(directory, position.segment)
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined) return
  // Shorter than what was read: the writer took back what the disk refused, and wrote or will write others in its place.
  if (size < position.offset) position.offset = position.given.size === 0 ? endOfLines(path) : 0
  for await (const { bytes, length, ended } of ifThere(readLines(path, position.offset))) {
    if (!ended) return
    const record = parseLine(bytes)?.record
    if (!record) throw damagedError([segmentName(position.segment)])
    position.offset += length
    if (isGiven(position, record)) continue
    remember(position, record)
    yield record
  }
}

function isGiven({ given }: Position, { seq, hash }: AuditRecord): boolean {
  const [oldest] = given.keys()
  return oldest !== undefined && (seq < oldest || given.get(seq) === hash)
}

function remember({ given }: Position, { seq, hash }: AuditRecord): void {
  given.set(seq, hash)
  const [oldest] = given.keys()
  if (given.size > MAX_REMEMBERED && oldest !== undefined) given.delete(oldest)
}

/** Synchronous, so that nothing appended after the call is missed. */
function endOf(directory: string): Position {
  const segment = segmentNumbers(namesIn(directory)).at(-1)
  if (segment === undefined) return { segment: 1, offset: 0, given: new Map() }
  return { segment, offset: endOfLines(segmentPath(directory, segment)), given: new Map() }
}

function namesIn(directory: string): readonly string[] {
  return statSync(directory, { throwIfNoEntry: false }) ? readdirSync(directory) : []
}

/** The size without a line that is being written. */
function endOfLines(path: string): number {
  const file = openSync(path, 'r')
  try {
    const block = Buffer.alloc(BLOCK_BYTES)
    let end = statSync(path).size
    while (end > 0) {
      const start = Math.max(0, end - BLOCK_BYTES)
      const length = readSync(file, block, 0, end - start, start)
      const feed = block.subarray(0, length).lastIndexOf(LINE_FEED)
      if (feed !== -1) return start + feed + 1
      end = start
    }
    return 0
  } finally {
    closeSync(file)
  }
}
