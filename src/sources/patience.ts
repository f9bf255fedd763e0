import type { Schedule } from './schedule.ts'

export interface Limits {
  /** How long the other end may be silent, in milliseconds. */
  readonly idleMs: number
  /** How long all may take, in milliseconds. */
  readonly totalMs: number
}

/** How long a call is waited for. */
export interface Patience {
  /** Aborts when it has run out, or with the caller. The reason travels to the server, so it is fixed text. */
  readonly signal: AbortSignal
  /** Why it ran out: the server was silent for too long, or all of it took too long. */
  expired(): 'idle' | 'total' | undefined
  /** The other end gave a sign of life. */
  touch(): void
  /** Silence does not count while a person is asked; the result ends that. */
  pause(): () => void
  release(): void
}

/** Runs out after `idleMs` of silence, after `totalMs` in all, or with `parent`. Leaves nothing behind after `release`. */
export function patience(parent: AbortSignal, { idleMs, totalMs }: Limits, schedule: Schedule): Patience {
  const controller = new AbortController()
  let reason: 'idle' | 'total' | undefined
  let pauses = 0
  const end = (): void => controller.abort('The request was cancelled.')
  const expire = (why: 'idle' | 'total') => (): void => {
    reason ??= why
    end()
  }
  const cancelTotal = schedule(expire('total'), totalMs)
  let cancelIdle = schedule(expire('idle'), idleMs)
  const touch = (): void => {
    cancelIdle()
    cancelIdle = pauses === 0 ? schedule(expire('idle'), idleMs) : () => undefined
  }
  if (parent.aborted) end()
  else parent.addEventListener('abort', end, { once: true })
  return {
    signal: controller.signal,
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
      cancelTotal()
      parent.removeEventListener('abort', end)
    },
  }
}
