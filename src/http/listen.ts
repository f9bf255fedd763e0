import { type AddressInfo, isIP, type Socket } from 'node:net'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { getRequestListener } from '@hono/node-server'
import { isLoopbackAddress } from '../identity/loopback.ts'
import { BACKLOG } from '../kernel/backlog.ts'
import { GatewayError } from '../kernel/errors.ts'

/** Whole headers, and whole requests with their bodies, must have come within these times, milliseconds. */
const HEADERS_TIMEOUT_MS = 15_000
const REQUEST_TIMEOUT_MS = 60_000
/** Longer than load balancers keep idle connections, so that they and not we close them, milliseconds. */
const KEEP_ALIVE_MS = 65_000
/** How long running requests may take to finish after a stop, milliseconds. */
const GRACE_MS = 25_000

export interface ListenOptions {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Refuses every host but this machine's: without configured authentication nobody else may come in. */
  readonly loopbackOnly?: boolean
  /** Listens on this Unix socket instead; host and port are then those that somebody else listens on for us. */
  readonly socket?: string
  /** Is handed every request first; true when it has taken it over. `rest` gives it to the application after all. */
  readonly first?: First
}

type Fetch = Parameters<typeof getRequestListener>[0]

export type First = (request: IncomingMessage, response: ServerResponse, rest: () => void) => boolean

export interface StopOptions {
  readonly graceMs?: number
  /** Runs when no new connection is taken any more: the place to end streams that would never end by themselves. */
  readonly drain?: (graceMs: number) => Promise<unknown>
}

export interface Listening {
  /** `http://host:port`, without a slash at the end. */
  readonly url: string
  readonly port: number
  /** Takes a connection that somebody else has accepted. */
  take(connection: Socket): void
  /** Stops taking connections, waits for what runs, then cuts the rest off. */
  close(options?: StopOptions): Promise<void>
}

/** Serves an application on a port. GatewayError `port_in_use` when it is taken, `usage` for a host that is not allowed. */
export async function listen(
  { fetch }: { readonly fetch: Fetch },
  { host, port, loopbackOnly = false, socket, first = () => false }: ListenOptions,
): Promise<Listening> {
  if (loopbackOnly && !isLoopbackHost(host)) throw notLoopback(host)
  const serverOptions = {
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  }
  const others = application(fetch)
  const server = createServer(serverOptions, (request, response) => {
    const rest = (): void => others(request, response)
    if (!first(request, response, rest)) rest()
  })
  const activity = watchActivity(server)
  const bound = socket === undefined ? (await bind(server, host, port)).port : await bindSocket(server, socket, port)
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    port: bound,
    take: (connection) => void server.emit('connection', connection),
    close: (options = {}) => stop(server, activity, options),
  }
}

/** Hands requests to the application; what makes them objects of `fetch` is loaded with the first one. */
function application(fetch: Fetch): (request: IncomingMessage, response: ServerResponse) => void {
  let adapted: ReturnType<typeof getRequestListener> | undefined
  const first = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { getRequestListener: adapt } = await import('@hono/node-server')
    adapted ??= adapt(fetch)
    await adapted(request, response)
  }
  return (request, response) => {
    void (adapted ?? first)(request, response).catch(() => response.destroy())
  }
}

const bindSocket = (server: Server, path: string, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, BACKLOG, () => resolve(port))
  })

const bind = (server: Server, host: string, port: number): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(bindProblem(cause, host, port)))
    server.listen(port, host, BACKLOG, () => resolve(server.address() as AddressInfo))
  })

function bindProblem(cause: NodeJS.ErrnoException, host: string, port: number): GatewayError {
  if (cause.code === 'EADDRINUSE') {
    const detail = `Port ${port} on ${host} is in use by another program. Stop that program, or choose another port in server.port.`
    return new GatewayError('port_in_use', detail, { cause, data: { host, port } })
  }
  if (cause.code === 'EACCES') {
    return new GatewayError('usage', `Port ${port} may not be used by this user. Choose one from 1024 up.`, { cause })
  }
  return new GatewayError('usage', `Cannot listen on ${host}:${port}. Is server.host an address of this machine?`, {
    cause,
  })
}

interface Activity {
  /** From now on every answer asks the client to leave. Resolves when no request runs any more. */
  settled(): Promise<void>
}

/** Counts running requests. Connections are no measure: clients open some ahead and never use them. */
function watchActivity(server: Server): Activity {
  let running = 0
  let onQuiet: (() => void) | undefined
  server.on('request', (_request, response) => {
    running += 1
    if (onQuiet) response.setHeader('connection', 'close')
    response.once('close', () => {
      running -= 1
      if (running === 0) onQuiet?.()
    })
  })
  return {
    settled: () =>
      new Promise((resolve) => {
        onQuiet = resolve
        if (running === 0) resolve()
      }),
  }
}

async function stop(server: Server, activity: Activity, { graceMs = GRACE_MS, drain }: StopOptions): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  const cutOff = setTimeout(() => server.closeAllConnections(), graceMs)
  try {
    await Promise.all([drain?.(graceMs), activity.settled()])
    server.closeAllConnections()
    await closed
  } finally {
    clearTimeout(cutOff)
  }
}

const isLoopbackHost = (host: string): boolean => host === 'localhost' || (isIP(host) !== 0 && isLoopbackAddress(host))

const notLoopback = (host: string): GatewayError =>
  new GatewayError(
    'usage',
    `Without configured authentication the gateway listens on this machine only, not on ${host}. Configure agents with keys or an identity provider, or set server.host to 127.0.0.1.`,
  )
