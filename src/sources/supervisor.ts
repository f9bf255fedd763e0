import type { ConnectionStatus } from '../kernel/connection.ts'
import type { GatewayError } from '../kernel/errors.ts'
import type { Source } from '../kernel/source.ts'
import type { ConnectionSpec, ConnectionTools } from './connection-spec.ts'
import type { Definitions } from './definitions.ts'
import { newListeners } from './listeners.ts'
import { settledWithin, type Schedule } from './schedule.ts'
import { startGate } from './start-gate.ts'
import type { Inheritance, SupervisedDeps } from './life.ts'
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
  /** True when every connection is up, has failed, or need not run. */
  isSettled(): boolean
  /** Makes a connection anew at once, with the same spec: its credential changed. Others do not notice. */
  restart(connection: string): void
  /** What a connection's credentials say: with `data.reauth` they were refused, else a refresh failed for now. */
  report(connection: string, error: GatewayError): void
  /** What a connection needs from outside is there, or is not. */
  inbound(connection: string, state: 'missing' | 'verified'): void
  /** Ends a connection until `restart`: running calls end at once, its tools go. Resolves when that is kept. */
  revoke(connection: string): Promise<void>
  /** Ends everything, within five seconds. */
  close(): Promise<void>
}

const STARTS_AT_ONCE = 8
const CLOSE_MS = 5_000

/** Ends connections and starts their successors. */
interface Succession {
  retire(slug: string, old: Supervised): Promise<void>
  succeed(spec: ConnectionSpec, before?: Supervised, from?: Inheritance): Supervised
  /** What is ending right now. */
  ending(): Iterable<Promise<void>>
}

/** A successor waits for its predecessor: two processes of one server would fight over its files and ports. */
function succession(deps: SupervisedDeps): Succession {
  const closing = new Map<string, Promise<void>>()
  const retire = (slug: string, old: Supervised): Promise<void> => {
    const ended = old.close().finally(() => {
      if (closing.get(slug) === ended) closing.delete(slug)
    })
    closing.set(slug, ended)
    return ended
  }
  return {
    retire,
    succeed(spec, before, from) {
      if (before) void retire(spec.slug, before)
      const fresh = supervised(spec, deps, from)
      void (closing.get(spec.slug) ?? Promise.resolve()).then(() => fresh.start())
      return fresh
    },
    ending: () => closing.values(),
  }
}

export function supervise(deps: SupervisorDeps): Supervisor {
  const gate = startGate(STARTS_AT_ONCE, deps.schedule)
  const changes = newListeners<[]>()
  const updates = newListeners<[connection: string, uri: string]>()
  const { retire, succeed, ending } = succession({
    ...deps,
    gate,
    onChange: changes.tell,
    onResourceUpdated: updates.tell,
  })
  let running: ReadonlyMap<string, Supervised> = new Map()
  let isClosed = false

  const enlist = (spec: ConnectionSpec): Supervised => {
    const kept = running.get(spec.slug)
    return kept && isSame(kept.spec, spec) ? kept : succeed(spec, kept)
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
    isSettled: () => [...running.values()].every((connection) => connection.isSettled()),
    restart(slug) {
      const before = running.get(slug)
      if (!before || isClosed) return
      running = new Map(running).set(slug, succeed(before.spec, before, before.inheritance()))
      changes.tell()
    },
    report: (slug, error) => running.get(slug)?.report(error),
    inbound: (slug, state) => running.get(slug)?.inbound(state),
    async revoke(slug) {
      await running.get(slug)?.revoke()
    },
    onChange: changes.add,
    onResourceUpdated: updates.add,
    async close() {
      isClosed = true
      changes.clear()
      updates.clear()
      const ends = [...[...running].map(([slug, connection]) => retire(slug, connection)), ...ending()]
      await settledWithin(Promise.allSettled(ends), CLOSE_MS, deps.schedule)
    },
  }
}

const isSame = (a: ConnectionSpec, b: ConnectionSpec): boolean =>
  a.fingerprint === b.fingerprint && a.enabled === b.enabled && a.provider === b.provider && a.owner === b.owner

const bySlug = (a: ConnectionSpec, b: ConnectionSpec): number => (a.slug < b.slug ? -1 : 1)
