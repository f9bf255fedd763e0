/**
 * Something that ends once, and those who are told. The calls of a busy gateway make and forget thousands of these a second:
 * an `AbortSignal` costs ten times as much, and is made for those only who have to have one.
 */
export interface Ending {
  isOver(): boolean
  /** Why it is over. */
  reason(): unknown
  /** Calls the listener when it ends; never, when it has ended already. */
  whenOver(listener: (reason: unknown) => void): void
  /** The same as a signal; made with the first call. */
  signal(): AbortSignal
}

export interface Ender extends Ending {
  /** Only the first one counts. */
  end(reason: unknown): void
}

export function ending(): Ender {
  let isOver = false
  let reason: unknown
  let listener: ((reason: unknown) => void) | undefined
  let controller: AbortController | undefined
  return {
    isOver: () => isOver,
    reason: () => reason,
    whenOver(next) {
      const before = listener
      listener = before
        ? (why) => {
            before(why)
            next(why)
          }
        : next
    },
    signal() {
      if (!controller) {
        controller = new AbortController()
        if (isOver) controller.abort(reason)
      }
      return controller.signal
    },
    end(why) {
      if (isOver) return
      isOver = true
      reason = why
      controller?.abort(why)
      listener?.(why)
    },
  }
}
