import { join } from 'node:path'
import { CHECKPOINT_FILE, openCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import type { Head } from './head.ts'
import type { Link } from './line.ts'
import type { RawLine } from './read-lines.ts'
import { checkpointLines } from './read-checkpoints.ts'
import type { StatementKey } from './statement.ts'
import type { Failure } from './verification.ts'

export interface CheckpointCheckOptions {
  readonly directory: string
  /** From the newest to the oldest. Once a checkpoint was signed with a newer one, older ones count no more. */
  readonly keys: readonly StatementKey[]
  /** The checkpoint before the first that should stand in the file. */
  readonly from: Link
  readonly head: Head
}

/** Follows the log and compares it with the checkpoints beside it. Memory does not grow with them. */
export interface CheckpointCheck {
  /** Finds the first checkpoint. */
  begin(): Promise<Failure | undefined>
  /** The number of the record that the next checkpoint ends with. */
  due(): number
  /** The record that is due was reached. */
  pass(record: Link): Promise<Failure | undefined>
  /** The log ended with this record. */
  finish(record: Link): Failure | undefined
  /** How many were good. */
  count(): number
  /** The last record under a checkpoint. */
  coveredSeq(): number
  close(): Promise<void>
}

/** What is known of the good part so far. */
interface Progress {
  keys: readonly StatementKey[]
  /** Where the next checkpoint stands, from 1. */
  line: number
  last: Link
  next: SignedCheckpoint | undefined
  count: number
  /** Whether the one that the head speaks of has passed. */
  hasHead: boolean
}

export function checkpointCheck({ directory, keys, from, head }: CheckpointCheckOptions): CheckpointCheck {
  const lines = checkpointLines(join(directory, CHECKPOINT_FILE))
  const sealed = head.state === 'sealed' ? head.checkpoint : from
  const progress: Progress = { keys, line: 0, last: from, next: undefined, count: 0, hasHead: isSame(sealed, from) }
  const advance = async (): Promise<Failure | undefined> => {
    progress.next = undefined
    for (;;) {
      const { value, done } = await lines.next()
      if (done || !value.ended) return undefined
      progress.line++
      const outcome = follow(value, progress, from)
      if (outcome !== 'old') return outcome
    }
  }
  return {
    begin: advance,
    due: () => progress.next?.lastSeq ?? Number.POSITIVE_INFINITY,
    async pass(record) {
      const { next } = progress
      if (!next) return undefined
      if (next.head !== record.hash) return rewritten(progress.line, record.seq)
      progress.last = next.link
      progress.count++
      progress.hasHead ||= isSame(sealed, next.link)
      return advance()
    },
    finish: ({ seq }) => endFailure(progress, seq, sealed),
    count: () => progress.count,
    coveredSeq: () => progress.last.seq,
    close: async () => void (await lines.return()),
  }
}

/** Takes a line as the next checkpoint. `old`: one that retention was about to remove. */
function follow({ bytes }: RawLine, progress: Progress, from: Link): Failure | 'old' | undefined {
  const { line, last, keys } = progress
  const opened = openCheckpoint(bytes.toString('utf8'), keys)
  if (!opened) return failureAt(line, last.seq + 1, 'checkpoint_damaged', 'This checkpoint was changed or forged.')
  const { checkpoint, keyIndex } = opened
  if (last === from && checkpoint.lastSeq <= from.seq) return 'old'
  if (checkpoint.firstSeq > last.seq + 1) {
    const detail = `The checkpoint of the records from ${last.seq + 1} to ${checkpoint.firstSeq - 1} is gone.`
    return failureAt(line, last.seq + 1, 'checkpoint_missing', detail)
  }
  if (checkpoint.firstSeq <= last.seq) {
    const detail = `The checkpoint of record ${checkpoint.lastSeq} stands where that of ${last.seq + 1} should.`
    return failureAt(line, last.seq + 1, 'checkpoint_reordered', detail)
  }
  if (checkpoint.previous !== last.hash) {
    return failureAt(
      line,
      last.seq + 1,
      'checkpoint_foreign',
      'This checkpoint does not follow from the one before it.',
    )
  }
  progress.keys = keys.slice(0, keyIndex + 1)
  progress.next = checkpoint
  return undefined
}

function endFailure({ next, line, last, hasHead }: Progress, seq: number, sealed: Link): Failure | undefined {
  if (next) {
    return failureAt(line, seq + 1, 'truncated', `A checkpoint says that the log went on up to record ${next.lastSeq}.`)
  }
  if (hasHead) return undefined
  if (sealed.seq <= last.seq) {
    return failureAt(line, sealed.seq, 'checkpoint_foreign', 'The last checkpoint is not the one that was sealed.')
  }
  const detail = `The checkpoints went on up to record ${sealed.seq}.`
  return failureAt(line + 1, last.seq + 1, 'checkpoint_missing', detail)
}

const isSame = (a: Link, b: Link): boolean => a.seq === b.seq && a.hash === b.hash

const rewritten = (line: number, seq: number): Failure =>
  failureAt(line, seq, 'rewritten', `Record ${seq} is not the one that was signed: the log was written anew.`)

const failureAt = (line: number, seq: number, reason: Failure['reason'], detail: string): Failure => ({
  file: CHECKPOINT_FILE,
  line,
  seq,
  reason,
  detail,
})
