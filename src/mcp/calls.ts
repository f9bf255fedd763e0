import type { Principal } from '../kernel/principal.ts'
import type { McpDeps } from './deps.ts'
import { drainable, type DrainableMethods } from './drain.ts'
import { isListed } from './listed.ts'
import { mcpMethods } from './methods.ts'
import { parkedCalls, PARKING_LIMITS, type ParkingLimits } from './parked-calls.ts'
import { withParking } from './parking.ts'
import { RUNNING_LIMITS, type RunningLimits, runningBook } from './running.ts'

export interface CallLimits {
  readonly running?: Partial<RunningLimits>
  readonly parked?: Partial<ParkingLimits>
}

/** The table of methods as a door runs it: bounded, able to ask modern callers, able to be ended. */
export interface Calls extends DrainableMethods {
  counts(): { readonly running: number; readonly parked: number }
  /** Aborts what runs and what waits for the principals that match. */
  end(matches: (principal: Principal) => boolean): void
  /** Cancels what has waited too long for its caller, and what its caller may not see any more. */
  sweep(): void
}

export function mcpCalls(deps: McpDeps, limits: CallLimits = {}): Calls {
  const { seal, clock, newId } = deps
  const parkingLimits = { ...PARKING_LIMITS, ...limits.parked }
  const running = runningBook(mcpMethods(deps), { ...RUNNING_LIMITS, ...limits.running })
  const parked = parkedCalls({ clock, newId, limits: parkingLimits, isListed: (binding) => isListed(deps, binding) })
  return {
    ...drainable(withParking({ methods: running, parked, seal, clock, ttlMs: parkingLimits.ttlMs })),
    counts: () => ({ running: running.count(), parked: parked.count() }),
    end(matches) {
      parked.end(matches)
      running.end(matches)
    },
    sweep: () => parked.sweep(),
  }
}
