import type { Clock } from '../kernel/clock.ts'
import { type Ending, ending } from '../kernel/ending.ts'
import type { Schedule } from './schedule.ts'

export interface Limits {
  /** How long the other end may be silent, in milliseconds. */
  readonly idleMs: number
  /** How long all may take, in milliseconds. */
  readonly totalMs: number
}

/** How long a call is waited for. */
export interface Patience {
  /** When it has run out, or with the caller. The reason travels to the server, so it is fixed text. */
  readonly ending: Ending
  /** Why it ran out: the server was silent for too long, or all of it took too long. */
  expired(): 'idle' | 'total' | undefined
  /** The other end gave a sign of life. */
  touch(): void
  /** Silence does not count while a person is asked; the result ends that. */
  pause(): () => void
  release(): void
}

/** What time it is, and what is to be done later. */
export interface Time {
  readonly clock: Clock
  readonly schedule: Schedule
}

const CANCELLED = 'The request was cancelled.'

/** Runs out after `idleMs` of silence, after `totalMs` in all, or with `parent`. Leaves nothing behind after `release`. */
export function patience(parent: Ending, { idleMs, totalMs }: Limits, { clock, schedule }: Time): Patience {
  const over = ending()
  let reason: 'idle' | 'total' | undefined
  let pauses = 0
  const end = (): void => over.end(CANCELLED)
  const expire = (why: 'idle' | 'total'): void => {
    reason ??= why
    end()
  }
  const onIdle = (): void => expire('idle')
  const until = clock() + totalMs
  let cancelTotal: (() => void) | undefined
  // While nothing has happened its silence ends a call sooner than all of its time: most calls need one timer.
  const limitAll = (): void => void (cancelTotal ??= schedule(() => expire('total'), until - clock()))
  if (totalMs <= idleMs) limitAll()
  let cancelIdle = schedule(onIdle, idleMs)
  const touch = (): void => {
    limitAll()
    cancelIdle()
    cancelIdle = pauses === 0 ? schedule(onIdle, idleMs) : () => undefined
  }
  const letGo = parent.whenOver(end)
  if (parent.isOver()) end()
  return {
    ending: over,
    expired: () => reason,
    touch,
    pause() {
      pauses += 1
      touch()
      return () => {
        pauses -= 1
        touch()
      }
    },
    release() {
      pauses = Number.POSITIVE_INFINITY
      cancelIdle()
      cancelTotal?.()
      letGo()
    },
  }
}
