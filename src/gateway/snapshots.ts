import type { Snapshot } from './snapshot.ts'

/** Holds the current snapshot and tells when what somebody may see has changed. */
export interface Snapshots {
  current(): Snapshot
  /** Swaps the snapshot whole. Listeners hear of it when policy, catalog or agents are others than before. */
  swap(next: Snapshot): void
  onChange(listener: () => void): () => void
}

export function snapshots(first: Snapshot): Snapshots {
  const listeners = new Set<() => void>()
  let current = first
  return {
    current: () => current,
    swap(next) {
      const before = current
      current = next
      const isSame = before.policy === next.policy && before.catalog === next.catalog && before.agents === next.agents
      if (!isSame) for (const listener of listeners) listener()
    },
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
