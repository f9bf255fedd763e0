/** What waits, by owner. Owners take turns, whoever has how much. */
export interface FairQueue<Item> {
  readonly size: number
  add(owner: string, item: Item): void
  /** False when it does not wait here any more. */
  remove(owner: string, item: Item): boolean
  /** The first item of the next owner who may have a turn; that owner's next turn comes after everybody else's. */
  take(mayHaveTurn: (owner: string) => boolean): Item | undefined
  /** What has waited longest, whoever owns it. */
  oldest(): Item | undefined
}

/** A queue in which one owner with a thousand items waits as long for a turn as one with a single item. */
export function fairQueue<Item>(): FairQueue<Item> {
  const byOwner = new Map<string, Set<Item>>()
  const all = new Set<Item>()
  const drop = (owner: string, items: Set<Item>, item: Item): void => {
    all.delete(item)
    items.delete(item)
    if (items.size === 0) byOwner.delete(owner)
  }
  return {
    get size() {
      return all.size
    },
    add(owner, item) {
      const items = byOwner.get(owner) ?? new Set()
      byOwner.set(owner, items.add(item))
      all.add(item)
    },
    remove(owner, item) {
      const items = byOwner.get(owner)
      if (!items?.has(item)) return false
      drop(owner, items, item)
      return true
    },
    take(mayHaveTurn) {
      for (const [owner, items] of byOwner) {
        const [first] = items
        if (first === undefined || !mayHaveTurn(owner)) continue
        byOwner.delete(owner)
        byOwner.set(owner, items)
        drop(owner, items, first)
        return first
      }
      return undefined
    },
    oldest() {
      const [first] = all
      return first
    },
  }
}
