import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Freeze } from '../kernel/freeze.ts'
import { roster } from '../kernel/roster.ts'

/** The emergency stop as the life of a call meets it. */
export interface Freezes {
  /**
   * Runs the work unless something has stopped it; a freeze that comes meanwhile aborts its signal at once. Throws
   * GatewayError `frozen` in both cases.
   */
  guard<T>(act: FreezableAct, work: (signal: AbortSignal) => Promise<T>): Promise<T>
}

export interface FreezableAct {
  readonly agent: string
  readonly connection: string
  readonly signal: Exchange['signal']
  readonly stop?: Exchange['stop']
}

/** The emergency stop as admins use it. */
export interface FreezeSwitch extends Freezes {
  /** What is stopped from now on; acts under way that it covers are aborted before this returns. */
  set(freezes: readonly Freeze[]): void
  /** Acts under way. */
  running(): number
}

interface Running {
  readonly act: FreezableAct
  stoppedBy: Freeze | undefined
  /** Ends the act, and the waiting for it. */
  stop(): void
}

export function freezeSwitch(): FreezeSwitch {
  let freezes: readonly Freeze[] = []
  const running = roster<Running>()
  const covering = (act: FreezableAct): Freeze | undefined => freezes.find((freeze) => covers(freeze, act))
  return {
    running: () => running.size,
    set(next) {
      freezes = next
      for (const one of running.all()) {
        one.stoppedBy ??= covering(one.act)
        if (one.stoppedBy) one.stop()
      }
    },
    async guard(act, work) {
      const freeze = covering(act)
      if (freeze) throw frozen(freeze)
      const one: Running = { act, stoppedBy: undefined, stop: () => undefined }
      const { signal, stop, release } = stoppable(act)
      const number = running.enter(one)
      try {
        return await untilStopped(one, stop, work(signal))
      } catch (error) {
        throw one.stoppedBy ? frozen(one.stoppedBy, error) : error
      } finally {
        running.leave(number)
        release()
      }
    },
  }
}

/** The act's own signal where it can be aborted from here; else one that follows it. */
function stoppable({ signal, stop }: FreezableAct) {
  if (stop) return { signal, stop, release: () => undefined }
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  return {
    signal: controller.signal,
    stop: (reason: string) => controller.abort(reason),
    release: () => signal.removeEventListener('abort', abort),
  }
}

/** A source that does not listen to its signal keeps nobody waiting: what it still says goes nowhere. */
const untilStopped = <T>(one: Running, stop: (reason: string) => void, work: Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    work.then(resolve, reject)
    one.stop = () => {
      stop('An admin has stopped this.')
      if (one.stoppedBy) reject(frozen(one.stoppedBy))
    }
  })

const covers = ({ scope, id }: Freeze, { agent, connection }: FreezableAct): boolean =>
  scope === 'all' || id === (scope === 'agent' ? agent : connection)

function frozen({ scope, id, reason }: Freeze, cause?: unknown): GatewayError {
  const what = scope === 'all' ? 'all calls' : scope === 'agent' ? `the agent "${id}"` : `the connection "${id}"`
  const words = reason === undefined ? '' : ` The reason given: ${reason}`
  return new GatewayError(
    'frozen',
    `An admin has stopped ${what}. Nothing runs until it is lifted; do not retry.${words}`,
    {
      cause,
      data: { scope, ...(id !== undefined && { id }) },
    },
  )
}
