import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import type { HttpBindings } from '@hono/node-server'
import { link, type Link, ownerGone } from '../cluster/link.ts'
import { remoteDriver } from '../cluster/remote-driver.ts'
import type { CommandLog, Work, WorkOptions } from '../cli/house.ts'
import { type HttpDeps, httpApp } from '../http/app.ts'
import { type FrontDeps, leanFront } from '../http/lean-front.ts'
import { type First, listen } from '../http/listen.ts'
import { problemOf } from '../http/problem.ts'
import { defaultHosts, defaultOrigins } from '../identity/origin.ts'
import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { onceFor } from '../kernel/once-for.ts'
import { headOf, toResponse } from '../mcp/lean.ts'
import type { McpHttp } from '../mcp/streamable-http.ts'
import type { Driver } from '../store/driver.ts'
import { closing, type Closing } from './closing.ts'
import { forwarder, type Forwarder } from './forward.ts'
import { fromWire, type Ground, type Welcome } from './ground.ts'
import { type WorkerHouse, workerHouse } from './worker-house.ts'
import { numbered } from './worker-log.ts'

const AGAIN_MS = 50
const STATUS_MS = 1_000
/** How long running calls may take to finish when the worker stops, milliseconds. */
const GRACE_MS = 8_000
const clock = Date.now
const newId = (): string => randomUUID()

/** A worker while it has an owner. */
interface Seat {
  readonly house: WorkerHouse
  readonly ground: () => Ground
  readonly welcome: Welcome
  readonly http: { readonly app: ReturnType<typeof httpApp>; readonly first: First }
}

interface Worker {
  readonly options: WorkOptions
  readonly log: CommandLog
  readonly forward: Forwarder
  /** The address of whoever sent a request that the application is handed. */
  readonly peers: WeakMap<Request, string>
  readonly calls: { count: number }
  seat: Seat | undefined
}

/**
 * Takes requests on the gateway's port: answers plain ones, hands the others to the owner. While there is no owner every
 * request is answered with 503, and the worker waits for the next one.
 */
export function work(options: WorkOptions): Work {
  const stop = new AbortController()
  const worker: Worker = {
    options,
    log: numbered(options.log, options.worker),
    forward: forwarder(join(options.directory, 'http.sock')),
    peers: new WeakMap(),
    calls: { count: 0 },
    seat: undefined,
  }
  // Connections come from the process that has the port; the socket is one of its own that nobody knows.
  const listening = listen(
    { fetch: (request, env) => toApp(worker, request, env) },
    {
      host: '127.0.0.1',
      port: 0,
      socket: join(options.directory, `worker-${options.worker}-${process.pid}.sock`),
      first: taker(worker),
    },
  )
  const running = (async () => {
    while (!stop.signal.aborted) {
      const wire = await reach(join(options.directory, 'link.sock'), stop.signal)
      if (!wire) continue
      await listening
      await serveOwner(worker, wire, stop.signal, () => {
        wire.told('worker.listening')
        options.onReady()
      })
    }
  })()
  return {
    ended: running,
    take: (connection) => void listening.then(({ take }) => take(connection)),
    async close() {
      await (
        await listening
      ).close({
        graceMs: GRACE_MS,
        drain: (graceMs) => worker.seat?.house.lean.close(graceMs) ?? done(),
      })
      stop.abort()
      await running
      await worker.forward.close()
    },
  }
}

const done = (): Promise<void> => Promise.resolve()

async function toApp(worker: Worker, request: Request, env: unknown): Promise<Response> {
  const { seat, peers } = worker
  if (!seat) return new Response(JSON.stringify(unavailable()), UNAVAILABLE)
  const { incoming } = env as Partial<HttpBindings>
  const peer = incoming?.socket.remoteAddress
  if (peer !== undefined) peers.set(request, peer)
  return seat.http.app.fetch(request, env)
}

/** Everything but a POST to the MCP endpoint is the owner's, unread. */
const taker =
  (worker: Worker) =>
  (request: IncomingMessage, response: ServerResponse, rest: () => void): boolean => {
    const { seat } = worker
    if (seat && request.method === 'POST' && isMcp(request.url ?? '')) return seat.http.first(request, response, rest)
    const gone = (): void => {
      if (request.url === '/livez')
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"status":"ok"}')
      else response.writeHead(UNAVAILABLE.status, UNAVAILABLE.headers).end(JSON.stringify(unavailable()))
    }
    if (worker.seat) worker.forward.stream(request, response, gone)
    else gone()
    return true
  }

const isMcp = (url: string): boolean => url === '/mcp' || url.startsWith('/mcp?') || url.startsWith('/mcp/')

const UNAVAILABLE = {
  status: 503,
  headers: { 'content-type': 'application/problem+json', 'retry-after': '1', 'cache-control': 'no-store' },
}
const unavailable = (): JsonObject => problemOf(ownerGone(), newId())

interface Wire extends Link {
  told(method: string): void
  readonly grown: { listener: (params: Json) => void }
  readonly ended: { agent: (id: string) => void; session: (params: JsonObject) => void }
  readonly measured: { figures: () => Promise<unknown> }
  readonly driver: Driver
}

/** The link to the owner; undefined when there is none to be had right now. */
async function reach(path: string, stop: AbortSignal): Promise<Wire | undefined> {
  const socket = await connected(path)
  if (!socket) {
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
    return undefined
  }
  if (stop.aborted) return void socket.destroy()
  const grown: Wire['grown'] = { listener: () => undefined }
  const ended: Wire['ended'] = { agent: () => undefined, session: () => undefined }
  const measured: Wire['measured'] = { figures: () => Promise.resolve() }
  const drivers: Driver[] = []
  const wire = link(socket, (made) => {
    const { driver, handlers } = remoteDriver(made)
    drivers.push(driver)
    return {
      asked: { 'metrics.read': () => measured.figures() },
      told: {
        ...handlers.told,
        ground: (params) => grown.listener(params),
        'agent.end': (agent) => typeof agent === 'string' && ended.agent(agent),
        'session.cancel': (params) => isJsonObject(params) && ended.session(params),
      },
    }
  })
  const [driver] = drivers
  return driver && { ...wire, told: (method) => wire.tell(method, null), grown, ended, measured, driver }
}

const connected = (path: string): Promise<Socket | undefined> =>
  new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => resolve(socket))
    socket.once('error', () => resolve(undefined))
  })

/** Serves while the owner is there. */
async function serveOwner(worker: Worker, wire: Wire, stop: AbortSignal, onReady: () => void): Promise<void> {
  const open = closing()
  const gone = new Promise<void>((resolve) => {
    for (const signal of [wire.closed, stop]) {
      if (signal.aborted) resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    }
  })
  try {
    const seat = await sit(worker, wire, open)
    worker.seat = seat
    worker.log.info({}, 'the worker serves')
    onReady()
    await gone
  } catch (error) {
    if (error instanceof GatewayError && error.code !== 'overloaded') throw error
  } finally {
    worker.seat = undefined
    wire.close()
    await open.run().catch(() => undefined)
  }
}

async function sit(worker: Worker, wire: Wire, open: Closing): Promise<Seat> {
  const { options, log, calls } = worker
  // Pins and tools that come while the house is built are in the first ground or in a later one, never lost.
  const later: Json[] = []
  wire.grown.listener = (params) => void later.push(params)
  const joined = await wire.ask('worker.join', { worker: options.worker, pid: process.pid })
  const facts = isJsonObject(joined) ? joined : {}
  const welcome = fromWire(facts['welcome']) as Welcome
  let ground = merged(undefined, facts['ground'])
  log.setLevel(ground.config.log.level)
  const house = await workerHouse({
    worker: options.worker,
    wire,
    driver: wire.driver,
    welcome,
    ground: () => ground,
    log,
    clock,
    newId,
    closing: open,
  })
  const grow = (params: Json): void => {
    ground = merged(ground, params)
    void house.grown()
  }
  for (const params of later) grow(params)
  wire.grown.listener = grow
  wire.measured.figures = house.figures
  wire.ended.agent = (id) => house.lean.end(({ agent }) => agent === id)
  wire.ended.session = ({ session, request }) =>
    typeof session === 'string' &&
    house.lean.cancel(session, typeof request === 'string' || typeof request === 'number' ? request : undefined)
  const beat = setInterval(() => {
    const { user, system } = process.cpuUsage()
    const status = { calls: calls.count, running: house.lean.running(), cpuMs: Math.round((user + system) / 1_000) }
    wire.tell('worker.status', { worker: options.worker, ...status })
  }, STATUS_MS).unref()
  open.add(() => clearInterval(beat))
  return { house, welcome, ground: () => ground, http: httpOf(worker, house, welcome, () => ground) }
}

function merged(before: Ground | undefined, params: Json | undefined): Ground {
  const { tools, ...parts } = isJsonObject(params) ? params : {}
  const listed = Array.isArray(tools)
    ? (tools as unknown as readonly (Ground['tools'] extends ReadonlyMap<string, infer T> ? T : never)[])
    : undefined
  return {
    ...before,
    ...(fromWire(parts) as Partial<Ground>),
    ...(listed && { tools: new Map(listed.map((one) => [one.connection, one])) }),
  } as Ground
}

function httpOf(
  { forward, peers, calls, log }: Worker,
  house: WorkerHouse,
  { host, port }: Welcome,
  ground: () => Ground,
): Seat['http'] {
  const place = () => {
    const { publicUrl } = ground().config.server
    return { host, port, ...(publicUrl !== undefined && { publicUrl }) }
  }
  // The same lists until the configuration changes: they are read once.
  const allowedOn = onceFor((now: Ground) => ({
    hosts: [...defaultHosts(place()), ...now.config.server.allowedHosts],
    origins: [...defaultOrigins(place()), ...now.config.server.allowedOrigins],
  }))
  const plain: McpHttp['plain'] = async (asked) => {
    const answer = await house.lean.plain(asked)
    if (answer) calls.count++
    return answer
  }
  const parts: HttpDeps & FrontDeps = {
    identity: house.identity,
    mcp: {
      plain,
      async handle(asked) {
        const { text } = asked
        const answer = text === undefined ? undefined : await plain({ ...asked, request: headOf(asked.request), text })
        return answer ? toResponse(answer) : forward.whole(asked.request, text, peers.get(asked.request))
      },
    },
    allowed: () => allowedOn(ground()),
    notReady: () => undefined,
    hasToolset: (name) => Object.hasOwn(ground().config.toolsets, name),
    maxBodyBytes: ground().config.server.maxBodyBytes,
    newId,
    log,
  }
  return { app: httpApp(parts), first: leanFront(parts) }
}
