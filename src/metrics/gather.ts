import { AggregatorRegistry, Gauge, type Registry } from 'prom-client'
import { isJsonObject } from '../kernel/json.ts'

/** What one process has measured, for another to add to its own; JSON. */
export type Figures = readonly Figure[]

interface Figure {
  readonly name: string
  /** `counter`, `gauge` or `histogram`. */
  readonly type: unknown
}

/** A process that measures a part of what this gateway does. */
export interface Member {
  /** Asks it for its `Figures`. */
  read(): Promise<unknown>
  /** Aborts when it has ended; another one starts from zero. */
  readonly ended: AbortSignal
}

export interface Others {
  /** How many there should be. */
  readonly expected: number
  members(): readonly Member[]
  /** Runs work once after so many milliseconds; calling the result takes it back. */
  readonly schedule: (work: () => void, delayMs: number) => () => void
}

/** A process that is slower is left out of this scrape, milliseconds. */
const ANSWER_MS = 500

interface Known {
  readonly member: Member
  /** What it said last. */
  last: Figures
  asking: Promise<boolean> | undefined
}

/**
 * The figures of all processes as one exposition. Of a process that does not answer in time, or has ended, the counters and
 * histograms that it told last still count: a sum that falls would look like a restart of everything. `gw_workers` says how
 * many are missing.
 */
export function gatherer(own: Registry, others: Others): () => Promise<string> {
  const known = new Map<Member['ended'], Known>()
  let ended = Promise.resolve<Figures>([])
  const workers = new Gauge({
    name: 'gw_workers',
    help: 'Workers whose figures are in this answer, and those that are missing.',
    labelNames: ['state'],
    registers: [own],
  })
  const knownOf = (member: Member): Known => {
    const before = known.get(member.ended)
    if (before) return before
    const made: Known = { member, last: [], asking: undefined }
    known.set(member.ended, made)
    member.ended.addEventListener('abort', () => {
      known.delete(member.ended)
      ended = ended.then((before) => together([before, lastingOf(made.last)]).getMetricsAsJSON())
    })
    return made
  }
  return async () => {
    const asked = others.members().map(knownOf)
    const answered = new Set(await Promise.all(asked.map((one) => told(one, others))))
    // From here to the sum nothing can end: who has ended is among `ended`, and nobody counts twice.
    const gone = ended
    const parts = [...known.values()].map((one) => (answered.has(one) ? one.last : lastingOf(one.last)))
    const fresh = [...known.values()].filter((one) => answered.has(one)).length
    workers.set({ state: 'told' }, fresh)
    workers.set({ state: 'missing' }, Math.max(0, others.expected - fresh))
    return together([await own.getMetricsAsJSON(), ...parts, await gone]).metrics()
  }
}

/** Sums, but for what says of itself that it is added up in another way. */
const together = (all: readonly Figures[]): Registry => AggregatorRegistry.aggregate(all.map((figures) => [...figures]))

/** The same process when it has answered in time. One that has not answered yet is not asked again. */
function told(known: Known, { schedule }: Others): Promise<Known | undefined> {
  const asking = (known.asking ??= ask(known))
  return new Promise((resolve) => {
    const giveUp = schedule(() => resolve(undefined), ANSWER_MS)
    void asking.then((answered) => {
      giveUp()
      resolve(answered ? known : undefined)
    })
  })
}

async function ask(known: Known): Promise<boolean> {
  try {
    const figures = await known.member.read()
    if (!isFigures(figures)) return false
    known.last = figures
    return true
  } catch {
    // It has ended, or has more work than it can follow: it counts as missing.
    return false
  } finally {
    known.asking = undefined
  }
}

const isFigures = (value: unknown): value is Figures =>
  Array.isArray(value) && value.every((one) => isJsonObject(one) && typeof one['name'] === 'string')

/** What only grows. How things are now is nothing that an ended process can say. */
const lastingOf = (figures: Figures): Figures =>
  figures.filter(({ type }) => type === 'counter' || type === 'histogram')
