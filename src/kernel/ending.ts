/**
 * Something that ends once, and those who are told. The calls of a busy gateway make and forget thousands of these a second:
 * an `AbortSignal` costs ten times as much, and is made for those only who have to have one.
 */
export interface Ending {
  isOver(): boolean
  /** Why it is over. */
  reason(): unknown
  /** Calls the listener when it ends; never, when it has ended already. Calling the result lets go of it. */
  whenOver(listener: Listener): () => void
  /** The same as a signal; made with the first call. */
  signal(): AbortSignal
}

type Listener = (reason: unknown) => void

const NOBODY: readonly Listener[] = []

export interface Ender extends Ending {
  /** Only the first one counts. */
  end(reason: unknown): void
}

/** Over with the signal, at once when that has aborted already. */
export function endingWith(signal: AbortSignal): Ender {
  const made = ending()
  const end = (): void => made.end(signal.reason)
  if (signal.aborted) end()
  else signal.addEventListener('abort', end, { once: true })
  return made
}

export function ending(): Ender {
  let isOver = false
  let reason: unknown
  let listeners: readonly Listener[] = NOBODY
  let controller: AbortController | undefined
  return {
    isOver: () => isOver,
    reason: () => reason,
    whenOver(listener) {
      listeners = listeners.length === 0 ? [listener] : [...listeners, listener]
      return () => {
        const isOnly = listeners.length === 1 && listeners[0] === listener
        listeners = isOnly ? NOBODY : listeners.filter((one) => one !== listener)
      }
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
      for (const listener of listeners) listener(why)
      listeners = NOBODY
    },
  }
}
