import { GatewayError } from '../kernel/errors.ts'
import type { Driver } from './driver.ts'

export interface KeyLocks {
  readonly withLock: Driver['withLock']
  /** Aborts the work of every holder and ends all waiting with the given error. */
  close(reason: GatewayError): void
}

/** Locks by key inside of one process, first come, first served. */
export function keyLocks(): KeyLocks {
  const queues = new Map<string, (() => void)[]>()
  const active = new Set<AbortController>()

  const enter = (key: string, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted()
      const queue = queues.get(key)
      if (!queue) {
        queues.set(key, [])
        return resolve()
      }
      const take = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        queue.splice(queue.indexOf(take), 1)
        reject(signal.reason)
      }
      queue.push(take)
      signal.addEventListener('abort', leave, { once: true })
    })

  const exit = (key: string): void => {
    const next = queues.get(key)?.shift()
    if (next) next()
    else queues.delete(key)
  }

  return {
    async withLock(key, work, { signal } = {}) {
      const controller = new AbortController()
      const forward = (): void => controller.abort(cancelled(key, signal?.reason))
      if (signal?.aborted) forward()
      signal?.addEventListener('abort', forward, { once: true })
      active.add(controller)
      try {
        await enter(key, controller.signal)
        try {
          controller.signal.throwIfAborted()
          return await work(controller.signal)
        } finally {
          exit(key)
        }
      } finally {
        active.delete(controller)
        signal?.removeEventListener('abort', forward)
      }
    },
    close: (reason) => active.forEach((controller) => controller.abort(reason)),
  }
}

const cancelled = (key: string, cause: unknown): GatewayError =>
  new GatewayError('cancelled', `The caller went away while it used the lock ${key}.`, { cause })
