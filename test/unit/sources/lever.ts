import type { Clock } from '../../../src/kernel/clock.ts'
import type { Schedule } from '../../../src/sources/schedule.ts'

/** Time that moves only when a test moves it. */
export interface Lever {
  readonly clock: Clock
  readonly schedule: Schedule
  /** Delays of what waits now, in milliseconds from now, shortest first. */
  readonly waiting: () => readonly number[]
  /** Moves time on, runs what is due in order, and lets what follows from it settle. */
  readonly advance: (ms: number) => Promise<void>
}

export function lever(start = 1_000_000): Lever {
  let now = start
  let timers: readonly { readonly at: number; readonly work: () => void }[] = []
  return {
    clock: () => now,
    schedule(work, delayMs) {
      const timer = { at: now + delayMs, work }
      timers = [...timers, timer]
      return () => {
        timers = timers.filter((other) => other !== timer)
      }
    },
    waiting: () => timers.map(({ at }) => at - now).toSorted((a, b) => a - b),
    async advance(ms) {
      const until = now + ms
      await settle()
      for (;;) {
        const [next] = timers.toSorted((a, b) => a.at - b.at)
        if (!next || next.at > until) break
        timers = timers.filter((timer) => timer !== next)
        now = Math.max(now, next.at)
        next.work()
        await settle()
      }
      now = until
    },
  }
}

/** Lets promises that are ready run on. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
}
