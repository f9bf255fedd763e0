import { stat } from 'node:fs/promises'
import { lineChecker } from './check-line.ts'
import { type Link, parseLine } from './line.ts'
import { readLines, readLinesBackwards } from './read-lines.ts'
import { listSegments, segmentName, segmentPath } from './segments.ts'

/** What is kept of a log; everything when nothing is said. */
export interface RetentionLimits {
  /** Milliseconds: a segment whose last record is older may go. */
  readonly maxAgeMs?: number | undefined
  /** Of all segments together; the oldest go first. */
  readonly maxBytes?: number | undefined
}

/** The segments that are beyond the limits, the oldest first; never the last, which is written to. */
export async function oldSegments(
  directory: string,
  { maxAgeMs, maxBytes }: RetentionLimits,
  now: number,
): Promise<readonly number[]> {
  const numbers = await listSegments(directory)
  const sizes = await Promise.all(numbers.map(async (number) => (await stat(segmentPath(directory, number))).size))
  let total = sizes.reduce((sum, size) => sum + size, 0)
  const old: number[] = []
  for (const [index, number] of numbers.slice(0, -1).entries()) {
    const isTooMuch = maxBytes !== undefined && total > maxBytes
    const isTooOld = maxAgeMs !== undefined && (await lastTime(directory, number)) < now - maxAgeMs
    if (!isTooMuch && !isTooOld) break
    old.push(number)
    total -= sizes[index] ?? 0
  }
  return old
}

/** When the last readable record of a segment was made; a segment without one does not grow old. */
async function lastTime(directory: string, number: number): Promise<number> {
  for await (const { bytes } of readLinesBackwards(segmentPath(directory, number))) {
    const record = parseLine(bytes)?.record
    if (record) return record.at
  }
  return Number.POSITIVE_INFINITY
}

/** Old segments of which every byte is as it was written. */
export interface CheckedSegments {
  readonly count: number
  /** The last record in them. */
  readonly record: Link
  /** Where they stop being right: that segment is evidence and stays, and so does all after it. */
  readonly fault: string | undefined
}

/** Checks segments that are to be removed, from the record on that stands before them. */
export async function checkOldSegments(
  directory: string,
  numbers: readonly number[],
  keys: readonly Buffer[],
  {
    from,
    signal,
  }: { readonly from: { readonly segment: number; readonly record: Link }; readonly signal: AbortSignal },
): Promise<CheckedSegments> {
  const checker = lineChecker(keys)
  let { record } = from
  for (const [index, number] of numbers.entries()) {
    if (number !== from.segment + index + 1)
      return { count: index, record, fault: `${segmentName(number)} comes too early` }
    let link = record
    let line = 0
    for await (const { bytes } of readLines(segmentPath(directory, number))) {
      if (signal.aborted) return { count: index, record, fault: undefined }
      line++
      const verdict = checker.check(bytes, link)
      if (verdict.fault)
        return { count: index, record, fault: `${segmentName(number)}, line ${line}, is ${verdict.fault}` }
      link = { seq: verdict.record.seq, hash: verdict.record.hash }
    }
    record = link
  }
  return { count: numbers.length, record, fault: undefined }
}
