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
}

export interface CommitQueue<Item, Done> {
  add(item: Item): Promise<Done>
  /** Resolves when nothing waits any more. */
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

  const run = async (): Promise<void> => {
    // One turn of the microtask queue, so that everything written together is committed together.
    await Promise.resolve()
    while (waiting.length > 0) {
      const batch = waiting.splice(0, batchLength(waiting, options.maxBatch))
      for (const entry of batch) weight -= entry.weight
      await settle(batch, options.commit)
    }
    running = undefined
  }

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        const entry = { item, weight: options.weigh?.(item) ?? 1, resolve, reject }
        if (weight + entry.weight > options.maxWaiting) throw options.full()
        waiting.push(entry)
        weight += entry.weight
        running ??= run()
      }),
    drained: async () => running,
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
