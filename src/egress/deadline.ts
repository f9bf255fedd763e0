/** A signal that fires when the caller gives up or the time is over, whichever is first. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Why the signal fired; undefined while it has not. */
  reason(): 'cancelled' | 'timeout' | undefined
  /** Ends the timer and lets go of the caller's signal. */
  dispose(): void
}

/** Cheaper than `AbortSignal.any`, which keeps dead signals of long-lived callers on Node 20. */
export function deadline(caller: AbortSignal, timeoutMs: number): Deadline {
  const controller = new AbortController()
  let reason: 'cancelled' | 'timeout' | undefined
  const end = (why: 'cancelled' | 'timeout'): void => {
    reason ??= why
    controller.abort()
  }
  const onAbort = (): void => end('cancelled')
  const timer = setTimeout(() => end('timeout'), timeoutMs)
  if (caller.aborted) onAbort()
  caller.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    reason: () => reason,
    dispose: () => {
      clearTimeout(timer)
      caller.removeEventListener('abort', onAbort)
    },
  }
}
