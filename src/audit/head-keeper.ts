import type { HeadState } from './head.ts'

export interface HeadKeeper {
  /** Remembers how far the log is; the head follows within the interval. */
  advance(state: HeadState): void
  /** Writes at once what is not written yet. Rejects when the disk refuses. */
  seal(): Promise<void>
  /** Writes what is not written yet. Rejects when the disk refuses. */
  close(): Promise<void>
}

/** Writes the head at most once in an interval, so that it costs nothing per record. A refused write is tried again. */
export function headKeeper(everyMs: number, write: (state: HeadState) => Promise<void>): HeadKeeper {
  let latest: HeadState | undefined
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()
  let isClosed = false

  const seal = async (): Promise<void> => {
    const state = latest
    if (!state) return
    await write(state)
    if (latest === state) latest = undefined
  }
  /** One write at a time, so that an older head never replaces a newer one. */
  const inTurn = (): Promise<void> => {
    const turn = writing.then(seal)
    writing = turn.catch(() => undefined)
    return turn
  }
  const schedule = (): void => {
    if (isClosed) return
    timer ??= setTimeout(() => {
      timer = undefined
      inTurn().then(
        () => (latest ? schedule() : undefined),
        () => schedule(),
      )
    }, everyMs).unref()
  }
  return {
    advance(state) {
      latest = state
      schedule()
    },
    seal: inTurn,
    close() {
      isClosed = true
      clearTimeout(timer)
      return inTurn()
    },
  }
}
