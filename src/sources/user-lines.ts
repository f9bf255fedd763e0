import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Line } from './mcp-line.ts'
import type { Era } from './mcp-spec.ts'
import type { Schedule } from './schedule.ts'

/** Lines that each carry one person's own credential; nobody else's call ever takes one. */
export interface UserLines {
  /**
   * The line of the person whom the caller acts for, in that era; one for each agent, so that what a server asks finds its
   * caller. Rejects with `connect_required` when the caller acts for nobody or the person has no account, with `overloaded`
   * when all lines are busy, and with what connecting rejects with; a failure is not remembered.
   */
  get(exchange: Exchange, era: Era): Promise<Line>
  /** Closes a line that is of no use any more; false when it is none of these. */
  drop(line: Line): boolean
  size(): number
  close(): Promise<void>
}

/** What a line is opened for. */
export interface UserLine {
  readonly user: string
  readonly era: Era
  readonly exchange: Exchange
}

export interface UserLinesDeps {
  readonly open: (wanted: UserLine) => Promise<Line>
  readonly schedule: Schedule
}

interface Entry {
  readonly line: Promise<Line>
  open: Line | undefined
  cancel: () => void
}

const MAX_LINES = 500
const IDLE_MS = 5 * 60_000

/** At most 500 lines; one is closed after five idle minutes, or when it is the longest unused and another is needed. */
export function userLines({ open, schedule }: UserLinesDeps): UserLines {
  /** In the order of use, the longest unused first. */
  const entries = new Map<string, Entry>()

  const remove = (key: string, entry: Entry): void => {
    entry.cancel()
    if (entries.get(key) === entry) entries.delete(key)
    void entry.open?.link.close()
  }
  const keep = (key: string, entry: Entry): void => {
    entry.cancel()
    entry.cancel = schedule(() => {
      if (entry.open && entry.open.calls.size > 0) keep(key, entry)
      else remove(key, entry)
    }, IDLE_MS)
  }
  const makeRoom = (): void => {
    if (entries.size < MAX_LINES) return
    const unused = [...entries].find(([, { open: line }]) => line?.calls.size === 0)
    if (!unused)
      throw new GatewayError('overloaded', `${MAX_LINES} people use this connection right now. Try again later.`)
    remove(...unused)
  }
  const start = (key: string, wanted: UserLine): Entry => {
    makeRoom()
    const entry: Entry = { line: open(wanted), open: undefined, cancel: () => undefined }
    entry.line.then(
      (line) => {
        if (entries.get(key) === entry) entry.open = line
        else void line.link.close()
      },
      () => remove(key, entry),
    )
    return entry
  }
  return {
    async get(exchange, era) {
      const { organisation, id, user } = exchange.principal
      if (user === undefined) throw actsForNobody()
      const key = JSON.stringify([organisation, user, id, era])
      const known = entries.get(key)
      if (known?.open?.closed()) remove(key, known)
      const entry = entries.get(key) ?? start(key, { user, era, exchange })
      entries.delete(key)
      entries.set(key, entry)
      keep(key, entry)
      return entry.line
    },
    drop(line) {
      const found = [...entries].find(([, entry]) => entry.open === line)
      if (found) remove(...found)
      return found !== undefined
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

const actsForNobody = (): GatewayError =>
  new GatewayError(
    'connect_required',
    'Everybody uses this connection with an account of their own, and this agent acts for nobody. Call with a credential that names the person.',
  )
