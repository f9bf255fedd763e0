import type { Schedule } from './schedule.ts'

/** Asks for a piece of work to be done soon. */
export interface Refresher {
  request(): void
  stop(): void
}

/**
 * Runs `work` at most once at a time and not before `delayMs` after it was asked for, however often that is; being asked
 * while it runs makes it run once more. A flood can delay nothing and start nothing twice. `work` must not reject.
 */
export function refresher(work: () => Promise<void>, delayMs: number, schedule: Schedule): Refresher {
  let cancel: (() => void) | undefined
  let isRunning = false
  let isWanted = false
  let isStopped = false

  const start = (): void => {
    cancel = undefined
    isRunning = true
    isWanted = false
    void work().finally(() => {
      isRunning = false
      if (isWanted) request()
    })
  }
  const request = (): void => {
    if (isStopped) return
    isWanted = true
    if (!isRunning) cancel ??= schedule(start, delayMs)
  }
  return {
    request,
    stop() {
      isStopped = true
      cancel?.()
    },
  }
}
