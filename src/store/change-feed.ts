import type { Change, Driver } from './driver.ts'

export interface ChangeFeed {
  readonly watch: Driver['watch']
  announce(collection: string, change: Change): void
}

type Listener = (change: Change) => void

/** Who wants to hear of which collection. Inside of one process. */
export function changeFeed(): ChangeFeed {
  const listeners = new Map<string, Set<Listener>>()
  return {
    watch(collection, listener) {
      // Wrapped, so that the same function may watch twice and each watch ends on its own.
      const own: Listener = (change) => listener(change)
      listeners.set(collection, (listeners.get(collection) ?? new Set()).add(own))
      return () => void listeners.get(collection)?.delete(own)
    },
    announce(collection, change) {
      const watching = listeners.get(collection) ?? new Set()
      // In a microtask each: one that throws is an uncaught error of its own and stops neither the writer nor the others.
      for (const listener of watching) queueMicrotask(() => void (watching.has(listener) && listener(change)))
    },
  }
}
