import { isJsonObject } from '../kernel/json.ts'
import type { Link } from './line.ts'
import { openCheckpoint } from './checkpoint.ts'
import { openStatement, type StatementKey } from './statement.ts'
import type { Failure } from './verification.ts'

/** The file that failures of kept checkpoints name. */
export const KEPT_FILE = 'the kept checkpoints'

/** Checkpoints that were kept elsewhere: what nobody with our keys can change. */
export interface KeptCheckpoints {
  /** One JSON object each: a checkpoint, or a log line that holds one in its member `checkpoint`. */
  readonly lines: readonly string[]
  /** By whom they must be signed. */
  readonly keys: readonly StatementKey[]
}

export interface KeptCheck {
  /** Why the lines themselves are no good. */
  readonly failure: Failure | undefined
  see(record: Link): Failure | undefined
  /** The log ended with this record, and begins after `from`. */
  finish(record: Link): Failure | undefined
  /** How many of them spoke of records that are there, and how many of records that were removed as old. */
  count(): { readonly good: number; readonly old: number }
}

interface Kept {
  readonly line: number
  readonly seq: number
  readonly hash: string
}

/** Compares a log with checkpoints kept elsewhere, in any order and with gaps. `from`: what was removed as old. */
export function keptCheck({ lines, keys }: KeptCheckpoints, from: Link): KeptCheck {
  const expected = new Map<number, Kept>()
  const failure = readKept(lines, keys, expected)
  const old = [...expected.keys()].filter((seq) => seq < from.seq).length
  let good = 0
  const compare = (record: Link): Failure | undefined => {
    const kept = expected.get(record.seq)
    if (!kept) return undefined
    if (kept.hash !== record.hash) {
      const detail = `Record ${record.seq} is not the one that was signed: the log was written anew after that checkpoint was kept.`
      return failureAt(kept, 'rewritten', detail)
    }
    good++
    return undefined
  }
  return {
    failure: failure ?? compare(from),
    see: compare,
    finish({ seq }) {
      const beyond = [...expected.values()].filter((kept) => kept.seq > seq).toSorted((a, b) => a.seq - b.seq)[0]
      return beyond && failureAt(beyond, 'truncated', `The log went on up to record ${beyond.seq} when it was kept.`)
    },
    count: () => ({ good, old }),
  }
}

function readKept(
  lines: readonly string[],
  keys: readonly StatementKey[],
  into: Map<number, Kept>,
): Failure | undefined {
  for (const [index, line] of lines.entries()) {
    const statement = statementIn(line)
    const checkpoint = openCheckpoint(statement, keys)?.checkpoint
    const kept = { line: index + 1, seq: checkpoint?.lastSeq ?? 0, hash: checkpoint?.head ?? '' }
    if (!checkpoint && !openStatement(statement, keys)) {
      return failureAt(
        kept,
        'checkpoint_damaged',
        'This line is no checkpoint, or not signed with a key of this gateway.',
      )
    }
    if (!checkpoint) continue
    const other = into.get(kept.seq)
    if (other && other.hash !== kept.hash) {
      return failureAt(kept, 'checkpoint_foreign', `Line ${other.line} says something else about record ${kept.seq}.`)
    }
    if (!other) into.set(kept.seq, kept)
  }
  return undefined
}

/** The line itself, or the text that a log line carries. */
function statementIn(line: string): string {
  const value = parsed(line)
  const inside = isJsonObject(value) ? value['checkpoint'] : undefined
  return typeof inside === 'string' ? inside : line
}

const failureAt = ({ line, seq }: Kept, reason: Failure['reason'], detail: string): Failure => ({
  file: KEPT_FILE,
  line,
  seq,
  reason,
  detail,
})

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
