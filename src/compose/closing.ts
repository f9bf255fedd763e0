/** What was opened, to be closed in reverse order. */
export interface Closing {
  add(close: () => unknown): void
  /** Closes everything once, also when a part fails; rejects with the first failure. */
  run(): Promise<void>
}

export function closing(): Closing {
  const opened: (() => unknown)[] = []
  return {
    add: (close) => void opened.push(close),
    async run() {
      const failures: unknown[] = []
      for (let close = opened.pop(); close; close = opened.pop()) {
        try {
          await close()
        } catch (error) {
          failures.push(error)
        }
      }
      if (failures.length > 0) throw failures[0]
    },
  }
}
