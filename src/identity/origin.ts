import { GatewayError } from '../kernel/errors.ts'

const MAX_CHARS = 300
/** A name may end in one dot (its fully qualified form); IPv6 stands in brackets. No user, no path, no white space. */
const HOST = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9_.-]*[a-z0-9_-])?)\.?)(?::([0-9]{1,5}))?$/i
const ORIGIN = /^([a-z][a-z0-9+.-]*):\/\/([^/]+)$/i
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 }
const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]']
const WILDCARDS = ['0.0.0.0', '::', '[::]']

interface Host {
  readonly name: string
  readonly port: number | undefined
}

/**
 * Refuses a request whose `Host` header is none of ours with GatewayError `forbidden`: a web page whose name was rebound to
 * our address would send its own name. An entry without a port allows every port.
 */
export function checkHost(host: string | undefined, allowed: readonly string[]): void {
  const asked = host === undefined ? undefined : parseHost(host)
  if (asked && hostsIn(allowed).some((entry) => matches(asked, entry))) return
  throw new GatewayError(
    'forbidden',
    'The Host header is none that this gateway answers to. An admin can add it to server.allowedHosts.',
  )
}

/**
 * Refuses a web page that may not call us with GatewayError `forbidden`. Callers that are no web pages send no `Origin` and
 * pass; `null` (files, sandboxed frames) never does.
 */
export function checkOrigin(origin: string | undefined, allowed: readonly string[]): void {
  if (origin === undefined) return
  const asked = parseOrigin(origin)
  if (asked !== undefined && allowed.some((entry) => parseOrigin(entry) === asked)) return
  throw new GatewayError(
    'forbidden',
    'Web pages of this origin may not call the gateway. An admin can add it to server.allowedOrigins.',
  )
}

export interface Address {
  /** What the server listens on. */
  readonly host: string
  /** The port that it got. */
  readonly port: number
  readonly publicUrl?: string | undefined
}

/** The Host values that follow from where the server listens and how it is known. */
export function defaultHosts({ host, publicUrl }: Address): readonly string[] {
  const listening = WILDCARDS.includes(host) || isLoopbackName(host) ? LOOPBACK_HOSTS : [toUrlHost(host)]
  return publicUrl === undefined ? listening : [...listening, new URL(publicUrl).host]
}

/** The origins of our own pages; another port of this machine is another program. */
export function defaultOrigins({ host, port, publicUrl }: Address): readonly string[] {
  const names = WILDCARDS.includes(host) || isLoopbackName(host) ? LOOPBACK_HOSTS : [toUrlHost(host)]
  const own = names.map((name) => `http://${name}:${port}`)
  return publicUrl === undefined ? own : [...own, new URL(publicUrl).origin]
}

const isLoopbackName = (host: string): boolean =>
  host === '::1' || LOOPBACK_HOSTS.includes(host.toLowerCase()) || /^127(?:\.[0-9]{1,3}){3}$/.test(host)

const toUrlHost = (host: string): string => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host)

/** Every request is held against the same lists: each is read once. */
const listed = new WeakMap<readonly string[], readonly (Host | undefined)[]>()

function hostsIn(allowed: readonly string[]): readonly (Host | undefined)[] {
  const known = listed.get(allowed) ?? allowed.map(parseHost)
  listed.set(allowed, known)
  return known
}

const matches = (asked: Host, entry: Host | undefined): boolean =>
  entry !== undefined && entry.name === asked.name && (entry.port === undefined || entry.port === asked.port)

function parseHost(text: string): Host | undefined {
  if (text.length > MAX_CHARS) return undefined
  const match = HOST.exec(text)
  const name = match?.[1] === undefined ? match?.[2]?.toLowerCase() : canonicalIPv6(match[1])
  const port = match?.[3] === undefined ? undefined : Number(match[3])
  return name === undefined || (port !== undefined && port > 65_535) ? undefined : { name, port }
}

const canonicalIPv6 = (address: string): string | undefined =>
  URL.canParse(`http://[${address}]`) ? new URL(`http://[${address}]`).hostname : undefined

function parseOrigin(text: string): string | undefined {
  if (text.length > MAX_CHARS) return undefined
  const [, scheme = '', authority = ''] = ORIGIN.exec(text) ?? []
  const host = parseHost(authority)
  return host && `${scheme.toLowerCase()}://${host.name}:${host.port ?? DEFAULT_PORTS[scheme.toLowerCase()] ?? ''}`
}
