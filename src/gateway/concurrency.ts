import type { Clock } from '../kernel/clock.ts'
import { afterwards } from '../kernel/afterwards.ts'
import type { Ending } from '../kernel/ending.ts'
import type { GatewayError } from '../kernel/errors.ts'
import { queueFull, waitedEnough, waitedInVain } from './concurrency-refusals.ts'
import { type FairQueue, fairQueue } from './fair-queue.ts'

/** How many calls may run at once, and how many may wait for a place. */
export interface Room {
  readonly running: number
  readonly waiting: number
}

export interface ConcurrencyLimits {
  /** For one principal, over all connections. One connection gets three quarters of its places, so that one that hangs leaves some. */
  readonly perPrincipal: Room
  /** For one connection, over all principals. */
  perConnection(connection: string): Room
  /** The longest that a call waits, milliseconds. */
  readonly waitMs: number
}

export const USUAL_LIMITS: ConcurrencyLimits = {
  perPrincipal: { running: 96, waiting: 256 },
  perConnection: () => ({ running: 128, waiting: 1_024 }),
  waitMs: 30_000,
}

/** Who wants to call what. */
export interface Turn {
  readonly principal: string
  readonly connection: string
  readonly ending: Ending
}

/** Keeps calls from crowding a connection, a principal, or us. */
export interface Concurrency {
  /**
   * Runs the work when principal and connection both have a place for it. Principals that wait for one connection take
   * turns. Throws `overloaded` with `retryAfterMs` when too many wait already or the wait was too long, `cancelled` when the
   * call ends before the turn comes; nothing was run then. `waited`: what was decided before may have changed.
   */
  run<T>(turn: Turn, work: (waited: boolean) => Promise<T>): Promise<T>
  counts(): ConcurrencyCounts
}

export interface ConcurrencyCounts {
  /** Of the connections that have anything to do now. */
  readonly connections: readonly { readonly connection: string; readonly running: number; readonly waiting: number }[]
  readonly principals: number
}

export interface ConcurrencyDeps {
  /** Asked for every call, so that an edit of the configuration counts at once. */
  limits(): ConcurrencyLimits
  readonly clock: Clock
  /** Runs work once after so many milliseconds; calling the result takes it back. */
  readonly schedule: (work: () => void, delayMs: number) => () => void
}

interface Caller {
  readonly id: string
  running: number
  waiting: number
  /** What of it runs where. */
  readonly runningAt: Map<string, number>
}

interface Place {
  readonly connection: string
  room: Room
  running: number
  readonly queue: FairQueue<Waiter>
}

interface Waiter {
  readonly since: number
  start(): void
}

/** Callers are known while they have something to do, so that memory is bounded by the limits. */
interface Crowd extends ConcurrencyDeps {
  readonly callers: Map<string, Caller>
  readonly places: Map<string, Place>
  /** The places where somebody waits. */
  readonly crowded: Set<Place>
}

export function concurrency(deps: ConcurrencyDeps): Concurrency {
  const crowd: Crowd = { ...deps, callers: new Map(), places: new Map(), crowded: new Set() }
  return {
    run({ principal, connection, ending }, work) {
      const limits = crowd.limits()
      const caller = callerOf(crowd, principal)
      const place = placeOf(crowd, connection, limits.perConnection(connection))
      const ended = (): void => end(crowd, caller, place)
      if (!hasPlace(caller, place, limits) || place.running >= place.room.running)
        return waiting(crowd, { caller, place, ending }, limits).then(() => afterwards(() => work(true), ended))
      count(caller, place, 1)
      return afterwards(() => work(false), ended)
    },
    counts: () => ({
      connections: [...crowd.places.values()]
        .map(({ connection, running, queue }) => ({ connection, running, waiting: queue.size }))
        .filter(({ running, waiting: inLine }) => running + inLine > 0),
      principals: crowd.callers.size,
    }),
  }
}

function callerOf({ callers }: Crowd, id: string): Caller {
  const known = callers.get(id)
  if (known) return known
  const caller = { id, running: 0, waiting: 0, runningAt: new Map<string, number>() }
  callers.set(id, caller)
  return caller
}

function placeOf({ places }: Crowd, connection: string, room: Room): Place {
  const known = places.get(connection)
  if (known) {
    known.room = room
    return known
  }
  const place = { connection, room, running: 0, queue: fairQueue<Waiter>() }
  places.set(connection, place)
  return place
}

/** Of a principal's places. */
const SHARE_OF_ONE_CONNECTION = 3 / 4

function hasPlace({ running, runningAt }: Caller, { connection }: Place, { perPrincipal }: ConcurrencyLimits): boolean {
  const most = perPrincipal.running
  return running < most && (runningAt.get(connection) ?? 0) < Math.ceil(most * SHARE_OF_ONE_CONNECTION)
}

function count(caller: Caller, place: Place, change: number): void {
  caller.running += change
  place.running += change
  caller.runningAt.set(place.connection, (caller.runningAt.get(place.connection) ?? 0) + change)
}

function end(crowd: Crowd, caller: Caller, place: Place): void {
  count(caller, place, -1)
  if (place.queue.size > 0) admit(crowd, place)
  // Elsewhere it may have been their own limit that kept this caller's calls waiting.
  if (caller.waiting > 0) for (const other of crowd.crowded) admit(crowd, other)
  forget(crowd, caller, place)
}

/** Starts those whose turn it is. */
function admit(crowd: Crowd, place: Place): void {
  const limits = crowd.limits()
  const mayHaveTurn = (id: string): boolean => {
    const caller = crowd.callers.get(id)
    return !caller || hasPlace(caller, place, limits)
  }
  while (place.running < place.room.running) {
    const waiter = place.queue.take(mayHaveTurn)
    if (!waiter) break
    waiter.start()
  }
  if (place.queue.size === 0) crowd.crowded.delete(place)
}

/** Places with nothing to do that stay known: making one for every call would cost more than all the rest here. */
const MOST_IDLE_PLACES = 1_000

function forget({ callers, places }: Crowd, caller: Caller, place: Place): void {
  if (caller.running + caller.waiting === 0) callers.delete(caller.id)
  if (places.size > MOST_IDLE_PLACES && place.running + place.queue.size === 0) places.delete(place.connection)
}

interface Waiting {
  readonly caller: Caller
  readonly place: Place
  readonly ending: Ending
}

/** Resolves when the turn has come; the places are taken then. */
function waiting(crowd: Crowd, { caller, place, ending }: Waiting, limits: ConcurrencyLimits): Promise<void> {
  const { connection, queue } = place
  const now = crowd.clock()
  const refusal = ending.isOver() ? waitedInVain(connection) : refusalFor({ caller, place, limits, now })
  if (refusal) {
    forget(crowd, caller, place)
    return Promise.reject(refusal)
  }
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      cancel()
      letGo()
      caller.waiting -= 1
      if (queue.size === 0) crowd.crowded.delete(place)
    }
    const giveUp = (error: GatewayError): void => {
      if (!queue.remove(caller.id, waiter)) return
      leave()
      forget(crowd, caller, place)
      reject(error)
    }
    const waiter: Waiter = {
      since: now,
      start() {
        leave()
        count(caller, place, 1)
        resolve()
      },
    }
    const cancel = crowd.schedule(() => giveUp(waitedEnough(connection, limits.waitMs)), limits.waitMs)
    const letGo = ending.whenOver(() => giveUp(waitedInVain(connection)))
    caller.waiting += 1
    queue.add(caller.id, waiter)
    crowd.crowded.add(place)
  })
}

interface Newcomer {
  readonly caller: Caller
  readonly place: Place
  readonly limits: ConcurrencyLimits
  readonly now: number
}

function refusalFor({ caller, place, limits, now }: Newcomer): GatewayError | undefined {
  const { perPrincipal, waitMs } = limits
  const { connection, queue, room } = place
  const waits = { connection, sinceMs: now - (queue.oldest()?.since ?? now), waitMs }
  if (caller.waiting >= perPrincipal.waiting) return queueFull('agent', perPrincipal, waits)
  return queue.size >= room.waiting ? queueFull('connection', room, waits) : undefined
}
