import { roster } from '../kernel/roster.ts'
import type { RpcId } from './rpc.ts'

/** The requests of one session that are being answered, by the ids that their client gave them. */
export interface RunningRequests {
  readonly size: number
  has(id: RpcId): boolean
  /** `leave` takes what this gives. */
  enter(id: RpcId, request: Abortable): number
  leave(number: number): void
  /** Aborts the request, or all of them. */
  abort(id?: RpcId): void
}

interface Abortable {
  abort(): void
}

interface Running {
  readonly id: RpcId
  readonly request: Abortable
}

export function runningRequests(): RunningRequests {
  const running = roster<Running>()
  const find = (id: RpcId): Running | undefined => running.find((one) => one.id === id)
  return {
    get size() {
      return running.size
    },
    has: (id) => find(id) !== undefined,
    enter: (id, request) => running.enter({ id, request }),
    leave: (number) => void running.leave(number),
    abort(id) {
      if (id !== undefined) return find(id)?.request.abort()
      for (const { request } of running.all()) request.abort()
    },
  }
}
