import { GatewayError } from '../kernel/errors.ts'
import type { CheckpointCheck } from './check-checkpoints.ts'
import type { LineChecker, Verdict } from './check-line.ts'
import type { Head } from './head.ts'
import type { KeptCheck } from './kept-checkpoints.ts'
import type { Link } from './line.ts'
import { readLines } from './read-lines.ts'
import type { Retained } from './retained.ts'
import { segmentName, segmentPath } from './segments.ts'
import type { Failure, Fault } from './verification.ts'
import type { Notes } from './verification-notes.ts'

/** What is known of the good part so far. */
export interface Progress {
  link: Link
  segments: number
  /** The hash of the record that the head speaks of. */
  headHash: string | undefined
  /** Where the next record would stand. */
  place: { file: string; line: number }
  readonly notes: Notes
}

/** What a log is checked with. */
export interface Check {
  readonly directory: string
  readonly numbers: readonly number[]
  readonly head: Head
  readonly checker: LineChecker
  readonly signal: AbortSignal | undefined
  readonly retained: Retained
  readonly checkpoints: CheckpointCheck
  readonly keptOnes: KeptCheck | undefined
}

/** Checks the segments that are left, and what stands beside them, record by record. */
export async function checkSegments(check: Check, progress: Progress): Promise<Failure | undefined> {
  for (const [index, number] of check.numbers.entries()) {
    const wanted = check.retained.segment + index + 1
    progress.place = { file: segmentName(wanted), line: 1 }
    if (number !== wanted) {
      const detail = `The log goes on in ${segmentName(number)}; what stood in between is gone.`
      return failureAt(progress, 'missing_segment', detail)
    }
    const failure =
      (index === 0 ? await check.checkpoints.begin() : undefined) ?? (await checkSegment(check, number, progress))
    if (failure) return failure
    progress.segments++
  }
  return undefined
}

async function checkSegment(check: Check, number: number, progress: Progress): Promise<Failure | undefined> {
  for await (const { bytes, ended } of readLines(segmentPath(check.directory, number))) {
    if (check.signal?.aborted) throw new GatewayError('cancelled', 'The check of the audit log was stopped.')
    if (!ended && number === check.numbers.at(-1)) {
      progress.notes.unfinishedLine(segmentName(number))
      return undefined
    }
    const verdict: Verdict = ended ? check.checker.check(bytes, progress.link) : { fault: 'damaged' }
    if (verdict.fault) return toFailure(check, number, verdict, progress)
    const { seq, hash } = verdict.record
    progress.link = { seq, hash }
    progress.place.line++
    progress.notes.see(verdict.record)
    if (check.head.state === 'sealed' && check.head.link.seq === seq) progress.headHash = hash
    const failure =
      check.keptOnes?.see(progress.link) ??
      (seq >= check.checkpoints.due() ? await check.checkpoints.pass(progress.link) : undefined)
    if (failure) return failure
  }
  return undefined
}

async function toFailure(
  check: Check,
  number: number,
  verdict: Exclude<Verdict, { readonly fault: undefined }>,
  progress: Progress,
): Promise<Failure> {
  const wanted = progress.link.seq + 1
  if (verdict.fault === 'damaged') return failureAt(progress, 'damaged', `Record ${wanted} was changed.`)
  const found = verdict.record.seq
  if (verdict.fault === 'foreign') {
    return failureAt(progress, 'foreign', `Record ${wanted} does not follow from the one before it.`)
  }
  if (verdict.fault === 'missing' && !(await standsLater(check, number, wanted))) {
    const gone = found === wanted + 1 ? `Record ${wanted} is` : `Records ${wanted} to ${found - 1} are`
    return failureAt(progress, 'missing', `${gone} gone.`)
  }
  return failureAt(progress, 'reordered', `Record ${found} stands where ${wanted} should.`)
}

/** In the same segment: a line that moved further counts as missing here. */
async function standsLater(check: Check, number: number, seq: number): Promise<boolean> {
  for await (const { bytes } of readLines(segmentPath(check.directory, number))) {
    if (check.checker.isRecord(bytes, seq)) return true
  }
  return false
}

/** At the place where the good part ends. */
export const failureAt = ({ place, link }: Progress, reason: Fault, detail: string): Failure => ({
  ...place,
  seq: link.seq + 1,
  reason,
  detail,
})
