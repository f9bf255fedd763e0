/** Everyone who wants to hear of something. */
export interface Listeners<Told extends readonly unknown[]> {
  /** The result ends it. */
  add(listener: (...told: Told) => void): () => void
  tell(...told: Told): void
  clear(): void
}

export function newListeners<Told extends readonly unknown[]>(): Listeners<Told> {
  const all = new Set<(...told: Told) => void>()
  return {
    add(listener) {
      all.add(listener)
      return () => void all.delete(listener)
    },
    tell(...told) {
      for (const listener of all) listener(...told)
    },
    clear: () => all.clear(),
  }
}
