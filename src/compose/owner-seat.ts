import { rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Load } from '../admin/admin.ts'
import { type Handlers, link, type Link } from '../cluster/link.ts'
import { servePorts } from '../cluster/ports.ts'
import { serveDriver } from '../cluster/serve-driver.ts'
import type { WorkerStatus } from '../admin/status.ts'
import type { OwnerOptions } from '../cli/house.ts'
import type { Config } from '../config/schema.ts'
import type { Log } from '../gateway/gateway.ts'
import type { Clock } from '../kernel/clock.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { Secret } from '../kernel/secret.ts'
import type { Elsewhere, McpHttp } from '../mcp/streamable-http.ts'
import type { Others } from '../metrics/gather.ts'
import type { Closing } from './closing.ts'
import type { Engine } from './engine.ts'
import { type Ground, toWire, type Welcome } from './ground.ts'
import type { DoorSeat } from './door.ts'
import { sharedConfig } from './worker-config.ts'
import type { World } from './world.ts'

export interface OwnerSeatParts extends OwnerOptions {
  readonly clock: Clock
  readonly log: Log
}

export interface OwnerHosting {
  readonly world: Pick<World, 'driver' | 'audit' | 'vault'>
  readonly engine: Pick<Engine, 'snapshots' | 'supervisor' | 'gateway' | 'pins' | 'overrides' | 'policy'>
  config(): Ground['config']
  readonly attachToken: Secret
  readonly mcp: Pick<McpHttp, 'session' | 'logTo'>
  readonly closing: Closing
}

/** The owner's side of all workers. */
export interface OwnerSeat {
  /** What mcp tells of sessions whose requests workers answer. */
  readonly elsewhere: Elsewhere
  /** Ends what workers do for an agent: its key was revoked, or it may not call any more. */
  endAgent(agent: string): void
  workers(): readonly WorkerStatus[]
  /** Workers as those who measure a part of what the gateway does. */
  readonly measuring: Pick<Others, 'expected' | 'members'>
  /** What workers run now, for the counts of the whole gateway. */
  running(): number
  /** Lets workers in once the application is served. */
  door(hosting: OwnerHosting): DoorSeat
}

interface Worker {
  readonly id: number
  readonly pid: number
  readonly since: number
  readonly wire: Link
  status: Pick<WorkerStatus, 'calls' | 'running' | 'cpuMs'>
}

export function ownerSeat({ directory, workers: count, listen, clock, log }: OwnerSeatParts): OwnerSeat {
  const workers = new Map<number, Worker>()
  let heard: () => void = () => undefined
  const listening = new Promise<void>((resolve) => (heard = resolve))
  const tellAll = (method: string, params: Json): void => {
    for (const { wire } of workers.values()) wire.tell(method, params)
  }
  const enter = (wire: Link, { worker, pid }: JsonObject): void => {
    const id = Number(worker)
    workers.set(id, { id, pid: Number(pid), since: clock(), wire, status: { calls: 0, running: 0, cpuMs: 0 } })
    wire.closed.addEventListener('abort', () => {
      if (workers.get(id)?.wire === wire) workers.delete(id)
      log.info({ worker: id }, 'a worker has left')
    })
  }
  const open = async (hosting: OwnerHosting, place: Pick<Welcome, 'host' | 'port'>): Promise<void> => {
    const { world, engine, closing, attachToken } = hosting
    const push = pusher(hosting, tellAll)
    const sealKey = new Secret(world.vault.derive('request-state').toString('base64'))
    const welcome: Welcome = { ...place, attachToken, sealKey, workers: count }
    const join_ = (wire: Link, params: Json): Json => {
      if (!isJsonObject(params)) return null
      enter(wire, params)
      return { welcome: toWire(welcome), ground: push.whole() }
    }
    const take = (socket: Socket): void =>
      void link(socket, (wire) => handlersOf(hosting, wire, { join: join_, heard, workers }))
    await serve(join(directory, 'link.sock'), take, closing)
    closing.add(engine.supervisor.onChange(push.soon))
    closing.add(engine.snapshots.onChange(push.soon))
    await listening
  }
  return {
    elsewhere: {
      cancelled: (session, request) => tellAll('session.cancel', { session, request }),
      ended: (session) => tellAll('session.cancel', { session }),
    },
    endAgent: (agent) => tellAll('agent.end', agent),
    workers: () =>
      [...workers.values()]
        .map(({ id, pid, since, status }) => ({ id, pid, since, ...status }))
        .toSorted((a, b) => a.id - b.id),
    measuring: {
      expected: count,
      members: () =>
        [...workers.values()].map(({ wire }) => ({ ended: wire.closed, read: () => wire.ask('metrics.read', null) })),
    },
    running: () => [...workers.values()].reduce((sum, { status }) => sum + status.running, 0),
    door: (hosting) => ({
      socket: join(directory, 'http.sock'),
      async port(host, port) {
        // What the owner before us has left would be in the way.
        await rm(join(directory, 'http.sock'), { force: true })
        return listen(host, port)
      },
      open: (place) => open(hosting, place),
    }),
  }
}

/** What a worker may ask and tell. */
function handlersOf(
  hosting: OwnerHosting,
  wire: Link,
  {
    join: enter,
    heard,
    workers,
  }: {
    readonly join: (wire: Link, params: Json) => Json
    readonly heard: () => void
    readonly workers: ReadonlyMap<number, Worker>
  },
): Handlers {
  const { world, engine, mcp } = hosting
  const store = serveDriver(world.driver, wire)
  const ports = servePorts({ limits: engine.gateway.limits, audit: world.audit })
  return {
    asked: {
      ...store.asked,
      ...ports.asked,
      'worker.join': (params) => enter(wire, params),
      'session.facts': (id) => mcp.session(textOf(id)),
    },
    told: {
      ...store.told,
      'worker.listening': heard,
      'worker.status': (params) => noteStatus(workers, params),
      'session.log': (params) => logTo(hosting, params),
      'call.succeeded': (params) => succeeded(hosting, params),
    },
  }
}

const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

async function serve(path: string, take: (socket: Socket) => void, closing: Closing): Promise<void> {
  await rm(path, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    take(socket)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
  closing.add(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
}

/** Tells workers what they build their snapshots from, a part when it is another than before. */
function pusher({ engine, config }: OwnerHosting, tellAll: (method: string, params: Json) => void) {
  let told: Partial<Record<string, unknown>> = {}
  let isWaiting = false
  const now = () => ({
    config: config(),
    managed: engine.policy.active(),
    pins: engine.pins.fingerprints(),
    overrides: engine.overrides.all(),
    tools: engine.supervisor.tools(),
    statuses: engine.supervisor.statuses(),
  })
  const tell = async (): Promise<void> => {
    // What is told has been taken over here, and is pinned.
    await engine.snapshots.rebuild()
    isWaiting = false
    const next: Readonly<Record<string, unknown>> = now()
    const changed = Object.entries(next).filter(([name, value]) => !isSame(told[name], value))
    told = next
    if (changed.length > 0) tellAll('ground', partsOf(changed))
  }
  return {
    whole: () => partsOf(Object.entries(now())),
    soon(): void {
      if (isWaiting) return
      isWaiting = true
      void tell()
    },
  }
}

/** Tools come from elsewhere and are JSON: they travel as they are, so that no tool can look like one of our marks. */
const partsOf = (parts: readonly (readonly [string, unknown])[]): Json =>
  Object.fromEntries(
    parts.map(([name, value]) => [name, name === 'tools' && value instanceof Map ? plainPairs(value) : toWire(value)]),
  )

const plainPairs = (map: ReadonlyMap<unknown, unknown>): Json => [...map.values()] as unknown as Json

function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Map && b instanceof Map)
    return a.size === b.size && [...b].every(([key, value]) => a.has(key) && a.get(key) === value)
  return a === b
}

function noteStatus(workers: ReadonlyMap<number, Worker>, params: Json): void {
  if (!isJsonObject(params)) return
  const worker = workers.get(Number(params['worker']))
  if (!worker) return
  worker.status = {
    calls: Number(params['calls']),
    running: Number(params['running']),
    cpuMs: Number(params['cpuMs']),
  }
}

function logTo({ mcp }: OwnerHosting, params: Json): void {
  if (isJsonObject(params) && isJsonObject(params['message'])) mcp.logTo(textOf(params['session']), params['message'])
}

function succeeded({ engine }: OwnerHosting, params: Json): void {
  if (!isJsonObject(params)) return
  const tool = engine.snapshots.current().catalog.find(textOf(params['tool']))
  if (tool) engine.gateway.learner?.succeeded(textOf(params['principal']), tool.id)
}

/** The owner's part of what may go on at once; all of it where there are no workers. */
export const ownShare = (owner: OwnerOptions | undefined, current: () => Config): (() => Config) =>
  owner ? sharedConfig(current, { of: 'owner', workers: owner.workers }) : current

/** The counts of the whole gateway. */
export const withWorkers =
  (load: () => Load, seat: Pick<OwnerSeat, 'running'>): (() => Load) =>
  () => {
    const counts = load()
    return { ...counts, running: counts.running + seat.running() }
  }
