import { setTimeout as wait } from 'node:timers/promises'
import type { Caller, Outcome, Question } from './caller.ts'

/** What is asked, one after the other. */
export interface Plan {
  next(): { readonly caller: Caller; readonly question: Question }
}

/** One request in so many lists all tools; one in so many of the others makes a call that is on the disk before it is sent. */
const LIST_EVERY = 50
const WRITE_EVERY = 10

/** Callers and connections in turns; their numbers have nothing in common with each other in the long run. */
export function plan(callers: readonly Caller[], connections: readonly string[]): Plan {
  let count = 0
  return {
    next() {
      const n = count++
      const caller = callers[(n + Math.floor(n / connections.length)) % callers.length]
      const connection = n % LIST_EVERY === LIST_EVERY - 1 ? undefined : connections[n % connections.length]
      if (!caller) throw new Error('There are no callers.')
      const tool = Math.floor(n / connections.length) % WRITE_EVERY === 0 ? 'note' : 'echo'
      return { caller, question: { connection, tool, text: `question ${n} of the soak` } }
    },
  }
}

/** Calls a second that `concurrency` callers get through who ask as soon as they are answered. */
export async function fullLoad(asked: Plan, concurrency: number, seconds: number): Promise<number> {
  const startedAt = performance.now()
  let calls = 0
  const worker = async (): Promise<void> => {
    while (performance.now() - startedAt < seconds * 1_000) {
      const { caller, question } = asked.next()
      const { kind, detail = '' } = await caller.ask(question)
      if (kind !== 'ok') throw new Error(`A call failed before anything flapped: ${kind} ${detail}`)
      calls += 1
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return calls / ((performance.now() - startedAt) / 1_000)
}

/** Told once for each answer. `ms` counts from when the question was due, so that nobody's lateness is hidden. */
export type Heard = (question: Question, outcome: Outcome, ms: number) => void

export interface Pace {
  /** Questions a second, however long answers take. */
  readonly rate: number
  readonly signal: AbortSignal
  readonly late: (ms: number) => void
}

const TICK_MS = 5
/** Questions without an answer at which the gateway, or this program, has lost: no more are asked. */
const MOST_UNDER_WAY = 20_000

/**
 * Asks at an even pace until the signal; resolves when all is answered, with the questions that were never asked. Tells each
 * time how late it was itself, milliseconds: then the machine had too much to do.
 */
export async function paced(asked: Plan, { rate, signal, late }: Pace, heard: Heard): Promise<number> {
  const underWay = new Set<Promise<void>>()
  const startedAt = performance.now()
  let count = 0
  let skipped = 0
  const ask = async (dueAt: number): Promise<void> => {
    const { caller, question } = asked.next()
    const outcome = await caller.ask(question)
    heard(question, outcome, performance.now() - dueAt)
  }
  while (!signal.aborted) {
    const due = ((performance.now() - startedAt) / 1_000) * rate
    for (; count < due; count++) {
      if (underWay.size >= MOST_UNDER_WAY) skipped += 1
      else {
        const asking: Promise<void> = ask(startedAt + (count / rate) * 1_000).finally(() => underWay.delete(asking))
        underWay.add(asking)
      }
    }
    const from = performance.now()
    await wait(TICK_MS)
    late(performance.now() - from - TICK_MS)
  }
  await Promise.all(underWay)
  return skipped
}
