import { setTimeout as wait } from 'node:timers/promises'
import type { Shell } from './shell.ts'

/** Longest time that a house gets to close; then the process ends without it. */
const CLOSE_MS = 10_000

/** Aborts with the first SIGINT or SIGTERM. A second one ends the process at once. */
export interface StopSignal {
  readonly signal: AbortSignal
  dispose(): void
}

export function stopSignal(shell: Shell): StopSignal {
  const stop = new AbortController()
  const onStop = (): void => {
    if (stop.signal.aborted) shell.exit(1)
    stop.abort()
  }
  const ends = [shell.onSignal('SIGINT', onStop), shell.onSignal('SIGTERM', onStop)]
  return { signal: stop.signal, dispose: () => ends.forEach((end) => end()) }
}

/** Resolves when the signal aborts. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Closes within ten seconds, or says so and ends the process. */
export async function closeInTime(shell: Shell, close: () => Promise<void>): Promise<void> {
  const late = new AbortController()
  const timeout = wait(CLOSE_MS, undefined, { signal: late.signal, ref: false }).then(
    () => {
      shell.stderr('error: the gateway did not close within 10 s; ending it now\n')
      shell.exit(1)
    },
    () => undefined,
  )
  await Promise.race([close().finally(() => late.abort()), timeout])
}
