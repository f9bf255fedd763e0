/** Runs `work` once after `delayMs` milliseconds; calling the result takes it back. A port, so that tests need no sleep. */
export type Schedule = (work: () => void, delayMs: number) => () => void

/** The schedule of a running gateway. It holds the process open: whoever schedules also closes. */
export const realSchedule: Schedule = (work, delayMs) => {
  const timer = setTimeout(work, delayMs)
  return () => clearTimeout(timer)
}

/** Resolves after `delayMs` milliseconds. */
export const pause = (schedule: Schedule, delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    schedule(resolve, delayMs)
  })

/** A time limit on some work that also ends with its parent. */
export interface Deadline {
  readonly signal: AbortSignal
  /** True when the time is up, false when the parent ended first or nothing ended yet. */
  expired(): boolean
  /** Lets go of the timer and the parent; call it when the work is done. */
  release(): void
}

/**
 * A signal that aborts after `delayMs` or with `parent`, whichever is first. Unlike `AbortSignal.any` it leaves nothing
 * behind on a parent that lives long. The reason travels to the other end in `notifications/cancelled`, so it is fixed text.
 */
export function deadline(parent: AbortSignal, delayMs: number, schedule: Schedule): Deadline {
  const controller = new AbortController()
  let expired = false
  const end = (): void => controller.abort('The request was cancelled.')
  const cancel = schedule(() => {
    expired = true
    end()
  }, delayMs)
  if (parent.aborted) end()
  else parent.addEventListener('abort', end, { once: true })
  return {
    signal: controller.signal,
    expired: () => expired,
    release() {
      cancel()
      parent.removeEventListener('abort', end)
    },
  }
}

/** Resolves when `work` has settled, when the time is up, or when `signal` ends: whichever is first. Never rejects. */
export function settledWithin(
  work: Promise<unknown>,
  limitMs: number,
  schedule: Schedule,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve) => {
    const cancel = schedule(end, limitMs)
    function end(): void {
      cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    if (signal?.aborted) end()
    else signal?.addEventListener('abort', end, { once: true })
    work.then(end, end)
  })
}
