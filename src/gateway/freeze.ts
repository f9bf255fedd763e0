import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Freeze } from '../kernel/freeze.ts'

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
  readonly controller: AbortController
  stoppedBy: Freeze | undefined
}

export function freezeSwitch(): FreezeSwitch {
  let freezes: readonly Freeze[] = []
  const running = new Set<Running>()
  const covering = (act: FreezableAct): Freeze | undefined => freezes.find((freeze) => covers(freeze, act))
  return {
    running: () => running.size,
    set(next) {
      freezes = next
      for (const one of running) {
        one.stoppedBy ??= covering(one.act)
        if (one.stoppedBy) one.controller.abort('An admin has stopped this.')
      }
    },
    async guard(act, work) {
      const freeze = covering(act)
      if (freeze) throw frozen(freeze)
      const one: Running = { act, controller: new AbortController(), stoppedBy: undefined }
      const abort = (): void => one.controller.abort(act.signal.reason)
      if (act.signal.aborted) abort()
      act.signal.addEventListener('abort', abort, { once: true })
      running.add(one)
      try {
        return await untilStopped(one, work(one.controller.signal))
      } catch (error) {
        throw one.stoppedBy ? frozen(one.stoppedBy, error) : error
      } finally {
        running.delete(one)
        act.signal.removeEventListener('abort', abort)
      }
    },
  }
}

/** A source that does not listen to its signal keeps nobody waiting: what it still says goes nowhere. */
function untilStopped<T>(one: Running, work: Promise<T>): Promise<T> {
  const stopped = new Promise<never>((_resolve, reject) => {
    const { signal } = one.controller
    signal.addEventListener('abort', () => one.stoppedBy && reject(frozen(one.stoppedBy)), { once: true })
  })
  work.catch(() => undefined)
  return Promise.race([work, stopped])
}

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
