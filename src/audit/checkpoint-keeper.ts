import type { Link } from './line.ts'

export interface CheckpointKeeper {
  /** Remembers how far the log is and returns at once; the checkpoint follows when enough has come together. */
  advance(record: Link): void
  /** Runs the work while no checkpoint is being written. */
  alone<T>(work: () => Promise<T>): Promise<T>
  /** Why the last checkpoint could not be written; undefined when it was. */
  trouble(): unknown
  /** Writes what is not under a checkpoint yet. A disk that refuses is told by `trouble`. */
  close(): Promise<void>
}

export interface CheckpointKeeperOptions {
  /** So many records at the latest, or so many milliseconds, and only when there is something new. */
  readonly every: number
  readonly everyMs: number
  /** The number of the last record under a checkpoint. */
  readonly coveredSeq: number
  readonly write: (record: Link) => Promise<void>
}

/** Writes checkpoints beside the log: nothing that is appended waits for one. A refused one is tried again, and then covers all. */
export function checkpointKeeper(options: CheckpointKeeperOptions): CheckpointKeeper {
  const { every, everyMs, write } = options
  let { coveredSeq } = options
  let latest: Link | undefined
  let trouble: unknown
  let timer: NodeJS.Timeout | undefined
  let working: Promise<unknown> = Promise.resolve()
  let isDue = false
  let isClosed = false

  const alone: CheckpointKeeper['alone'] = (work) => {
    const turn = working.then(work)
    working = turn.catch(() => undefined)
    return turn
  }
  const cover = async (): Promise<void> => {
    isDue = false
    const record = latest
    if (!record || record.seq <= coveredSeq) return
    try {
      await write(record)
      ;[coveredSeq, trouble] = [record.seq, undefined]
    } catch (error) {
      trouble = error
    }
    schedule()
  }
  const begin = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (isDue) return
    isDue = true
    void alone(cover)
  }
  const schedule = (): void => {
    const waiting = (latest?.seq ?? 0) - coveredSeq
    if (isClosed || waiting <= 0) return
    // On a disk that refuses, time alone decides when to try again.
    if (waiting >= every && trouble === undefined) begin()
    else timer ??= setTimeout(begin, everyMs).unref()
  }
  return {
    advance(record) {
      latest = record
      schedule()
    },
    alone,
    trouble: () => trouble,
    async close() {
      isClosed = true
      clearTimeout(timer)
      await alone(cover)
    },
  }
}
