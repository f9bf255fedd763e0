export interface WaitingRoom {
  /** Resolves when `isOver` holds, at the latest after `limitMs` or with the signal. */
  wait(id: string, isOver: () => boolean, until: Until): Promise<void>
  /** Something about it changed. */
  tell(id: string): void
}

interface Until {
  readonly limitMs: number
  readonly signal: AbortSignal
}

/** Who waits for what. Everybody leaves in time, so that nobody is kept here. */
export function waitingRoom(schedule: (work: () => void, delayMs: number) => () => void): WaitingRoom {
  const waiting = new Map<string, Set<() => void>>()
  return {
    wait: (id, isOver, { limitMs, signal }) =>
      new Promise((resolve) => {
        const looks = waiting.get(id) ?? new Set()
        const leave = (): void => {
          looks.delete(look)
          if (looks.size === 0) waiting.delete(id)
          unschedule()
          signal.removeEventListener('abort', leave)
          resolve()
        }
        const look = (): void => {
          if (isOver() || signal.aborted) leave()
        }
        waiting.set(id, looks.add(look))
        const unschedule = schedule(leave, Math.max(0, limitMs))
        signal.addEventListener('abort', leave, { once: true })
        look()
      }),
    tell(id) {
      for (const look of waiting.get(id) ?? []) look()
    },
  }
}
