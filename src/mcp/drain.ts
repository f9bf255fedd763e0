import { afterwards } from '../kernel/afterwards.ts'
import type { Methods } from './method.ts'

/** The methods, and a way to wait for what they are doing. */
export interface DrainableMethods extends Methods {
  /** Resolves when nothing runs any more and every answer is on its way, or when the time is up (milliseconds). */
  drained(withinMs: number): Promise<void>
}

export function drainable(methods: Methods): DrainableMethods {
  const waiting = new Set<() => void>()
  let running = 0
  const wakeAll = (): void => {
    if (running === 0) for (const wake of waiting) wake()
  }
  const finish = (): void => {
    running -= 1
    if (running === 0) setImmediate(wakeAll)
  }
  return {
    serves: (method) => methods.serves(method),
    answer(method, params, exchange) {
      running += 1
      return afterwards(() => methods.answer(method, params, exchange), finish)
    },
    drained: (withinMs) =>
      new Promise((resolve) => {
        if (running === 0) return resolve()
        const wake = (): void => {
          clearTimeout(timer)
          waiting.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, withinMs)
        waiting.add(wake)
      }),
  }
}
