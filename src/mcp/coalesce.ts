/** One call for many: runs the work so many milliseconds after the first of a burst of calls. */
export interface Coalesced {
  (): void
  /** Runs now what is due. */
  flush(): void
}

export function coalesced(work: () => void, withinMs: number): Coalesced {
  let timer: ReturnType<typeof setTimeout> | undefined
  const run = (): void => {
    timer = undefined
    work()
  }
  const start = (): void => {
    timer ??= setTimeout(run, withinMs).unref()
  }
  return Object.assign(start, {
    flush() {
      if (timer === undefined) return
      clearTimeout(timer)
      run()
    },
  })
}
