import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Deadline } from './deadline.ts'

/** Requests of one lane that are under way, and that wait for a place. */
export const MOST_RUNNING = 32
export const MOST_WAITING = 256
/** Nobody is told to come back sooner, milliseconds. */
const SHORTEST_MS = 1_000

export interface Bulkhead {
  /**
   * Runs the work when the lane has a place, first come, first served. Throws `overloaded` with `retryAfterMs` when too many
   * wait already or the time is over before the turn comes, `cancelled` when the caller gives up; nothing was sent then.
   */
  run<T>(lane: string, limit: Deadline, work: () => Promise<T>): Promise<T>
  /** Of the lanes that have anything to do now. */
  load(): readonly LaneLoad[]
}

export interface LaneLoad {
  readonly lane: string
  readonly running: number
  readonly waiting: number
}

interface Lane {
  readonly name: string
  running: number
  readonly queue: Set<Waiter>
}

interface Waiter {
  readonly since: number
  start(): void
}

/** Keeps a slow service from taking all of our sockets and memory: its lane fills, the others stay free. */
export function bulkhead(clock: Clock): Bulkhead {
  const lanes = new Map<string, Lane>()
  const leave = (lane: Lane): void => {
    lane.running -= 1
    const [next] = lane.queue
    next?.start()
    if (lane.running === 0) lanes.delete(lane.name)
  }
  return {
    async run(name, limit, work) {
      const lane = lanes.get(name) ?? { name, running: 0, queue: new Set() }
      lanes.set(name, lane)
      if (lane.running < MOST_RUNNING) lane.running += 1
      else await turn(lane, limit, clock)
      try {
        return await work()
      } finally {
        leave(lane)
      }
    },
    load: () => [...lanes.values()].map(({ name, running, queue }) => ({ lane: name, running, waiting: queue.size })),
  }
}

/** Resolves when the turn has come; the place is taken then. */
function turn(lane: Lane, limit: Deadline, clock: Clock): Promise<void> {
  const { queue, name } = lane
  const now = clock()
  const [first] = queue
  if (queue.size >= MOST_WAITING) return Promise.reject(full(name, now - (first?.since ?? now)))
  return new Promise((resolve, reject) => {
    const end = (): void => {
      queue.delete(waiter)
      limit.signal.removeEventListener('abort', giveUp)
    }
    const giveUp = (): void => {
      end()
      reject(limit.reason() === 'timeout' ? full(name, clock() - now) : gaveUp(name))
    }
    const waiter: Waiter = {
      since: now,
      start() {
        end()
        lane.running += 1
        resolve()
      },
    }
    if (limit.signal.aborted) return giveUp()
    limit.signal.addEventListener('abort', giveUp, { once: true })
    queue.add(waiter)
  })
}

function full(lane: string, waitedMs: number): GatewayError {
  const retryAfterMs = Math.max(waitedMs, SHORTEST_MS)
  return new GatewayError(
    'overloaded',
    `${lane} answers too slowly for so many requests: ${MOST_RUNNING} are under way, and no more than ${MOST_WAITING} may wait. This one was not sent. Try again in ${Math.ceil(retryAfterMs / 1_000)} s, with fewer at once.`,
    { data: { retryAfterMs } },
  )
}

const gaveUp = (lane: string): GatewayError =>
  new GatewayError('cancelled', `The request to ${lane} was cancelled while it waited for its turn. It was not sent.`)
