import { GatewayError } from '../kernel/errors.ts'
import type { Room } from './concurrency.ts'

/** What is known of the queue that a call would have waited in. */
export interface Waits {
  readonly connection: string
  /** How long the first in the queue has waited, milliseconds: a newcomer would wait at least as long. */
  readonly sinceMs: number
  /** The longest that anybody waits, milliseconds. */
  readonly waitMs: number
}

const SHORTEST_MS = 1_000

/** `overloaded`: as many wait as may. */
export function queueFull(
  whose: 'agent' | 'connection',
  room: Room,
  { connection, sinceMs, waitMs }: Waits,
): GatewayError {
  const retryAfterMs = Math.min(Math.max(sinceMs, SHORTEST_MS), Math.max(waitMs, SHORTEST_MS))
  const who = whose === 'agent' ? 'You have' : `The connection "${connection}" has`
  return new GatewayError(
    'overloaded',
    `${who} too many calls at once: ${room.running} may run and ${room.waiting} may wait. Nothing was sent. Let some end, and try again in ${Math.ceil(retryAfterMs / 1_000)} s.`,
    { data: { connection, retryAfterMs } },
  )
}

/** `overloaded`: its turn did not come in time. */
export const waitedEnough = (connection: string, waitMs: number): GatewayError =>
  new GatewayError(
    'overloaded',
    `The call has waited ${waitMs / 1_000} s for a free place at the connection "${connection}", and none came. Nothing was sent. Try again in ${Math.ceil(waitMs / 1_000)} s, with fewer calls at once.`,
    { data: { connection, retryAfterMs: Math.max(waitMs, SHORTEST_MS) } },
  )

/** `cancelled`, before anything was sent. */
export const waitedInVain = (connection: string): GatewayError =>
  new GatewayError(
    'cancelled',
    `The call was cancelled while it waited for a free place at the connection "${connection}". Nothing was sent.`,
    { data: { connection } },
  )
