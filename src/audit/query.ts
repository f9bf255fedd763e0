import type { AuditRecord } from '../kernel/audit.ts'
import { GatewayError } from '../kernel/errors.ts'
import { type AuditFilter, isMatch } from './filter.ts'
import { parseLine } from './line.ts'
import { ifThere, readLines, readLinesBackwards } from './read-lines.ts'
import { listSegments, segmentName, segmentPath } from './segments.ts'

export interface QueryOptions {
  readonly directory: string
  readonly filter?: AuditFilter
  /** The most records to give. */
  readonly limit: number
  readonly signal?: AbortSignal
}

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
    if (filter.beforeSeq !== undefined && (await firstSeqOf(directory, number)) >= filter.beforeSeq) continue
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
  for await (const { bytes, ended } of ifThere(readLinesBackwards(path))) {
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

/** So that a page far back does not read all that is newer. 0 when nobody can tell. */
async function firstSeqOf(directory: string, number: number): Promise<number> {
  for await (const { bytes } of ifThere(readLines(segmentPath(directory, number)))) {
    return parseLine(bytes)?.record.seq ?? 0
  }
  return 0
}

export const damagedError = (files: readonly string[]): GatewayError =>
  new GatewayError(
    'audit_unavailable',
    `Some lines of ${files.join(', ')} cannot be read. Run \`gatehouse audit verify\` to find them.`,
  )
