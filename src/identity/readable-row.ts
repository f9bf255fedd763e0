import type { TypedChange, Versioned } from '../store/store.ts'

/**
 * The row of a change, or undefined when it was deleted or cannot be read: what cannot be read opens nothing, and one bad row
 * must not stop a running gateway. The next start says which row it is.
 */
export function readableRow<T>(change: TypedChange<T>): Versioned<T> | undefined {
  try {
    return change.row
  } catch {
    return undefined
  }
}
