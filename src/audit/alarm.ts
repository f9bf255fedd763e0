import { watch } from 'node:fs'

export interface Alarm {
  /** Resolves when something may have changed since the last time, or the signal was aborted. */
  ring(): Promise<void>
  stop(): void
}

/** Rings when a directory changes, and every so often because not every file system tells. */
export function alarm(directory: string, everyMs: number, signal: AbortSignal): Alarm {
  let isDue = false
  let wake = (): void => undefined
  const ring = (): void => {
    isDue = true
    wake()
  }
  const timer = setInterval(ring, everyMs)
  const stopWatching = watchIfPossible(directory, ring)
  const stop = (): void => {
    clearInterval(timer)
    stopWatching()
    signal.removeEventListener('abort', end)
  }
  const end = (): void => {
    stop()
    ring()
  }
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  return {
    async ring() {
      if (!isDue && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
      isDue = false
    },
    stop,
  }
}

/** A directory that is not there yet, or a system without watches to spare, is polled only. */
function watchIfPossible(directory: string, changed: () => void): () => void {
  try {
    const watcher = watch(directory, changed).on('error', () => watcher.close())
    return () => watcher.close()
  } catch {
    return () => undefined
  }
}
