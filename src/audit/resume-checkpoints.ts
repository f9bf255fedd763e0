import { join } from 'node:path'
import type { JsonObject } from '../kernel/json.ts'
import type { FileSystem } from '../store/file-system.ts'
import { CHECKPOINT_FILE } from './checkpoint.ts'
import { cutFile } from './cut-file.ts'
import type { Head } from './head.ts'
import type { Link } from './line.ts'
import { readCheckpointEnding } from './read-checkpoints.ts'
import type { StatementKey } from './statement.ts'

/** Where the checkpoints go on. */
export interface CheckpointPosition {
  /** What the next one follows. */
  readonly link: Link
  /** The bytes of the whole lines in the file. */
  readonly size: number
  /** The last one, when it stands in the file. */
  readonly line: string | undefined
}

export interface ResumedCheckpoints {
  readonly checkpoint: CheckpointPosition
  /** The record that it speaks of; undefined when there is no checkpoint in the file. */
  readonly record: Link | undefined
  readonly findings: readonly JsonObject[]
}

export interface ResumeCheckpointsOptions {
  readonly files: FileSystem
  readonly directory: string
  readonly keys: readonly StatementKey[]
  readonly head: Head
  /** The last checkpoint that was removed as old. */
  readonly from: Link
}

/**
 * Finds where the checkpoints go on. A torn last line is cut off; a damaged one is left as evidence. When the sealed head
 * knows of a later one, they go on from that, which leaves a gap that `verifyAudit` finds for ever.
 */
export async function resumeCheckpoints(options: ResumeCheckpointsOptions): Promise<ResumedCheckpoints> {
  const { files, directory, keys, head, from } = options
  const { last, size, torn, damaged } = await readCheckpointEnding(directory, keys)
  if (torn > 0) await cutFile(files, join(directory, CHECKPOINT_FILE), size)
  const found = last?.link ?? from
  const sealed = head.state === 'sealed' ? head.checkpoint : from
  const isBehind = sealed.seq > found.seq
  return {
    checkpoint: { link: isBehind ? sealed : found, size, line: last?.line },
    record: last && { seq: last.lastSeq, hash: last.head },
    findings: [
      ...(torn > 0 ? [{ reason: 'torn_line', file: CHECKPOINT_FILE, bytes: torn }] : []),
      ...(damaged > 0 ? [{ reason: 'damaged_end', file: CHECKPOINT_FILE, lines: damaged }] : []),
      ...(isBehind ? [{ reason: 'checkpoints_lost', firstSeq: found.seq + 1, lastSeq: sealed.seq }] : []),
    ],
  }
}
