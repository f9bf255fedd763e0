import type { Schedule } from './schedule.ts'

/** Lets connections start a few at a time. */
export interface StartGate {
  /** Runs `work` when there is room; those that failed least go first. Rejects with the signal's reason when it ends while waiting. */
  enter<T>(failures: number, signal: AbortSignal, work: () => Promise<T>): Promise<T>
}

interface Waiting {
  readonly failures: number
  readonly admit: () => void
}

/** How long one start counts: a server that never answers must not keep the others out. */
const HOLD_MS = 2_000

/** At most `places` connections start at once; a place is given back when the work ends, or after two seconds. */
export function startGate(places: number, schedule: Schedule): StartGate {
  let free = places
  let waiting: readonly Waiting[] = []

  const admitNext = (): void => {
    const [next, ...rest] = waiting.toSorted((a, b) => a.failures - b.failures)
    if (free === 0 || !next) return
    free -= 1
    waiting = rest
    next.admit()
  }
  const place = (failures: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting = waiting.filter((other) => other !== entry)
        reject(signal.reason)
      }
      const entry: Waiting = {
        failures,
        admit() {
          signal.removeEventListener('abort', leave)
          resolve()
        },
      }
      if (signal.aborted) return reject(signal.reason)
      signal.addEventListener('abort', leave, { once: true })
      waiting = [...waiting, entry]
      admitNext()
    })
  const giveBackOnce = (): (() => void) => {
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      free += 1
      admitNext()
    }
  }

  return {
    async enter(failures, signal, work) {
      await place(failures, signal)
      const giveBack = giveBackOnce()
      const cancel = schedule(giveBack, HOLD_MS)
      try {
        return await work()
      } finally {
        cancel()
        giveBack()
      }
    },
  }
}
