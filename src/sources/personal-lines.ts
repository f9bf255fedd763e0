import type { Exchange } from '../kernel/exchange.ts'
import type { Line } from './mcp-line.ts'
import type { Schedule } from './schedule.ts'

/**
 * A line for each principal that can be asked. What a legacy server wants to know in its session is then known to be for that
 * principal, whatever others do at the same time.
 */
export interface PersonalLines {
  /** The principal's line; undefined when there is no room or the server gives no second session. Never rejects. */
  get(exchange: Exchange): Promise<Line | undefined>
  /** Closes a line that is of no use any more; the next `get` opens another one. */
  drop(line: Line): void
  /** How many there are. */
  size(): number
  close(): Promise<void>
}

export interface PersonalLinesDeps {
  readonly open: (opener: Exchange) => Promise<Line>
  readonly schedule: Schedule
}

interface Entry {
  readonly line: Promise<Line | undefined>
  open: Line | undefined
  cancel: () => void
}

const MAX_LINES = 50
const IDLE_MS = 5 * 60_000
/** How long a principal for whom there was no line shares the main one. */
const AGAIN_MS = 60_000

/** At most 50 lines; one is closed after five idle minutes, or when it is the longest unused and another is needed. */
export function personalLines({ open, schedule }: PersonalLinesDeps): PersonalLines {
  /** In the order of use, the longest unused first. */
  const entries = new Map<string, Entry>()

  const remove = (key: string, entry: Entry): void => {
    entry.cancel()
    if (entries.get(key) === entry) entries.delete(key)
    void entry.open?.link.close()
  }
  const keepFor = (key: string, entry: Entry, delayMs: number): void => {
    entry.cancel()
    entry.cancel = schedule(() => {
      if (entry.open && entry.open.calls.size > 0) keepFor(key, entry, delayMs)
      else remove(key, entry)
    }, delayMs)
  }
  const makeRoom = (): boolean => {
    if (entries.size < MAX_LINES) return true
    const unused = [...entries].find(([, { open: line }]) => line?.calls.size === 0)
    if (unused) remove(...unused)
    return unused !== undefined
  }
  const start = (key: string, opener: Exchange): Entry => {
    const opened = open(opener).then(
      (line) => {
        if (entries.get(key) === entry) entry.open = line
        else void line.link.close()
        return entry.open
      },
      () => {
        if (entries.get(key) === entry) keepFor(key, entry, AGAIN_MS)
        return undefined
      },
    )
    const entry: Entry = { line: opened, open: undefined, cancel: () => undefined }
    return entry
  }
  return {
    get(exchange) {
      const key = `${exchange.principal.organisation}/${exchange.principal.id}`
      const known = entries.get(key)
      if (known?.open?.closed()) remove(key, known)
      const kept = entries.get(key)
      if (!kept && !makeRoom()) return Promise.resolve(undefined)
      const entry = kept ?? start(key, exchange)
      entries.delete(key)
      entries.set(key, entry)
      if (!kept || entry.open) keepFor(key, entry, IDLE_MS)
      return entry.line
    },
    drop(line) {
      for (const [key, entry] of entries) if (entry.open === line) remove(key, entry)
    },
    size: () => entries.size,
    async close() {
      const lines = [...entries.values()]
      for (const entry of lines) entry.cancel()
      entries.clear()
      await Promise.all(lines.flatMap(({ open: line }) => (line ? [line.link.close()] : [])))
    },
  }
}
