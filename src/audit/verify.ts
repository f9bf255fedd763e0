import { GatewayError } from '../kernel/errors.ts'
import { type LineChecker, lineChecker, type Verdict } from './check-line.ts'
import { type Head, HEAD_FILE, readHead } from './head.ts'
import { GENESIS, type Link } from './line.ts'
import { readLines } from './read-lines.ts'
import { listSegments, segmentName, segmentPath } from './segments.ts'
import type { Failure, Fault, Verification } from './verification.ts'
import { type Notes, verificationNotes } from './verification-notes.ts'

export interface VerifyOptions {
  readonly directory: string
  readonly key: Buffer
  /** From the newest to the oldest. */
  readonly formerKeys?: readonly Buffer[]
  readonly signal?: AbortSignal
}

/** What is known of the good part so far. */
interface Progress {
  link: Link
  segments: number
  /** The hash of the record that the head speaks of. */
  headHash: string | undefined
  /** Where the next record would stand. */
  place: { file: string; line: number }
  readonly notes: Notes
}

/**
 * Checks every byte of a log, also of one that is being written to. Memory does not grow with the log.
 * Rejects with GatewayError `cancelled` when aborted.
 */
export async function verifyAudit({ directory, key, formerKeys = [], signal }: VerifyOptions): Promise<Verification> {
  const keys = [key, ...formerKeys]
  // The head first: a log that grows meanwhile is then ahead of it, never behind.
  const head = await readHead(directory, keys)
  const numbers = await listSegments(directory)
  const progress: Progress = {
    link: GENESIS,
    segments: 0,
    headHash: head.state === 'sealed' && head.link.seq === 0 ? GENESIS.hash : undefined,
    place: { file: segmentName(1), line: 1 },
    notes: verificationNotes(),
  }
  const failure =
    (await checkSegments({ directory, numbers, head, checker: lineChecker(keys), signal }, progress)) ??
    checkHead(head, numbers.length > 0, progress)
  const good = { records: progress.link.seq, segments: progress.segments, notes: progress.notes.texts() }
  return failure ? { ok: false, ...good, ...failure } : { ok: true, ...good }
}

interface Check {
  readonly directory: string
  readonly numbers: readonly number[]
  readonly head: Head
  readonly checker: LineChecker
  readonly signal: AbortSignal | undefined
}

async function checkSegments(check: Check, progress: Progress): Promise<Failure | undefined> {
  for (const [index, number] of check.numbers.entries()) {
    progress.place = { file: segmentName(index + 1), line: 1 }
    if (number !== index + 1) {
      const detail = `The log goes on in ${segmentName(number)}; what stood in between is gone.`
      return failureAt(progress, 'missing_segment', detail)
    }
    const failure = await checkSegment(check, number, progress)
    if (failure) return failure
    progress.segments++
  }
  return undefined
}

async function checkSegment(check: Check, number: number, progress: Progress): Promise<Failure | undefined> {
  for await (const { bytes, ended } of readLines(segmentPath(check.directory, number))) {
    if (check.signal?.aborted) throw new GatewayError('cancelled', 'The check of the audit log was stopped.')
    if (!ended && number === check.numbers.length) {
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

function checkHead(head: Head, hasSegments: boolean, progress: Progress): Failure | undefined {
  const { seq } = progress.link
  const atHead = { ...progress, place: { file: HEAD_FILE, line: 1 } }
  if (head.state === 'damaged') return failureAt(atHead, 'head_damaged', 'The sealed head of the log was changed.')
  if (head.state === 'missing') {
    if (hasSegments) return failureAt(atHead, 'head_missing', 'Nobody can tell whether the end of the log was cut off.')
    progress.notes.noLog()
    return undefined
  }
  if (head.link.seq > seq) {
    return failureAt(progress, 'truncated', `The log went on up to record ${head.link.seq}.`)
  }
  if (head.link.hash !== progress.headHash) {
    return failureAt(atHead, 'foreign', `Record ${head.link.seq} is not the one that was sealed.`)
  }
  return undefined
}

const failureAt = ({ place, link }: Progress, reason: Fault, detail: string): Failure => ({
  ...place,
  seq: link.seq + 1,
  reason,
  detail,
})
