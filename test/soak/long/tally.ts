/** Steps of 2 %, from a microsecond on: quantiles of millions of times for little memory. */
const STEP = Math.log(1.02)
const LEAST_MS = 0.001

/** Times of one kind. */
export interface Times {
  add(milliseconds: number): void
  readonly count: number
  /** Milliseconds, within 2 %; 0 while there are none. */
  at(share: number): number
}

export function times(): Times {
  const counts: number[] = []
  let count = 0
  return {
    add(milliseconds) {
      const step = Math.max(0, Math.round(Math.log(Math.max(milliseconds, LEAST_MS) / LEAST_MS) / STEP))
      counts[step] = (counts[step] ?? 0) + 1
      count += 1
    },
    get count() {
      return count
    },
    at(share) {
      let left = Math.ceil(count * share)
      for (const step of counts.keys()) {
        left -= counts[step] ?? 0
        if (left <= 0 && count > 0) return LEAST_MS * Math.exp(step * STEP)
      }
      return 0
    },
  }
}

/** How often what happened, by connection and then by kind. */
export type Failures = Readonly<Record<string, Readonly<Record<string, number>>>>

export interface FailureCount {
  add(connection: string, kind: string): void
  read(): Failures
}

export function failureCount(): FailureCount {
  const counts = new Map<string, Map<string, number>>()
  return {
    add(connection, kind) {
      const own = counts.get(connection) ?? new Map<string, number>()
      counts.set(connection, own.set(kind, (own.get(kind) ?? 0) + 1))
    },
    read: () => Object.fromEntries([...counts].map(([connection, own]) => [connection, Object.fromEntries(own)])),
  }
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
