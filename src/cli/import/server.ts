import { basename } from 'node:path'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { looksSecret } from './secrets.ts'
import {
  type Client,
  type Findings,
  type Imported,
  moved,
  note,
  textsOf,
  toArgument,
  type Place,
  toText,
  toValue,
} from './text.ts'

/** One server of a client's file as a connection of the gateway. */
export interface ImportedServer extends Findings {
  /** As the client calls it. */
  readonly name: string
  readonly slug: string
  /** Member of `connections`; absent when there are problems. */
  readonly connection?: JsonObject
}

const MAX_ARGS = 200
const MAX_MS = 86_400_000
/** What a client decides for itself, and the gateway's policy decides for everybody. */
const POLICY =
  /^(?:alwaysAllow|autoApprove|trust|includeTools|excludeTools|tools|enabled_tools|disabled_tools|permissions)$/
const KNOWN = new Set(
  'type transport command args env cwd url httpUrl headers http_headers env_http_headers bearer_token_env_var env_vars envFile disabled enabled timeout startup_timeout_sec startup_timeout_ms tool_timeout_sec description title name'.split(
    ' ',
  ),
)

/** Takes one entry over. What cannot be taken over is told, never guessed. */
export function toServer(name: string, entry: Json, client: Client, workspace: string): ImportedServer {
  const findings: Findings = { variables: [], notes: [], problems: [] }
  const slug = toSlug(name)
  if (!isJsonObject(entry)) return { name, slug, ...findings, problems: ['it is no object'] }
  const place: Place = { client, slug, workspace }
  tellUnknown(entry, findings)
  const mcp = toMcp(entry, place, findings)
  if (mcp && isGateway(mcp)) findings.problems.push('it is a Gatehouse itself')
  if (!mcp || findings.problems.length > 0) return { name, slug, ...findings }
  const timeouts = toTimeouts(entry, client)
  const connection = {
    ...(name !== slug && { title: name.slice(0, 100) }),
    ...((entry['disabled'] === true || entry['enabled'] === false) && { enabled: false }),
    mcp,
    ...(timeouts && { timeouts }),
  }
  return { name, slug, ...findings, connection }
}

/** A name of a connection: at most 32 of `a-z0-9_-`. */
export function toSlug(name: string): string {
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(0, 32)
    .replace(/[-_]+$/, '')
  if (slug === '') return 'server'
  return slug === 'gatehouse' ? 'gatehouse-server' : slug
}

function tellUnknown(entry: JsonObject, { notes }: Findings): void {
  const keys = Object.keys(entry)
  const [left, unknown] = [
    keys.filter((key) => POLICY.test(key)),
    keys.filter((key) => !KNOWN.has(key) && !POLICY.test(key)),
  ]
  if (left.length > 0) notes.push(`${left.join(', ')}: who may call what is decided by policy here`)
  if (unknown.length > 0) notes.push(`not taken over: ${unknown.map((key) => key.slice(0, 60)).join(', ')}`)
  if ('envFile' in entry) notes.push('envFile: set its variables where the gateway starts, and name them in env')
}

function toMcp(entry: JsonObject, place: Place, findings: Findings): JsonObject | undefined {
  const { command, url, httpUrl } = entry
  if (typeof command === 'string' && command !== '') return toProcess(command, entry, place, findings)
  if (typeof httpUrl === 'string') return toRemote(httpUrl, 'http', entry, place, findings)
  if (typeof url === 'string') return toRemote(url, transportOf(entry, place.client), entry, place, findings)
  findings.problems.push('it has neither "command" nor "url"')
  return undefined
}

function toProcess(command: string, entry: JsonObject, place: Place, findings: Findings): JsonObject {
  const { args = [], env = {}, env_vars: passed = [], cwd } = entry
  if (!Array.isArray(args) || args.length > MAX_ARGS || !args.every((arg) => typeof arg === 'string'))
    findings.problems.push(`"args" is no list of at most ${MAX_ARGS} texts`)
  const words = Array.isArray(args) ? args.filter((arg) => typeof arg === 'string') : []
  const variables = Object.fromEntries([
    ...(Array.isArray(passed) ? passed : []).map((name): [string, Imported] => [
      String(name),
      given(String(name), findings),
    ]),
    ...(isJsonObject(env) ? textsOf(env, 'the variable', findings) : []).map(([name, value]): [string, Imported] => [
      name,
      toValue(name, value, 'variable', place, findings),
    ]),
  ])
  return {
    command: toText(command, place, findings),
    ...(words.length > 0 && { args: words.map((word, index) => toArgument(word, index, place, findings)) }),
    ...(Object.keys(variables).length > 0 && { env: variables }),
    ...(typeof cwd === 'string' && { cwd: toText(cwd, place, findings) }),
  }
}

function given(name: string, findings: Findings): Imported {
  note(findings, { name, what: `variable ${name.slice(0, 60)}`, secret: false })
  return { env: name }
}

/** Gemini's `url` is SSE; elsewhere it is Streamable HTTP, or whatever answers. */
function transportOf({ type, transport }: JsonObject, client: Client): 'auto' | 'http' | 'sse' {
  const said = type ?? transport
  if (said === 'sse') return 'sse'
  if (typeof said === 'string' && /^(?:streamable[-_]?)?http$/i.test(said)) return 'http'
  return client === 'gemini' ? 'sse' : 'auto'
}

function toRemote(
  given: string,
  transport: 'auto' | 'http' | 'sse',
  entry: JsonObject,
  place: Place,
  findings: Findings,
): JsonObject | undefined {
  const text = toText(given, place, findings)
  const url = URL.canParse(given) ? new URL(given) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    findings.problems.push('its URL is no http address of which the gateway knows the host')
    return undefined
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    findings.problems.push('its URL holds a user, a password or a fragment: put the credential into a header')
    return undefined
  }
  const headers = toHeaders(entry, place, findings)
  const isLocal = /^(?:localhost|127\.[\d.]+|\[::1\]|10\.[\d.]+|192\.168\.[\d.]+)$/.test(url.hostname)
  if (isLocal) findings.notes.push('it stands in a private network: allowPrivateNetwork is set')
  return {
    url: withoutSecrets(text, url, place, findings),
    ...(transport !== 'auto' && { transport }),
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(isLocal && { allowPrivateNetwork: true }),
  }
}

/** Keys in the query of a URL are secrets like others. */
function withoutSecrets(text: string, url: URL, place: Place, findings: Findings): string {
  return [...url.searchParams].reduce((clean, [name, value]) => {
    if (value.startsWith('$') || !looksSecret(name, value)) return clean
    const { env } = moved(name, 'query parameter', place, findings)
    return clean.replaceAll(
      new RegExp(`([?&]${escaped(name)}=)[^&]*`, 'g'),
      (_all, start: string) => `${start}\${env:${env}}`,
    )
  }, text)
}

const escaped = (name: string): string => encodeURIComponent(name).replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

function toHeaders(entry: JsonObject, place: Place, findings: Findings): Record<string, Imported> {
  const { headers, http_headers: literal, env_http_headers: named, bearer_token_env_var: bearer } = entry
  const own = place.client === 'codex' ? literal : headers
  const fromEnvironment = isJsonObject(named) ? textsOf(named, 'the header', findings) : []
  for (const [header, name] of fromEnvironment)
    note(findings, { name, what: `header ${header.slice(0, 60)}`, secret: true })
  if (typeof bearer === 'string') note(findings, { name: bearer, what: 'bearer token', secret: true })
  return Object.fromEntries([
    ...(isJsonObject(own) ? textsOf(own, 'the header', findings) : []).map(([name, value]): [string, Imported] => [
      name,
      toValue(name, value, 'header', place, findings),
    ]),
    ...fromEnvironment.map(([header, name]): [string, Imported] => [header, { env: name }]),
    ...(typeof bearer === 'string' ? [['Authorization', `Bearer \${env:${bearer}}`] as const] : []),
  ])
}

/** Gemini counts a call in milliseconds, Codex start and call in seconds. */
function toTimeouts(entry: JsonObject, client: Client): JsonObject | undefined {
  const { timeout, startup_timeout_sec: start, tool_timeout_sec: call } = entry
  const idle = toDuration(client === 'codex' ? toMs(call) : timeout)
  const connect = toDuration(toMs(start))
  if (idle === undefined && connect === undefined) return undefined
  return { ...(connect !== undefined && { connect }), ...(idle !== undefined && { idle }) }
}

const toMs = (seconds: Json | undefined): Json | undefined =>
  typeof seconds === 'number' ? seconds * 1_000 : undefined

const toDuration = (ms: Json | undefined): string | undefined =>
  typeof ms === 'number' && ms >= 1 && ms <= MAX_MS ? `${Math.round(ms)}ms` : undefined

/** A client that is set up for the gateway already would make it call itself. */
const isGateway = ({ command, args }: JsonObject): boolean =>
  [command, ...(Array.isArray(args) ? (args as readonly Json[]) : [])].some(
    (word) => typeof word === 'string' && /^gatehouse(?:\.cmd|\.mjs|\.js)?$/.test(basename(word)),
  )
