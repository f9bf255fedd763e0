import { readdir, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Low } from 'lowdb'
import { GatewayError } from '../kernel/errors.ts'
import { diskFailure } from './disk-failure.ts'
import type { Driver } from './driver.ts'
import { type FileSystem, nodeFileSystem } from './file-system.ts'
import { jsonFile } from './json-file.ts'
import { type LockOwner, type Published, takeLock } from './lock-file.ts'
import { isHeld, type LockFacts, readLockRecord, toLockFacts } from './lock-record.ts'
import { privateDirectory } from './private-directory.ts'
import { tableDriver } from './table-driver.ts'
import type { Tables } from './tables.ts'

const STORE_FILE = 'store.json'
const LOCK_FILE = 'store.lock'

export interface LowdbDriverOptions extends LockOwner {
  /** Made when missing, mode 0700; holds `store.json` and `store.lock`, both 0600. */
  readonly directory: string
  readonly files?: FileSystem
}

export interface LowdbDriver extends Driver {
  /** Writes into the lock file where this process can be reached, for `readLock` of another process. */
  publish(facts: Published): Promise<void>
}

/**
 * Keeps rows in one JSON file through lowdb. A put resolves after the file, its name and its directory are flushed; when
 * that fails it rejects with GatewayError `store_unavailable`, nobody saw the value, and later puts may succeed.
 * One process at a time: a second one gets `store_locked` with `{ pid, since, url? }`.
 */
export async function lowdbDriver({
  directory,
  files = nodeFileSystem,
  ...owner
}: LowdbDriverOptions): Promise<LowdbDriver> {
  const lock = await usable(directory, async () => {
    await privateDirectory(directory)
    return takeLock(join(directory, LOCK_FILE), owner)
  })
  try {
    const low = new Low<Tables>(jsonFile(join(directory, STORE_FILE), files), new Map())
    await usable(directory, () => removeTemporaries(directory))
    await low.read()
    const save = (tables: Tables): Promise<void> => usable(directory, () => lock.check().then(() => write(low, tables)))
    const driver = tableDriver({ tables: low.data, save, closed: () => lock.release() })
    return { ...driver, publish: (facts) => usable(directory, () => lock.publish(facts)) }
  } catch (error) {
    await lock.release()
    throw error
  }
}

/** The live process that holds the store of a directory; undefined when nobody does. */
export async function readLock(directory: string): Promise<LockFacts | undefined> {
  const lock = await readLockRecord(join(directory, LOCK_FILE))
  return lock && (await isHeld(lock)) ? toLockFacts(lock) : undefined
}

async function write(low: Low<Tables>, tables: Tables): Promise<void> {
  const before = low.data
  low.data = tables
  try {
    await low.write()
  } catch (error) {
    low.data = before
    throw error
  }
}

/** Half-written files of a process that was killed. Only called while the lock is held, so they are nobody's. */
async function removeTemporaries(directory: string): Promise<void> {
  const names = await readdir(directory)
  const left = names.filter((name) => name.startsWith(`${STORE_FILE}.`) && name.endsWith('.tmp'))
  await Promise.all(left.map((name) => unlink(join(directory, name))))
}

async function usable<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof GatewayError) throw error
    const detail = `The store in ${directory} cannot be used: ${diskFailure(error)}. Nothing was changed.`
    throw new GatewayError('store_unavailable', detail, { cause: error })
  }
}
