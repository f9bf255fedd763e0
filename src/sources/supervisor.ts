import type { ConnectionStatus } from '../kernel/connection.ts'
import type { Source } from '../kernel/source.ts'
import type { ConnectionSpec, ConnectionTools } from './connection-spec.ts'
import type { Definitions } from './definitions.ts'
import { newListeners } from './listeners.ts'
import { settledWithin, type Schedule } from './schedule.ts'
import { startGate } from './start-gate.ts'
import type { SupervisedDeps } from './life.ts'
import { supervised, type Supervised } from './supervised.ts'

export interface SupervisorDeps extends Omit<SupervisedDeps, 'gate' | 'onChange' | 'onResourceUpdated'> {
  readonly definitions: Definitions
  readonly schedule: Schedule
}

/** Keeps every connection of the config running, each for itself: the trouble of one never delays another. */
export interface Supervisor {
  /** Makes `specs` the connections: adds, removes and replaces those that differ; the others do not notice. */
  apply(specs: readonly ConnectionSpec[]): void
  /** One for every spec, disabled ones too, ordered by slug. */
  statuses(): readonly ConnectionStatus[]
  /** The source of every enabled connection. While a connection is down its source answers `connection_unusable`. */
  sources(): ReadonlyMap<string, Source>
  /** The last known tools of every enabled connection, also while it is down; none of one whose credential was refused. */
  tools(): ReadonlyMap<string, ConnectionTools>
  /** Calls `listener` after tools or the state of a connection changed; the result ends that. */
  onChange(listener: () => void): () => void
  /** Calls `listener` when a resource that somebody subscribed to may have changed; the result ends that. */
  onResourceUpdated(listener: (connection: string, uri: string) => void): () => void
  /** Ends everything, within five seconds. */
  close(): Promise<void>
}

const STARTS_AT_ONCE = 8
const CLOSE_MS = 5_000

export function supervise(deps: SupervisorDeps): Supervisor {
  const gate = startGate(STARTS_AT_ONCE, deps.schedule)
  const changes = newListeners<[]>()
  const updates = newListeners<[connection: string, uri: string]>()
  const closing = new Map<string, Promise<void>>()
  let running: ReadonlyMap<string, Supervised> = new Map()
  let isClosed = false

  /** A successor waits for its predecessor: two processes of one server would fight over its files and ports. */
  const retire = (slug: string, old: Supervised): Promise<void> => {
    const ended = old.close().finally(() => {
      if (closing.get(slug) === ended) closing.delete(slug)
    })
    closing.set(slug, ended)
    return ended
  }
  const enlist = (spec: ConnectionSpec): Supervised => {
    const kept = running.get(spec.slug)
    if (kept && isSame(kept.spec, spec)) return kept
    if (kept) void retire(spec.slug, kept)
    const fresh = supervised(spec, { ...deps, gate, onChange: changes.tell, onResourceUpdated: updates.tell })
    void (closing.get(spec.slug) ?? Promise.resolve()).then(() => fresh.start())
    return fresh
  }
  const enabled = (): readonly Supervised[] => [...running.values()].filter(({ spec }) => spec.enabled)

  return {
    apply(specs) {
      if (isClosed) return
      const next = new Map(specs.toSorted(bySlug).map((spec) => [spec.slug, enlist(spec)]))
      for (const [slug, old] of running) if (!next.has(slug)) void retire(slug, old)
      running = next
      changes.tell()
    },
    statuses: () => [...running.values()].map((connection) => connection.status()),
    sources: () => new Map(enabled().map((connection) => [connection.spec.slug, connection.source])),
    tools: () =>
      new Map(
        enabled().flatMap((connection) => {
          const tools = connection.tools()
          return tools ? [[connection.spec.slug, tools]] : []
        }),
      ),
    onChange: changes.add,
    onResourceUpdated: updates.add,
    async close() {
      isClosed = true
      changes.clear()
      updates.clear()
      const ends = [...[...running].map(([slug, connection]) => retire(slug, connection)), ...closing.values()]
      await settledWithin(Promise.allSettled(ends), CLOSE_MS, deps.schedule)
    },
  }
}

const isSame = (a: ConnectionSpec, b: ConnectionSpec): boolean =>
  a.fingerprint === b.fingerprint && a.enabled === b.enabled && a.provider === b.provider

const bySlug = (a: ConnectionSpec, b: ConnectionSpec): number => (a.slug < b.slug ? -1 : 1)
