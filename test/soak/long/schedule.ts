import { setTimeout as wait } from 'node:timers/promises'
import type { Flapping } from './fleet.ts'

/** One time that a server was well, milliseconds of `performance.now()`. */
export interface Up {
  readonly connection: string
  readonly from: number
  readonly until: number
}

const UP_MS = [20_000, 40_000] as const
const DOWN_MS = [1_000, 5_000] as const
const FROZEN_MS = [3_000, 10_000] as const

/**
 * Lets a server fail every 20 to 40 s until the signal: killed and, after a pause, started again; every other time it stands
 * still before, and half of these times it is let go on. The same seed gives the same schedule. Leaves it well.
 */
export async function flap(server: Flapping, seed: number, signal: AbortSignal): Promise<readonly Up[]> {
  const random = mulberry32(seed)
  const between = ([least, most]: readonly [number, number]): number => least + random() * (most - least)
  const ups: Up[] = []
  let from = performance.now()
  for (let turn = 0; await pause(between(UP_MS), signal); turn++) {
    ups.push({ connection: server.connection, from, until: performance.now() })
    if (turn % 2 === 1) {
      server.freeze()
      await pause(between(FROZEN_MS), signal)
      server.thaw()
    }
    if (turn % 4 !== 1) {
      server.kill()
      await pause(between(DOWN_MS), signal)
      await server.restart()
    }
    from = performance.now()
  }
  return [...ups, { connection: server.connection, from, until: performance.now() }]
}

/** False when the signal came first. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<boolean> =>
  wait(milliseconds, true, { signal }).catch(() => false)

/** Numbers from 0 to below 1 that look random: Mulberry32. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
