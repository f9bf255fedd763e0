import { setTimeout as wait } from 'node:timers/promises'
import { GatewayError } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Holder } from './house.ts'
import type { Shell } from './shell.ts'

/** A gateway that runs and can be asked. */
export interface Running {
  readonly url: string
  readonly token: Secret
}

const BETWEEN_LOOKS_MS = 100

/**
 * The gateway that runs on this store; undefined when nobody holds it. A holder without an open door is starting, or
 * is another command that is done soon: it gets `patienceMs`, then `store_locked` says who it is.
 */
export async function locate(shell: Shell, directory: string, patienceMs: number): Promise<Running | undefined> {
  const end = shell.clock() + patienceMs
  for (;;) {
    const holder = await shell.readHolder(directory)
    if (!holder) return undefined
    if (holder.url !== undefined && holder.token !== undefined) return { url: holder.url, token: holder.token }
    if (shell.clock() >= end) throw heldBy(holder, directory)
    await wait(BETWEEN_LOOKS_MS)
  }
}

const heldBy = ({ pid, owner, since }: Holder, directory: string): GatewayError =>
  new GatewayError(
    'store_locked',
    `The store ${directory} is held by process ${pid} (${owner}) since ${new Date(since).toISOString()}, which cannot be asked. Wait until it is done, or stop it.`,
    { data: { pid, since } },
  )
