import type { Ender } from '../kernel/ending.ts'
import { GatewayError, toError } from '../kernel/errors.ts'
import type { Freeze } from '../kernel/freeze.ts'
import { type Roster, roster } from '../kernel/roster.ts'

/** The emergency stop as the life of a call meets it. */
export interface Freezes {
  /**
   * Runs the work unless something has stopped it; a freeze that comes meanwhile ends the act at once. Rejects with
   * GatewayError `frozen` in both cases.
   */
  guard<T>(act: FreezableAct, work: () => Promise<T>): Promise<T>
}

export interface FreezableAct {
  readonly agent: string
  readonly connection: string
  readonly ending: Ender
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
  /** Ends the act, and the waiting for it. */
  stop(freeze: Freeze): void
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
        const freeze = covering(one.act)
        if (freeze) one.stop(freeze)
      }
    },
    guard(act, work) {
      const freeze = covering(act)
      return freeze ? Promise.reject(frozen(freeze)) : guarded(running, act, work)
    },
  }
}

/** A source that does not listen to its ending keeps nobody waiting: what it still says goes nowhere. */
const guarded = <T>(running: Roster<Running>, act: FreezableAct, work: () => Promise<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    const number = running.enter({
      act,
      stop(freeze) {
        running.leave(number)
        reject(frozen(freeze))
        act.ending.end('An admin has stopped this.')
      },
    })
    work().then(
      (result) => {
        running.leave(number)
        resolve(result)
      },
      (error: unknown) => {
        running.leave(number)
        reject(toError(error))
      },
    )
  })

const covers = ({ scope, id }: Freeze, { agent, connection }: FreezableAct): boolean =>
  scope === 'all' || id === (scope === 'agent' ? agent : connection)

function frozen({ scope, id, reason }: Freeze): GatewayError {
  const what = scope === 'all' ? 'all calls' : scope === 'agent' ? `the agent "${id}"` : `the connection "${id}"`
  const words = reason === undefined ? '' : ` The reason given: ${reason}`
  return new GatewayError(
    'frozen',
    `An admin has stopped ${what}. Nothing runs until it is lifted; do not retry.${words}`,
    { data: { scope, ...(id !== undefined && { id }) } },
  )
}
