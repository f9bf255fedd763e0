import { GatewayError } from '../kernel/errors.ts'
import { changeFeed } from './change-feed.ts'
import { commitQueue } from './commit-queue.ts'
import type { Driver } from './driver.ts'
import { keyLocks } from './key-locks.ts'
import { deleteOf, draftOf, putOf, type Tables, toRow, type Write, type Written } from './tables.ts'

/** Writes that may wait for the disk. More than this means that it hangs. */
const MAX_WAITING = 10_000

export interface TableDriverOptions {
  readonly tables: Tables
  /** Makes the tables durable. When it throws, they are as if never written. */
  readonly save: (tables: Tables) => Promise<void>
  /** Runs once, after the last save. */
  readonly closed: () => Promise<void>
}

/**
 * The rules of a Driver over tables in memory: versions, group commit, watch and locks. Readers see the last tables
 * that `save` made durable, never the ones being written; so a failed save needs no undoing.
 */
export function tableDriver(options: TableDriverOptions): Driver {
  let durable = options.tables
  let closing: Promise<void> | undefined
  const feed = changeFeed()
  const locks = keyLocks()
  const queue = commitQueue<Write, Written>({ commit, maxBatch: MAX_WAITING, maxWaiting: MAX_WAITING, full: tooMany })

  async function commit(writes: readonly Write[]): Promise<readonly PromiseSettledResult<Written>[]> {
    const draft = draftOf(durable)
    const outcomes = writes.map((write) => outcomeOf(() => draft.apply(write)))
    const tables = draft.tables()
    if (!tables) return outcomes
    await options.save(tables)
    durable = tables
    for (const [index, write] of writes.entries()) announce(write, outcomes[index])
    return outcomes
  }

  function announce(write: Write, outcome: PromiseSettledResult<Written> | undefined): void {
    if (outcome?.status !== 'fulfilled' || (!outcome.value.row && !outcome.value.existed)) return
    const { row } = outcome.value
    feed.announce(write.collection, { id: write.id, row: row && toRow(row) })
  }

  const open = (): void => {
    if (closing) throw closedError()
  }

  return {
    async get(collection, id) {
      open()
      const row = durable.get(collection)?.get(id)
      return row && toRow(row)
    },
    async list(collection) {
      open()
      const rows = [...(durable.get(collection)?.values() ?? [])]
      return rows.sort((a, b) => (a.id < b.id ? -1 : 1)).map(toRow)
    },
    async put(collection, id, value, options) {
      open()
      // Not awaited, so that the value is not held any more: its text is what waits.
      return queue.add(putOf(collection, id, value, options)).then(({ row }) => {
        if (row) return toRow(row)
        throw new GatewayError('internal', `The store lost ${collection}/${id} while it was written.`)
      })
    },
    async delete(collection, id, options) {
      open()
      return (await queue.add(deleteOf(collection, id, options))).existed
    },
    watch: (collection, listener) => feed.watch(collection, listener),
    async withLock(key, work, options) {
      open()
      return locks.withLock(key, work, options)
    },
    close() {
      closing ??= queue.drained().then(options.closed)
      locks.close(closedError())
      return closing
    },
  }
}

function outcomeOf<T>(work: () => T): PromiseSettledResult<T> {
  try {
    return { status: 'fulfilled', value: work() }
  } catch (reason) {
    return { status: 'rejected', reason }
  }
}

const closedError = (): GatewayError =>
  new GatewayError('store_unavailable', 'The store is closed: the gateway is stopping.')

const tooMany = (): GatewayError =>
  new GatewayError(
    'store_unavailable',
    `More than ${MAX_WAITING} writes wait for the disk. Check whether it hangs, then try again.`,
  )
