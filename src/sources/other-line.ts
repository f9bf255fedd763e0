import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Eras } from './mcp-eras.ts'
import type { Line } from './mcp-line.ts'

/** The second line of a server that speaks both eras, for callers of the era that the main line does not speak. */
export interface OtherLine {
  /** The line; undefined when the server does not speak that era. Never rejects. */
  get(): Promise<Line | undefined>
  /** The line, if there is one already. */
  now(): Line | undefined
  /** Closes a line that is of no use any more; the next `get` opens another one. */
  drop(line: Line): void
  close(): Promise<void>
}

export interface OtherLineDeps {
  readonly eras: Eras
  readonly clock: Clock
  readonly open: () => Promise<Line>
  /** The line is open for the first time. */
  readonly onOpen: () => void
}

/** How long a server that gave no clear answer is left alone. */
const AGAIN_MS = 60_000
/** A clear answer is asked for again after a day: servers are upgraded, and downgraded. */
const ASK_AGAIN_MS = 24 * 60 * 60_000

/**
 * Opens the line when it is first needed, one attempt at a time. It is always a legacy line beside a modern one: the modern
 * era is probed first, so that a server found to be legacy does not speak the other.
 */
export function otherLine({ eras, clock, open, onOpen }: OtherLineDeps): OtherLine {
  let line: Line | undefined
  let opening: Promise<Line | undefined> | undefined
  let notBefore = 0
  let isClosed = false

  const attempt = async (): Promise<Line | undefined> => {
    if ((await eras.speaksToo('legacy')) === false) {
      notBefore = clock() + AGAIN_MS
      return undefined
    }
    try {
      const fresh = await open()
      if (isClosed) {
        void fresh.link.close()
        return undefined
      }
      line = fresh
      await eras.tried('modern', 'legacy', true)
      onOpen()
      return fresh
    } catch (error) {
      const isClear = isRefusal(error)
      notBefore = clock() + (isClear ? ASK_AGAIN_MS : AGAIN_MS)
      if (isClear) await eras.tried('modern', 'legacy', false)
      return undefined
    }
  }
  return {
    now: () => line,
    get() {
      if (line && !line.closed()) return Promise.resolve(line)
      if (clock() < notBefore) return Promise.resolve(undefined)
      opening ??= attempt().finally(() => {
        opening = undefined
      })
      return opening
    },
    drop(gone) {
      if (line === gone) line = undefined
      void gone.link.close()
    },
    async close() {
      isClosed = true
      await line?.link.close()
    },
  }
}

/** The server answered, and the answer was no. */
const isRefusal = (error: unknown): boolean =>
  error instanceof GatewayError && (error.code === 'upstream_refused' || error.code === 'upstream_invalid')
