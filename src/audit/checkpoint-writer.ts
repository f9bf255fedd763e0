import type { Clock } from '../kernel/clock.ts'
import type { FileSystem } from '../store/file-system.ts'
import { signCheckpoint } from './checkpoint.ts'
import { checkpointFile } from './checkpoint-file.ts'
import { type CheckpointKeeper, checkpointKeeper } from './checkpoint-keeper.ts'
import type { Link } from './line.ts'
import type { CheckpointPosition } from './resume-checkpoints.ts'
import type { StatementKey, StatementSigner } from './statement.ts'

const DEFAULT_EVERY = 1_000
const DEFAULT_EVERY_MS = 60_000

export interface CheckpointSettings {
  readonly signer: StatementSigner
  /** Keys of before a rotation, from the newest to the oldest: what they signed stays good. */
  readonly formerKeys?: readonly StatementKey[]
  /** Whose log it is, for those who keep the checkpoints of many. */
  readonly gateway: string
  /** A checkpoint is signed after so many records, 1,000 by default, or so many milliseconds, 60,000 by default. */
  readonly every?: number
  readonly everyMs?: number
  /** Told of each signed line as soon as it is on the disk: to be taken off the machine. */
  readonly onSigned?: (line: string) => void
}

export interface CheckpointWriterOptions {
  readonly files: FileSystem
  readonly directory: string
  readonly clock: Clock
  readonly settings: CheckpointSettings
  readonly from: CheckpointPosition
  /** Called with each checkpoint when it is durable. */
  readonly advanced: (checkpoint: Link) => void
  readonly failed: (error: unknown) => void
}

export interface CheckpointWriter extends Omit<CheckpointKeeper, 'alone'> {
  /** The signed line of the last one. */
  last(): string | undefined
  /** Runs the work, and then removes the checkpoints that speak only of records up to this number, while none is written. */
  removing(upToSeq: number, work: () => Promise<void>): Promise<void>
}

/** Signs checkpoints of a log that goes on, and appends them to their file. */
export function checkpointWriter(options: CheckpointWriterOptions): CheckpointWriter {
  const { files, directory, clock, settings, from, advanced, failed } = options
  const { signer, formerKeys = [], gateway, every = DEFAULT_EVERY, everyMs = DEFAULT_EVERY_MS, onSigned } = settings
  const file = checkpointFile(files, directory, from.size)
  let before = from.link
  let last = from.line
  const write = async (record: Link): Promise<void> => {
    const checkpoint = signCheckpoint(signer, { gateway, before, record, at: clock() })
    try {
      await file.append(checkpoint.line)
    } catch (error) {
      failed(error)
      throw error
    }
    last = checkpoint.line
    before = checkpoint.link
    advanced(before)
    onSigned?.(checkpoint.line)
  }
  const { alone, ...keeper } = checkpointKeeper({ every, everyMs, coveredSeq: from.link.seq, write })
  return {
    ...keeper,
    last: () => last,
    removing: (upToSeq, work) =>
      alone(async () => {
        await work()
        await file.prune(upToSeq, [signer.key, ...formerKeys])
      }),
  }
}
