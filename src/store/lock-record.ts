import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import * as z from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import { errorCode } from './file-system.ts'
import { isRunning } from './process-start.ts'

/** Who holds a lock. `since` is milliseconds since the epoch; `url` and `token` are what the holder published. */
export interface LockFacts {
  readonly pid: number
  readonly since: number
  readonly owner: string
  readonly url?: string
  readonly token?: Secret
}

const lockRecordSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** Of the process; see `processStart`. */
  start: z.string().optional(),
  /** Tells this taking of the lock from every other. */
  nonce: z.string().regex(/^[0-9a-f]{16}$/),
  since: z.number(),
  owner: z.string(),
  url: z.string().optional(),
  token: z.string().optional(),
})

/** A lock file's content. */
export type LockRecord = z.infer<typeof lockRecordSchema>

/** Undefined when there is no lock file. A file that is none is GatewayError `store_unavailable`, never taken as free. */
export async function readLockRecord(path: string): Promise<LockRecord | undefined> {
  try {
    return lockRecordSchema.parse(JSON.parse(await readFile(path, 'utf8')))
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    const detail = `The lock file ${path} cannot be read. When no gateway runs on this directory, delete it and start again.`
    throw new GatewayError('store_unavailable', detail, { cause: error })
  }
}

/** A lock of another host counts as held: nobody here can tell. */
export const isHeld = async (lock: LockRecord): Promise<boolean> =>
  lock.host !== hostname() || isRunning(lock.pid, lock.start)

export const toLockFacts = ({ pid, since, owner, url, token }: LockRecord): LockFacts => ({
  pid,
  since,
  owner,
  ...(url !== undefined && { url }),
  ...(token !== undefined && { token: new Secret(token) }),
})

/** The answer for the second process: who holds it, since when, and what to do. */
export function lockedError(path: string, lock: LockRecord): GatewayError {
  const away = lock.host !== hostname()
  const who = `process ${lock.pid}${away ? ` on host ${lock.host}` : ''} (${lock.owner})`
  const gone = away ? `; if that host is gone for good, delete ${path}` : ''
  const detail = `${path} is held by ${who} since ${new Date(lock.since).toISOString()}. Stop that process or use another directory${gone}.`
  const url = lock.url === undefined ? {} : { url: lock.url }
  return new GatewayError('store_locked', detail, { data: { pid: lock.pid, since: lock.since, ...url } })
}
