import { checkpointCheck } from './check-checkpoints.ts'
import { lineChecker } from './check-line.ts'
import { type Check, checkSegments, failureAt, type Progress } from './check-segments.ts'
import { type Head, HEAD_FILE, readHead } from './head.ts'
import { keptCheck, type KeptCheckpoints } from './kept-checkpoints.ts'
import { ALL_RETAINED, openRetained, RETAINED_FILE, readRetainedText } from './retained.ts'
import { listSegments, segmentName } from './segments.ts'
import type { StatementKey } from './statement.ts'
import type { Failure, Verification } from './verification.ts'
import { verificationNotes } from './verification-notes.ts'

export interface VerifyOptions {
  readonly directory: string
  readonly key: Buffer
  /** From the newest to the oldest. */
  readonly formerKeys?: readonly Buffer[]
  /** Of the checkpoints, from the newest to the oldest. */
  readonly statementKeys: readonly StatementKey[]
  /** Checkpoints of this log that were kept elsewhere, to compare it with. */
  readonly kept?: KeptCheckpoints | undefined
  readonly signal?: AbortSignal
}

/** Retention may remove old records while we read: so often we begin again. */
const MAX_ROUNDS = 10

/**
 * Checks every byte of a log and its checkpoints, also of one that is being written to. Memory does not grow with the log.
 * Rejects with GatewayError `cancelled` when aborted.
 */
export async function verifyAudit(options: VerifyOptions): Promise<Verification> {
  let text = await readRetainedText(options.directory)
  for (let round = 1; ; round++) {
    const [outcome] = await Promise.allSettled([verifyFrom(options, text)])
    const now = await readRetainedText(options.directory)
    if (now === text || round === MAX_ROUNDS) {
      if (outcome.status === 'rejected') throw outcome.reason
      return outcome.value
    }
    text = now
  }
}

async function verifyFrom(options: VerifyOptions, retainedText: string | undefined): Promise<Verification> {
  const { directory, key, formerKeys = [], statementKeys, kept, signal } = options
  const keys = [key, ...formerKeys]
  const opened = openRetained(retainedText, statementKeys)
  const retained = opened ?? ALL_RETAINED
  // The head first, then the checkpoints: a log that grows meanwhile is then ahead of them, never behind.
  const head = await readHead(directory, keys)
  const checkpoints = checkpointCheck({ directory, keys: statementKeys, from: retained.checkpoint, head })
  const keptOnes = kept && keptCheck(kept, retained.record)
  try {
    const failure = opened ? keptOnes?.failure : retainedFailure('What says where the log begins was changed.')
    const numbers = (await listSegments(directory)).filter((number) => number > retained.segment)
    const check = { directory, numbers, head, checker: lineChecker(keys), signal, retained, checkpoints, keptOnes }
    return await verdictOn(check, failure)
  } finally {
    await checkpoints.close()
  }
}

async function verdictOn(check: Check, early: Failure | undefined): Promise<Verification> {
  const { retained, head, numbers, checkpoints, keptOnes } = check
  const progress: Progress = {
    link: retained.record,
    segments: 0,
    headHash: head.state === 'sealed' && head.link.seq === retained.record.seq ? retained.record.hash : undefined,
    place: { file: segmentName(retained.segment + 1), line: 1 },
    notes: verificationNotes(),
  }
  const failure =
    early ??
    (await checkSegments(check, progress)) ??
    (numbers.length === 0 ? await checkpoints.begin() : undefined) ??
    checkHead(head, numbers.length > 0 || retained.segment > 0, progress) ??
    checkpoints.finish(progress.link) ??
    keptOnes?.finish(progress.link)
  tellOf(check, progress, failure === undefined)
  const good = {
    records: progress.link.seq - retained.record.seq,
    segments: progress.segments,
    checkpoints: checkpoints.count(),
    notes: progress.notes.texts(),
  }
  return failure ? { ok: false, ...good, ...failure } : { ok: true, ...good }
}

function tellOf({ retained, checkpoints, keptOnes }: Check, { link, notes }: Progress, isWhole: boolean): void {
  if (retained.segment > 0) notes.tell(`Records 1 to ${retained.record.seq} were removed as old.`)
  const covered = isWhole ? Math.max(checkpoints.coveredSeq(), retained.record.seq) : link.seq
  if (link.seq === covered + 1) notes.tell(`Record ${link.seq} is under no checkpoint yet.`)
  else if (link.seq > covered) notes.tell(`Records ${covered + 1} to ${link.seq} are under no checkpoint yet.`)
  const kept = keptOnes?.count()
  if (!kept) return
  notes.tell(`${kept.good} of the kept checkpoints speak of records that are here and are the ones that were signed.`)
  if (kept.old > 0) notes.tell(`${kept.old} of the kept checkpoints speak of records that were removed as old.`)
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

const retainedFailure = (detail: string): Failure => ({
  file: RETAINED_FILE,
  line: 1,
  seq: 1,
  reason: 'retained_damaged',
  detail,
})
