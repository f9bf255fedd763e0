import { randomBytes } from 'node:crypto'
import { link, readdir, rename, unlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import { errorCode, nodeFileSystem } from './file-system.ts'
import { isHeld, type LockRecord, lockedError, readLockRecord } from './lock-record.ts'
import { isRunning, processStart } from './process-start.ts'
import { replaceFile, temporaryPath, writeNewFile } from './replace-file.ts'

const ATTEMPTS = 200
const BETWEEN_ATTEMPTS_MS = 10

/** Where the holder of a lock can be reached by programs that may read the lock file (mode 0600). */
export interface Published {
  readonly url: string
  readonly token: Secret
}

/** A lock that this process holds until `release` or its death. */
export interface HeldLock {
  publish(facts: Published): Promise<void>
  /** Rejects with GatewayError `store_unavailable` when someone removed or replaced the lock file. */
  check(): Promise<void>
  release(): Promise<void>
}

export interface LockOwner {
  readonly clock: Clock
  /** For the message that a second process gets, such as `gatehouse serve`. */
  readonly owner: string
}

/**
 * Takes a lock file for this process. A holder that is dead is replaced; of several processes that find the same dead
 * holder exactly one wins. A live holder is GatewayError `store_locked`. Needs a file system with hard links.
 */
export async function takeLock(path: string, { clock, owner }: LockOwner): Promise<HeldLock> {
  const start = await processStart(process.pid)
  const nonce = randomBytes(8).toString('hex')
  let mine: LockRecord = { pid: process.pid, host: hostname(), ...(start && { start }), nonce, since: clock(), owner }
  await acquire(path, mine)
  await removeLeftovers(path, nonce)

  const check = async (): Promise<void> => {
    if ((await readLockRecord(path))?.nonce !== nonce) throw lostError(path)
  }
  return {
    check,
    async publish({ url, token }) {
      await check()
      mine = { ...mine, url, token: token.reveal() }
      await replaceFile(nodeFileSystem, path, JSON.stringify(mine))
    },
    async release() {
      const current = await readLockRecord(path)
      if (current?.nonce === nonce) await unlink(path)
    },
  }
}

async function acquire(path: string, mine: LockRecord): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await isCreated(path, mine)) return
    const holder = await readLockRecord(path)
    if (holder && (await isHeld(holder))) throw lockedError(path, holder)
    if (holder && (await isTakenOver(path, holder, mine))) return
    if (attempt > 0) await wait(BETWEEN_ATTEMPTS_MS)
  }
  throw new GatewayError('store_unavailable', `The lock ${path} kept changing hands. Try again.`)
}

/** Made with its content in one step (`wx` under another name, then a hard link), so that no reader sees half a lock. */
async function isCreated(path: string, mine: LockRecord): Promise<boolean> {
  const candidate = temporaryPath(path)
  await writeNewFile(nodeFileSystem, candidate, JSON.stringify(mine))
  try {
    await link(candidate, path)
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await unlink(candidate)
  }
}

/**
 * Replacing a dead holder needs a claim on exactly that holder, which is itself a lock, named by the holder's nonce.
 * Who has the claim and still finds that holder is alone; who comes later finds another nonce and lets go.
 */
async function isTakenOver(path: string, dead: LockRecord, mine: LockRecord): Promise<boolean> {
  const claim = `${path}.${dead.nonce}`
  if (!(await isClaimed(claim, mine))) return false
  try {
    if ((await readLockRecord(path))?.nonce !== dead.nonce) return false
    const candidate = temporaryPath(path)
    await writeNewFile(nodeFileSystem, candidate, JSON.stringify(mine))
    await rename(candidate, path)
    return true
  } finally {
    await unlink(claim).catch(() => undefined)
  }
}

async function isClaimed(claim: string, mine: LockRecord): Promise<boolean> {
  try {
    await acquire(claim, mine)
    return true
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'store_locked') return false
    throw error
  }
}

/** Candidates of dead processes and claims on earlier holders: of no use to anyone once we hold the lock. */
async function removeLeftovers(path: string, nonce: string): Promise<void> {
  const directory = dirname(path)
  const prefix = `${basename(path)}.`
  for (const name of await readdir(directory)) {
    if (!name.startsWith(prefix) || name.startsWith(prefix + nonce)) continue
    if (!(await isInUse(name))) await unlink(join(directory, name)).catch(() => undefined)
  }
}

/** A candidate, for the lock or for a claim, that a live process is about to link. */
async function isInUse(name: string): Promise<boolean> {
  const pid = /\.(\d+)\.[0-9a-f]+\.tmp$/.exec(name)?.[1]
  return pid !== undefined && isRunning(Number(pid), undefined)
}

const lostError = (path: string): GatewayError =>
  new GatewayError(
    'store_unavailable',
    `This process no longer holds ${path}: someone removed or replaced it. Restart the gateway.`,
  )
