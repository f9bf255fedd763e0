import type { AuditRecord } from '../kernel/audit.ts'
import { GatewayError } from '../kernel/errors.ts'
import { type AuditFilter, isMatch } from './filter.ts'
import { parseLine } from './line.ts'
import { damagedError } from './query.ts'
import { ifThere, readLines, readLinesBackwards } from './read-lines.ts'
import { listSegments, segmentName, segmentPath } from './segments.ts'

export interface ReadOptions {
  readonly directory: string
  readonly filter: AuditFilter
  readonly signal: AbortSignal
}

/**
 * All records that match, oldest first, of the segments that are there at the call; memory for one line. Does not check
 * the chain. Where a line cannot be read, what can be read is given, then GatewayError `audit_unavailable` names the files.
 */
export async function* readAudit({
  directory,
  filter,
  signal,
}: ReadOptions): AsyncGenerator<AuditRecord, void, undefined> {
  const damaged = new Set<string>()
  for (const number of await listSegments(directory)) {
    const path = segmentPath(directory, number)
    if (filter.since !== undefined && (await lastTimeOf(path)) < filter.since) continue
    for await (const { bytes, ended } of ifThere(readLines(path))) {
      if (signal.aborted) throw new GatewayError('cancelled', 'The export of the audit log was stopped.')
      if (!ended) continue
      const record = parseLine(bytes)?.record
      if (!record) damaged.add(segmentName(number))
      else if (isMatch(record, bytes, filter)) yield record
    }
  }
  if (damaged.size > 0) throw damagedError([...damaged])
}

/** Of the last record that can be read; a segment without one is read whole. */
async function lastTimeOf(path: string): Promise<number> {
  for await (const { bytes } of ifThere(readLinesBackwards(path))) {
    const record = parseLine(bytes)?.record
    if (record) return record.at
  }
  return Number.POSITIVE_INFINITY
}
