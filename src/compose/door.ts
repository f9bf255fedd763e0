import type { AdminDeps } from '../admin/admin.ts'
import type { Config } from '../config/schema.ts'
import { resourceUrl, serverUrl } from '../config/server-urls.ts'
import type { Log } from '../gateway/gateway.ts'
import { leanFront } from '../http/lean-front.ts'
import { type First, listen, type Listening } from '../http/listen.ts'
import { createIdentity } from '../identity/identity.ts'
import { jwtVerifier } from '../identity/jwt-verifier.ts'
import { defaultHosts, defaultOrigins } from '../identity/origin.ts'
import type { Clock, NewId } from '../kernel/clock.ts'
import type { Secret } from '../kernel/secret.ts'
import type { McpHttp } from '../mcp/streamable-http.ts'
import type { Metrics } from '../metrics/metrics.ts'
import type { Application } from './application.ts'
import type { OpenApprovals } from './approvals.ts'
import type { Connecting } from './connecting.ts'
import type { Identities } from './identities.ts'
import { withPeer } from './peer.ts'
import type { Shelf } from './shelf.ts'
import type { World } from './world.ts'

/** The largest set of signing keys that is read, in bytes. */
const MAX_JWKS_BYTES = 262_144
/** How long running calls may take to finish when the gateway stops, milliseconds. */
const GRACE_MS = 8_000

export interface DoorDeps {
  config(): Config
  readonly world: World
  readonly manifests: Pick<Shelf, 'load'>
  readonly identities: Identities
  readonly admin: AdminDeps
  readonly approvals: Pick<OpenApprovals, 'queue' | 'grants'>
  readonly connecting: Connecting
  readonly mcp: McpHttp
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>
  readonly attachToken: Secret
  /** Workers that serve the configured place for us. */
  readonly seat?: DoorSeat | undefined
  readonly log: Log
  readonly clock: Clock
  readonly newId: NewId
}

/** The place where workers hand us the requests that they do not answer. */
export interface DoorSeat {
  /** The Unix socket that we listen on. */
  readonly socket: string
  /** The port that workers are to listen on, nobody else's. Throws `port_in_use`. */
  port(host: string, port: number): Promise<number>
  /** Lets workers in; resolves when one of them has the port. */
  open(place: { readonly host: string; readonly port: number }): Promise<void>
}

/** The HTTP application and the port it is served on. */
export interface Door {
  readonly app: { request(path: string, init?: RequestInit): Response | Promise<Response> }
  /** Where people reach our pages, without a slash at the end. */
  origin(): string
  /** Takes over what the configuration now says of identity. */
  refresh(): void
  /** Opens the port. `loopback` listens on this machine at a port of the system's choice, whatever the configuration says. */
  open(place: 'configured' | 'loopback'): Promise<{ readonly url: string }>
  close(): Promise<void>
}

export function door(deps: DoorDeps): Door {
  const stopping = new AbortController()
  let listening: Listening | undefined
  const address = () => {
    const { host, port, publicUrl } = deps.config().server
    return { host, port: listening?.port ?? port, ...(publicUrl !== undefined && { publicUrl }) }
  }
  const make = () => makeHttp(deps, address, stopping.signal)
  let http = make()
  const answer = async (request: Request, env: unknown): Promise<Response> =>
    (await http.app(pathOf(request.url))).fetch(request, env)
  return {
    app: { request: async (path, init) => (await http.app(pathOf(path))).request(path, fromHere(init)) },
    origin: () => serverUrl(address()),
    refresh() {
      http = make()
    },
    async open(place) {
      const { host, port } = place === 'configured' ? deps.config().server : { host: '127.0.0.1', port: 0 }
      const loopbackOnly = !(await isAuthenticated(deps))
      const seat = place === 'configured' ? deps.seat : undefined
      listening = await (seat
        ? listen(
            { fetch: (request, env) => answer(request, withPeer(env)) },
            { host, port: await seat.port(host, port), loopbackOnly, socket: seat.socket },
          )
        : listen({ fetch: answer }, { host, port, loopbackOnly, first: (...asked) => http.first(...asked) }))
      http = make()
      await seat?.open({ host, port: listening.port })
      await deps.world.driver.publish({ url: localUrl(listening, host), token: deps.attachToken })
      return { url: listening.url }
    },
    async close() {
      stopping.abort()
      if (listening) await listening.close({ graceMs: GRACE_MS, drain: (graceMs) => deps.mcp.close(graceMs) })
      else await deps.mcp.close()
    },
  }
}

/** Somebody can prove who they are: an identity provider is configured, or an agent or a person holds a key. */
async function isAuthenticated({ config, identities: { keys, personKeys } }: DoorDeps): Promise<boolean> {
  return config().identity.jwt !== undefined || (await keys.list()).length > 0 || personKeys.list().length > 0
}

/** Where other programs of this machine reach us, for the lock file. */
const localUrl = ({ url, port }: Listening, host: string): string =>
  host === '0.0.0.0' || host === '::' ? `http://127.0.0.1:${port}` : url

/** Who answers plain requests, and the application for the others, of which no more is loaded and made than is asked for. */
interface Http {
  readonly first: First
  /** What answers this path. */
  app(path: string): Promise<Pick<Application, 'fetch' | 'request'>>
}

/** What needs neither API nor pages. */
const PLAIN = /^\/(?:mcp|livez|readyz|healthz)(?:\/|$)/

/** What of the API speaks of no provider but those that have a connection, whose manifests are there. */
const WITHOUT_SHELF =
  /^\/(?:metrics|api\/(?:me|status|agents|keys|people|tools|search|call|audit|vault|freezes))(?:\/|$)/

function makeHttp(
  deps: DoorDeps,
  address: () => { host: string; port: number; publicUrl?: string },
  stopping: AbortSignal,
): Http {
  const { config, world, identities, mcp, attachToken, log, clock, newId } = deps
  const { identity: settings, organisation, server, metrics } = config()
  const resource = resourceUrl(address())
  const fetch = world.egress.fetch({
    allowPrivateNetwork: settings.jwt?.allowPrivateNetwork ?? false,
    maxBytes: MAX_JWKS_BYTES,
  })
  const identity = createIdentity({
    agents: identities.agents.agents,
    keys: identities.keys,
    people: { book: identities.people, keys: identities.personKeys },
    jwt: settings.jwt && jwtVerifier({ settings: settings.jwt, resource, fetch, clock }),
    loopbackAgent: settings.loopbackAgent,
    attachToken,
    organisation,
    resource,
  })
  // Made anew when the port is known.
  const allowed = {
    hosts: [...defaultHosts(address()), ...server.allowedHosts],
    origins: [...defaultOrigins(address()), ...server.allowedOrigins],
  }
  const parts = {
    identity,
    mcp,
    allowed: () => allowed,
    notReady: () => undefined,
    hasToolset: (name: string) => Object.hasOwn(config().toolsets, name),
    maxBodyBytes: server.maxBodyBytes,
    newId,
    log,
  }
  const origin = (): string => serverUrl(address())
  const plain = once(async () => (await import('../http/app.ts')).httpApp(parts))
  const whole = once(async () =>
    (await import('./application.ts')).application(deps, parts, { origin, stopping, metricsToken: metrics.token }),
  )
  const withShelf = async () => {
    await deps.manifests.load()
    return whole()
  }
  const app = (path: string) => (PLAIN.test(path) ? plain() : WITHOUT_SHELF.test(path) ? whole() : withShelf())
  return { first: leanFront(parts), app }
}

const pathOf = (url: string): string => new URL(url, 'http://localhost').pathname

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => (made ??= make())
}

/** A request of this process comes over no connection that would name the host. */
function fromHere(init: RequestInit = {}): RequestInit {
  const headers = new Headers(init.headers)
  headers.set('host', 'localhost')
  return { ...init, headers }
}
