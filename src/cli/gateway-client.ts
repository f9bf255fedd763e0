import { GatewayError } from '../kernel/errors.ts'
import { type Json, type JsonObject, isJsonObject } from '../kernel/json.ts'
import { type ErrorCode, PROBLEMS } from '../kernel/problem.ts'
import type { Secret } from '../kernel/secret.ts'
import { configPathOf, storeDirectoryOf } from './config-path.ts'
import type { House } from './house.ts'
import { type Running, locate } from './locate.ts'
import type { Shell } from './shell.ts'
import { type ServerSentEvent, serverSentEvents } from './sse.ts'

/** The admin API, over HTTP or in process: the commands cannot tell. Failures arrive as the GatewayError that they were. */
export interface GatewayClient {
  /** False when the house was composed for this command alone. */
  readonly isRunning: boolean
  ask<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, options?: AskOptions): Promise<T>
  /** Reads what can be changed afterwards. */
  read<T>(path: string): Promise<Tagged<T>>
  events(path: string, options?: AskOptions): AsyncIterable<ServerSentEvent>
  /** The answer as text, piece by piece. Rejects when it breaks off: what came is not whole then. */
  text(path: string, options?: AskOptions): AsyncIterable<string>
}

export interface Tagged<T> {
  readonly body: T
  /** The version, as `ifMatch` takes it; undefined for what cannot be changed. */
  readonly tag: string | undefined
}

export interface AskOptions {
  /** Members that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: Json
  /** The tag of the version that is meant. */
  readonly ifMatch?: string
  readonly signal?: AbortSignal
}

export interface Reach {
  readonly config?: string | undefined
  /** Waits until the connections are up or have failed once, when the house is composed here. */
  readonly settle?: boolean
  /** Refuses to compose a house: the question only makes sense to a gateway that runs. */
  readonly onlyRunning?: boolean
}

const PATIENCE_MS = 5_000
const SETTLE_MS = 30_000

/** Finds or builds the gateway, lets the work ask it, and closes what was built. */
export async function withGateway<T>(
  shell: Shell,
  reach: Reach,
  work: (gateway: GatewayClient) => Promise<T>,
): Promise<T> {
  const configPath = configPathOf(shell, reach.config)
  const running = await locate(shell, await storeDirectoryOf(shell, configPath), PATIENCE_MS)
  if (running) return work(overHttp(shell, running))
  if (reach.onlyRunning === true) throw nobody()
  const house = await shell.compose({ configPath, mode: 'command', log: await shell.log('error', { fixed: true }) })
  try {
    if (reach.settle === true) await house.settled(SETTLE_MS)
    return await work(inProcess(house))
  } finally {
    await house.close()
  }
}

/** Asks a house of this process, as a caller of this machine would. */
export const inProcess = ({ app, adminToken }: Pick<House, 'app' | 'adminToken'>): GatewayClient =>
  toClient(
    async (path, { headers, ...init }) =>
      app.request(`http://localhost${path}`, { ...init, headers: { ...headers, host: 'localhost' } }),
    adminToken,
    false,
  )

const nobody = (): GatewayError =>
  new GatewayError('not_found', 'No gateway runs on this store. Start one with `gatehouse serve`.')

/** Asks a gateway that runs in another process. */
export function overHttp(shell: Shell, { url, token }: Running): GatewayClient {
  const base = new URL(url).origin
  const send: Send = async (path, request) => {
    try {
      return await shell.fetch(base + path, request)
    } catch (cause) {
      throw new GatewayError('internal', `The gateway at ${base} does not answer. See its log, or start it again.`, {
        cause,
      })
    }
  }
  return toClient(send, token, true)
}

type Send = (path: string, request: ApiRequest) => Promise<Response>

interface ApiRequest {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal?: AbortSignal
}

function toClient(send: Send, token: Secret, isRunning: boolean): GatewayClient {
  const request = async (
    method: string,
    path: string,
    { query = {}, body, ifMatch, signal }: AskOptions,
  ): Promise<Response> => {
    const response = await send(`/api${path}${toQuery(query)}`, {
      method,
      headers: {
        authorization: `Bearer ${token.reveal()}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(ifMatch !== undefined && { 'if-match': `"${ifMatch}"` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    })
    if (!response.ok) throw toFailure(response.status, await response.text())
    return response
  }
  return {
    isRunning,
    async ask<T>(method: string, path: string, options: AskOptions = {}) {
      const response = await request(method, path, options)
      return (response.status === 204 ? undefined : await response.json()) as T
    },
    async read<T>(path: string): Promise<Tagged<T>> {
      const response = await request('GET', path, {})
      const tag = /^"(.+)"$/.exec(response.headers.get('etag') ?? '')?.[1]
      return { body: (await response.json()) as T, tag }
    },
    async *events(path, options = {}) {
      const { body } = await request('GET', path, options)
      if (!body) return
      for await (const event of serverSentEvents(body)) {
        if (event.event === 'problem') throw toFailure(200, event.data)
        yield event
      }
    },
    async *text(path, options = {}) {
      const { body } = await request('GET', path, options)
      const decoder = new TextDecoder()
      try {
        if (body) for await (const bytes of body) yield decoder.decode(bytes, { stream: true })
      } catch (cause) {
        throw new GatewayError('internal', 'The answer broke off and is not whole. See the log of the gateway.', {
          cause,
        })
      }
    },
  }
}

function toQuery(query: NonNullable<AskOptions['query']>): string {
  const given = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value))
  return given.size === 0 ? '' : `?${given.toString()}`
}

/** The GatewayError behind a problem document (RFC 9457). */
function toFailure(status: number, text: string): GatewayError {
  const { code, detail, title, type: _type, status: _status, instance: _instance, data, ...members } = fromJson(text)
  if (!isErrorCode(code)) {
    const words = `The gateway answered with status ${status} and nothing that explains it.`
    return new GatewayError('internal', words, { cause: text.slice(0, 500) })
  }
  const words = [detail, title].find((part) => typeof part === 'string') ?? PROBLEMS[code].title
  return new GatewayError(code, words, { data: { ...members, ...(isJsonObject(data) && data) } })
}

function fromJson(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}

const isErrorCode = (code: Json | undefined): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(PROBLEMS, code)
