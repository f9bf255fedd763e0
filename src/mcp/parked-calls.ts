import type { Clock, NewId } from '../kernel/clock.ts'
import type { Principal } from '../kernel/principal.ts'
import type { ParkedCall } from './parked-call.ts'
import type { StateBinding } from './request-state.ts'
import { ownerOf } from './sessions.ts'

export interface ParkingLimits {
  readonly total: number
  readonly perPrincipal: number
  /** How long a call waits for its caller's answer, and how long a state can be used, milliseconds. */
  readonly ttlMs: number
}

export const PARKING_LIMITS: ParkingLimits = { total: 1_000, perPrincipal: 20, ttlMs: 10 * 60_000 }

/** The calls that wait for their callers' answers, under names that are good for one answer. */
export interface ParkedCalls {
  /** The name that the call waits under; undefined when there is no room for it. */
  put(call: ParkedCall, binding: StateBinding): string | undefined
  /** The call, which no longer waits then; undefined for a name that was used, and for a call that has ended. */
  take(name: string): ParkedCall | undefined
  count(): number
  /** Cancels what waits for the principals that match. */
  end(matches: (principal: Principal) => boolean): void
  /** Cancels what has waited too long, and what its principal may not see any more. */
  sweep(): void
}

export interface ParkedCallsDeps {
  readonly clock: Clock
  readonly newId: NewId
  readonly limits: ParkingLimits
  /** Whether what a request names stands in its principal's list now. */
  isListed(binding: StateBinding): boolean
}

interface Parked {
  readonly call: ParkedCall
  readonly binding: StateBinding
  readonly owner: string
  readonly until: number
  /** It stood in the list when it was parked. Where a list does not hold everything that may be called, it may not have. */
  readonly wasListed: boolean
}

export function parkedCalls({ clock, newId, limits, isListed }: ParkedCallsDeps): ParkedCalls {
  const parked = new Map<string, Parked>()
  const drop = (name: string, { call }: Parked, why: string): void => {
    parked.delete(name)
    call.cancel(why)
  }
  const sweep = (): void => {
    for (const [name, each] of parked) {
      if (each.until <= clock()) drop(name, each, 'The caller did not answer in time.')
      else if (each.wasListed && !isListed(each.binding)) drop(name, each, 'The caller may not use this any more.')
    }
  }
  const countOf = (owner: string): number => [...parked.values()].filter((each) => each.owner === owner).length
  return {
    put(call, binding) {
      const owner = ownerOf(binding.principal)
      sweep()
      if (parked.size >= limits.total || countOf(owner) >= limits.perPrincipal) return undefined
      const name = newId()
      parked.set(name, { call, binding, owner, until: clock() + limits.ttlMs, wasListed: isListed(binding) })
      return name
    },
    take(name) {
      sweep()
      const found = parked.get(name)
      parked.delete(name)
      return found?.call
    },
    count: () => parked.size,
    end(matches) {
      for (const [name, each] of parked) if (matches(each.binding.principal)) drop(name, each, 'The call was ended.')
    },
    sweep,
  }
}
