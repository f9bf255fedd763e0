export interface CommitQueueOptions<Item, Done> {
  /** Makes a batch durable and says how each item fared, in order. When it throws, every item fails with that error. */
  readonly commit: (items: readonly Item[]) => Promise<readonly PromiseSettledResult<Done>[]>
  /** What an item weighs against the two limits; 1 when absent. */
  readonly weigh?: (item: Item) => number
  /** The most that one commit takes; a single heavier item is taken alone. */
  readonly maxBatch: number
  /** The most that may wait; more is refused at once with the error of `full`. */
  readonly maxWaiting: number
  readonly full: () => Error
  /** How long items that can wait are collected while nothing else is to be written, milliseconds; not at all without it. */
  readonly lingerMs?: number
}

export interface CommitQueue<Item, Done> {
  /** `canWait`: nobody waits for this item, so that it may go with what comes soon after it. */
  add(item: Item, options?: { readonly canWait?: boolean }): Promise<Done>
  /** Writes at once and resolves when nothing waits any more. */
  drained(): Promise<void>
}

interface Entry<Item, Done> {
  readonly item: Item
  readonly weight: number
  readonly resolve: (value: Done) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Group commit: whatever is added while one batch is being written goes into the next, in order. So N concurrent
 * writers cost few writes, nobody waits longer than for two of them, and one commit runs at a time.
 */
export function commitQueue<Item, Done>(options: CommitQueueOptions<Item, Done>): CommitQueue<Item, Done> {
  const waiting: Entry<Item, Done>[] = []
  let weight = 0
  let running: Promise<void> | undefined
  const pause = pauser(options.lingerMs ?? 0)

  const run = async (): Promise<void> => {
    // One turn of the microtask queue, so that everything written together is committed together.
    await Promise.resolve()
    while (waiting.length > 0) {
      await pause.untilUrgent()
      const batch = waiting.splice(0, batchLength(waiting, options.maxBatch))
      for (const entry of batch) weight -= entry.weight
      await settle(batch, options.commit)
    }
    running = undefined
  }

  return {
    add: (item, { canWait = false } = {}) =>
      new Promise((resolve, reject) => {
        const entry = { item, weight: options.weigh?.(item) ?? 1, resolve, reject }
        if (weight + entry.weight > options.maxWaiting) throw options.full()
        waiting.push(entry)
        weight += entry.weight
        if (!canWait) pause.end()
        running ??= run()
      }),
    async drained() {
      pause.end()
      await running
    },
  }
}

interface Pause {
  /** Resolves after the pause, or as soon as something urgent comes; at once when that has come since the last time. */
  untilUrgent(): Promise<void> | undefined
  end(): void
}

function pauser(lingerMs: number): Pause {
  let isUrgent = false
  let wake: (() => void) | undefined
  return {
    untilUrgent() {
      const now = isUrgent || lingerMs === 0
      isUrgent = false
      if (now) return undefined
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, lingerMs)
        wake = () => {
          clearTimeout(timer)
          isUrgent = false
          resolve()
        }
      })
    },
    end() {
      isUrgent = true
      wake?.()
      wake = undefined
    },
  }
}

function batchLength<Item, Done>(waiting: readonly Entry<Item, Done>[], maxBatch: number): number {
  let weight = 0
  const end = waiting.findIndex((entry, index) => (weight += entry.weight) > maxBatch && index > 0)
  return end === -1 ? waiting.length : end
}

async function settle<Item, Done>(
  batch: readonly Entry<Item, Done>[],
  commit: CommitQueueOptions<Item, Done>['commit'],
): Promise<void> {
  try {
    const outcomes = await commit(batch.map((entry) => entry.item))
    for (const [index, entry] of batch.entries()) settleOne(entry, outcomes[index])
  } catch (error) {
    for (const entry of batch) entry.reject(error)
  }
}

function settleOne<Item, Done>(entry: Entry<Item, Done>, outcome: PromiseSettledResult<Done> | undefined): void {
  if (outcome?.status === 'fulfilled') entry.resolve(outcome.value)
  else entry.reject(outcome?.reason ?? new Error('A commit forgot one of its items.'))
}
