import { setTimeout as pause } from 'node:timers/promises'
import { GatewayError } from '../kernel/errors.ts'
import { PROBLEMS } from '../kernel/problem.ts'
import type { GatewayClient } from './gateway-client.ts'
import { toSpan } from './print.ts'
import type { Shell } from './shell.ts'

export interface Begun {
  readonly flow: string
  readonly link: string
  readonly expiresAt: number
}

export interface FlowAnswer {
  readonly flow: string
  readonly connection: string
  readonly status: 'pending' | 'done' | 'failed'
  readonly account?: string
  readonly error?: { readonly code: string; readonly message: string }
}

const EVERY_MS = 1_000
const TELL_EVERY_MS = 30_000

/** Asks until the sign-in has ended, at the latest after `timeoutMs`. Throws what it failed with. */
export async function untilConnected(
  shell: Shell,
  gateway: GatewayClient,
  { flow }: Begun,
  timeoutMs: number,
): Promise<FlowAnswer> {
  const until = shell.clock() + timeoutMs
  let toldAt = shell.clock()
  for (;;) {
    const answer = await gateway.ask<FlowAnswer>('GET', `/oauth/flows/${encodeURIComponent(flow)}`)
    if (answer.status === 'done') return answer
    if (answer.status === 'failed') throw toError(answer)
    if (shell.clock() >= until) throw new GatewayError('invalid_state', 'Nobody has signed in. Run the command again.')
    if (shell.clock() - toldAt >= TELL_EVERY_MS) {
      toldAt = shell.clock()
      shell.stderr(`Waiting for the sign-in, ${toSpan(until - toldAt)} left.\n`)
    }
    await pause(EVERY_MS)
  }
}

function toError({ error }: FlowAnswer): GatewayError {
  const code = Object.keys(PROBLEMS).find((known): known is keyof typeof PROBLEMS => known === error?.code)
  return new GatewayError(code ?? 'oauth_failed', error?.message ?? 'The sign-in failed. Try again.')
}
