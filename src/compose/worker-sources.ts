import { ownerGone } from '../cluster/link.ts'
import { type ConnectionConfig, isMcpConnection } from '../config/connection-schema.ts'
import type { Config } from '../config/schema.ts'
import type { ConnectionStatus } from '../kernel/connection.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { Source } from '../kernel/source.ts'
import { methodOf } from '../provider-kit/method-of.ts'
import type { ConnectionSpec } from '../sources/connection-spec.ts'
import type { Connected } from '../sources/connector.ts'
import { type ConnectionDeps, toConnectionSpecs } from './connections.ts'
import type { Shelf } from './shelf.ts'
import { partOf } from './worker-config.ts'

/** After a connection could not be made or was lost, a worker leaves it to the owner for so long, milliseconds. */
const AGAIN_MS = 1_000
const CONNECT_MS = 30_000

/** The connections that a worker reaches by itself. All others are the owner's to call. */
export interface WorkerSources {
  /** Makes these the connections that may be reached; what is not among them any more ends, and its calls with it. */
  apply(config: Config, statuses: readonly ConnectionStatus[], workers: number): void
  /** Whether the worker is connected now. When it is not, it begins to connect. */
  isReady(slug: string): boolean
  /** One for every connection that may be reached. */
  all(): ReadonlyMap<string, Source>
  close(): Promise<void>
}

interface Reached {
  readonly spec: ConnectionSpec
  readonly source: Source
  readonly ended: AbortController
  live: Connected | undefined
  isConnecting: boolean
  notBefore: number
}

export function workerSources(deps: ConnectionDeps): WorkerSources {
  let reached: ReadonlyMap<string, Reached> = new Map()
  return {
    apply(config, statuses, workers) {
      const active = new Set(statuses.filter(({ state }) => state === 'active').map(({ connection }) => connection))
      const wanted = toConnectionSpecs(config, deps).filter(({ slug, enabled }) => {
        const connection = config.connections[slug]
        return (
          enabled &&
          active.has(slug) &&
          connection !== undefined &&
          isReachable(connection, deps.shelf) &&
          hasPart(config, connection, workers)
        )
      })
      const before = reached
      reached = new Map(wanted.map((spec) => [spec.slug, kept(before.get(spec.slug), spec)]))
      for (const [slug, old] of before) if (reached.get(slug) !== old) void end(old)
    },
    isReady(slug) {
      const one = reached.get(slug)
      if (!one || one.live) return one !== undefined
      if (!one.isConnecting && deps.clock() >= one.notBefore) void connect(one, deps)
      return false
    },
    all: () => new Map([...reached].map(([slug, { source }]) => [slug, source])),
    async close() {
      const all = [...reached.values()]
      reached = new Map()
      // A worker lets go of everything when it has no owner any more.
      await Promise.all(all.map((one) => end(one, ownerGone())))
    },
  }
}

/**
 * Reached over HTTP with what stands in the configuration. Children belong to one process; stored credentials are leased
 * and refreshed by one; lines of single persons are kept by one.
 */
function isReachable(connection: ConnectionConfig, shelf: Shelf): boolean {
  if (connection.credential === 'per_user') return false
  const { method = 'none', fields = {} } = connection.auth ?? {}
  const hasFields = Object.keys(fields).length > 0
  if (isMcpConnection(connection)) {
    const { mcp } = connection
    return 'url' in mcp && mcp.transport !== 'sse' && (method === 'none' || (method !== 'oauth' && hasFields))
  }
  const provider = shelf.get(connection.provider)
  const declared = provider && methodOf(provider, method)
  return declared !== undefined && !declared.oauth && (declared.kind === 'none' || hasFields)
}

const hasPart = ({ limits }: Config, { maxConcurrent }: ConnectionConfig, workers: number): boolean =>
  [maxConcurrent ?? limits.perConnection.running, limits.perPrincipal.running].every(
    (most) => partOf(most, { of: 'worker', workers }) > 0,
  )

const kept = (old: Reached | undefined, spec: ConnectionSpec): Reached =>
  old && old.spec.fingerprint === spec.fingerprint ? old : toReached(spec)

function toReached(spec: ConnectionSpec): Reached {
  const one: Reached = {
    spec,
    ended: new AbortController(),
    live: undefined,
    isConnecting: false,
    notBefore: 0,
    source: {
      connection: spec.slug,
      async callTool(name, input, exchange) {
        if (!one.live) throw unusable(spec)
        const { source: inner } = one.live
        return untilEnded(one, inner.callTool(name, input, exchange))
      },
      close: () => end(one),
    },
  }
  return one
}

/** The tools that it lists are looked at by nobody: the owner says what there is. */
async function connect(one: Reached, { clock }: ConnectionDeps): Promise<void> {
  one.isConnecting = true
  const lost = (): void => {
    const { live } = one
    one.live = undefined
    one.notBefore = clock() + AGAIN_MS
    live?.close().catch(() => undefined)
  }
  const nothing = (): void => undefined
  try {
    const events = { onTools: nothing, onFeatures: nothing, onResourceUpdated: nothing, onLost: lost }
    const signal = AbortSignal.any([one.ended.signal, AbortSignal.timeout(CONNECT_MS)])
    const live = await one.spec.connector().connect(events, signal)
    if (one.ended.signal.aborted) await live.close()
    else one.live = live
  } catch {
    lost() // the owner is connected, or says why not: calls are its until this succeeds
  } finally {
    one.isConnecting = false
  }
}

/** Nobody waits for a connection that was taken away. */
function untilEnded<T>({ ended: { signal } }: Reached, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(toGatewayError(signal.reason))
    signal.addEventListener('abort', end, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', end))
  })
}

async function end(one: Reached, why: GatewayError = unusable(one.spec)): Promise<void> {
  one.ended.abort(why)
  const { live } = one
  one.live = undefined
  await live?.close().catch(() => undefined)
}

const unusable = ({ slug }: ConnectionSpec): GatewayError =>
  new GatewayError(
    'connection_unusable',
    `The connection "${slug}" was changed or ended while it was used. Try again, or ask an admin to look at it.`,
  )
