import type { JsonObject } from '../kernel/json.ts'
import type { Link } from './line.ts'
import { openStatement, statementHash, type StatementKey, type StatementSigner } from './statement.ts'

export const CHECKPOINT_FILE = 'checkpoints.jsonl'

/** How far the log was, signed, so that a copy of it elsewhere shows any later change of what went before. */
export interface Checkpoint {
  /** The organisation whose gateway signed it. */
  readonly gateway: string
  /** The numbers of the first and the last record since the checkpoint before, and how many they are. */
  readonly firstSeq: number
  readonly lastSeq: number
  readonly count: number
  /** The hash of the last record; it chains all records before it. */
  readonly head: string
  /** Milliseconds since the epoch. */
  readonly at: number
  /** SHA-256 of the line of the checkpoint before, base64url; 32 zero bytes for the first. */
  readonly previous: string
}

/** A checkpoint with the line that it is, without line feed. */
export interface SignedCheckpoint extends Checkpoint {
  readonly line: string
  /** Its number and the hash of its line: what the next one follows. */
  readonly link: Link
}

export interface CheckpointFacts {
  readonly gateway: string
  readonly before: Link
  /** The last record. */
  readonly record: Link
  readonly at: number
}

/** The checkpoint that follows `before` and speaks of all records up to `record`. */
export function signCheckpoint(
  signer: StatementSigner,
  { gateway, before, record, at }: CheckpointFacts,
): SignedCheckpoint {
  const checkpoint: Checkpoint = {
    gateway,
    firstSeq: before.seq + 1,
    lastSeq: record.seq,
    count: record.seq - before.seq,
    head: record.hash,
    at,
    previous: before.hash,
  }
  return withLine(checkpoint, signer.sign({ v: 1, kind: 'checkpoint', ...checkpoint }))
}

/** Undefined unless one of the keys has signed these bytes as a checkpoint; `keyIndex` says which. */
export function openCheckpoint(
  line: string,
  keys: readonly StatementKey[],
): { readonly checkpoint: SignedCheckpoint; readonly keyIndex: number } | undefined {
  const opened = openStatement(line, keys)
  const checkpoint = opened && toCheckpoint(opened.body)
  return checkpoint && { checkpoint: withLine(checkpoint, line), keyIndex: opened.keyIndex }
}

const withLine = (checkpoint: Checkpoint, line: string): SignedCheckpoint => ({
  ...checkpoint,
  line,
  link: { seq: checkpoint.lastSeq, hash: statementHash(line) },
})

function toCheckpoint(body: JsonObject): Checkpoint | undefined {
  const { v, kind, gateway, firstSeq, lastSeq, count, head, at, previous } = body
  if (v !== 1 || kind !== 'checkpoint' || typeof gateway !== 'string') return undefined
  if (typeof head !== 'string' || typeof previous !== 'string' || typeof at !== 'number') return undefined
  if (typeof firstSeq !== 'number' || typeof lastSeq !== 'number' || typeof count !== 'number') return undefined
  if (count < 1 || count !== lastSeq - firstSeq + 1) return undefined
  return { gateway, firstSeq, lastSeq, count, head, at, previous }
}
