import { Socket } from 'node:net'
import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'

export const ROLE = 'GATEHOUSE_ROLE'

/** What a process of a gateway with workers was started as. */
export interface Role {
  readonly role: 'owner' | 'worker'
  /** The private folder in which owner and workers meet. */
  readonly directory: string
  readonly workers: number
  /** From 1 on; 0 for the owner. */
  readonly worker: number
  /** True when another was here before. */
  readonly again: boolean
}

export const roleVariables = (role: Role): Readonly<Record<string, string>> => ({ [ROLE]: JSON.stringify(role) })

/** The process that started this one, and starts its successor. */
export interface Parent {
  readonly role: Role
  /** Aborts when this process is to end, also because its parent has. */
  readonly stop: AbortSignal
  onReload(listener: () => void): void
  /** This process is of use from now on. */
  ready(): void
  /** Has the gateway's port opened, for all workers; gives it. Throws `port_in_use`, `usage`. */
  listen(host: string, port: number): Promise<number>
  /** Hands connections over to this process. */
  onConnection(listener: (connection: Socket) => void): void
}

/** Undefined for a process that was started by people or by any other program. */
export function parentOf(env: Readonly<Record<string, string | undefined>>): Parent | undefined {
  const role = roleIn(env[ROLE])
  if (!role || !process.send) return undefined
  const stop = new AbortController()
  const listeners = new Set<() => void>()
  let take: (connection: Socket) => void = (connection) => void connection.destroy()
  let heard: (answer: JsonObject) => void = () => undefined
  process.on('message', (message, handle) => {
    if (!isJsonObject(message)) return
    if (message['stop'] === true) stop.abort()
    if (message['reload'] === true) for (const listener of listeners) listener()
    if (isJsonObject(message['listening'])) heard(message['listening'])
    if (typeof message['connection'] !== 'number') return
    say({ taken: message['connection'] })
    // The client may have left on the way.
    if (handle instanceof Socket) take(handle)
  })
  process.on('disconnect', () => stop.abort())
  return {
    role,
    stop: stop.signal,
    onReload: (listener) => void listeners.add(listener),
    ready: () => say({ ready: true }),
    onConnection: (listener) => void (take = listener),
    async listen(host, port) {
      const answer = await new Promise<JsonObject>((resolve) => {
        heard = resolve
        say({ listen: { host, port } })
      })
      if (typeof answer['port'] === 'number') return answer['port']
      throw portProblem(JSON.stringify(answer['code'] ?? null).replaceAll('"', ''), host, port)
    },
  }
}

const say = (message: object): void => void (process.connected && process.send?.(message))

function portProblem(code: string, host: string, port: number): GatewayError {
  if (code === 'EADDRINUSE') {
    const detail = `Port ${port} on ${host} is in use by another program. Stop that program, or choose another port in server.port.`
    return new GatewayError('port_in_use', detail, { data: { host, port } })
  }
  const detail = `Cannot listen on ${host}:${port} (${code}). Choose a port from 1024 up, and an address of this machine.`
  return new GatewayError('usage', detail)
}

function roleIn(text: string | undefined): Role | undefined {
  const role: unknown = text === undefined ? undefined : JSON.parse(text)
  return isJsonObject(role) ? (role as object as Role) : undefined
}
