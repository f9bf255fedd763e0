import type { AuditRecord } from '../kernel/audit.ts'
import { GatewayError } from '../kernel/errors.ts'
import { parseLine } from './line.ts'
import { readLinesBackwards } from './read-lines.ts'
import { listSegments, segmentName, segmentPath } from './segments.ts'

/** Which records; every part that is given must match. Times are milliseconds since the epoch. */
export interface AuditFilter {
  readonly type?: string
  readonly agent?: string
  readonly user?: string
  /** The canonical id. */
  readonly tool?: string
  readonly connection?: string
  readonly decision?: 'allow' | 'deny'
  readonly outcome?: string
  readonly requestId?: string
  /** From this moment on. */
  readonly since?: number
  /** Before this moment. */
  readonly until?: number
  /** Anywhere in the record as it stands in the file, whatever the case. */
  readonly text?: string
  /** Only records before this `seq`: the next page begins at the last one's. */
  readonly beforeSeq?: number
}

export interface QueryOptions {
  readonly directory: string
  readonly filter?: AuditFilter
  /** The most records to give. */
  readonly limit: number
  readonly signal?: AbortSignal
}

const EQUAL = ['type', 'agent', 'user', 'tool', 'connection', 'decision', 'outcome', 'requestId'] as const

/**
 * Records that match, newest first, read backwards with memory for one line. `since` ends the search with the first
 * segment that holds only older records. Does not check the chain. A line that cannot be read is not passed over in
 * silence: what can be read is given, then GatewayError `audit_unavailable` names the file.
 */
export async function* queryAudit(options: QueryOptions): AsyncGenerator<AuditRecord, void, undefined> {
  const { directory, filter = {}, limit } = options
  const damaged = new Set<string>()
  let left = limit
  for (const number of (await listSegments(directory)).toReversed()) {
    if (left <= 0) break
    const scan: Scan = { name: segmentName(number), damaged, isOld: filter.since !== undefined }
    for await (const record of matchesIn(segmentPath(directory, number), options, scan)) {
      yield record
      if (--left <= 0) break
    }
    if (scan.isOld) break
  }
  if (damaged.size > 0) throw damagedError([...damaged])
}

/** What is learnt of a segment while it is read. */
interface Scan {
  readonly name: string
  readonly damaged: Set<string>
  /** Every record so far is older than `since`. */
  isOld: boolean
}

async function* matchesIn(
  path: string,
  { filter = {}, signal }: QueryOptions,
  scan: Scan,
): AsyncGenerator<AuditRecord, void, undefined> {
  for await (const { bytes, ended } of readLinesBackwards(path)) {
    if (signal?.aborted) throw new GatewayError('cancelled', 'The search in the audit log was stopped.')
    if (!ended) continue
    const record = parseLine(bytes)?.record
    if (!record) {
      scan.damaged.add(scan.name)
      continue
    }
    if (record.at >= (filter.since ?? 0)) scan.isOld = false
    if (isMatch(record, bytes, filter)) yield record
  }
}

function isMatch(record: AuditRecord, bytes: Buffer, filter: AuditFilter): boolean {
  return (
    EQUAL.every((name) => filter[name] === undefined || record[name] === filter[name]) &&
    (filter.since === undefined || record.at >= filter.since) &&
    (filter.until === undefined || record.at < filter.until) &&
    (filter.beforeSeq === undefined || record.seq < filter.beforeSeq) &&
    (filter.text === undefined || bytes.toString('utf8').toLowerCase().includes(filter.text.toLowerCase()))
  )
}

export const damagedError = (files: readonly string[]): GatewayError =>
  new GatewayError(
    'audit_unavailable',
    `Some lines of ${files.join(', ')} cannot be read. Run \`gatehouse audit verify\` to find them.`,
  )
