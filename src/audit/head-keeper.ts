import type { Link } from './line.ts'

export interface HeadKeeper {
  /** Remembers how far the log is; the head follows within the interval. */
  advance(link: Link): void
  /** Writes what is not written yet. Rejects when the disk refuses. */
  close(): Promise<void>
}

/** Writes the head at most once in an interval, so that it costs nothing per record. A refused write is tried again. */
export function headKeeper(everyMs: number, write: (link: Link) => Promise<void>): HeadKeeper {
  let latest: Link | undefined
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  const seal = async (): Promise<void> => {
    const link = latest
    if (!link) return
    await write(link)
    if (latest === link) latest = undefined
  }
  const schedule = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      writing = seal().then(
        () => (latest ? schedule() : undefined),
        () => schedule(),
      )
    }, everyMs).unref()
  }
  return {
    advance(link) {
      latest = link
      schedule()
    },
    async close() {
      await writing
      clearTimeout(timer)
      await seal()
    },
  }
}
