import { isJsonObject } from '../kernel/json.ts'

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
  /** The port that the workers have. */
  readonly port?: number
}

export const roleVariables = (role: Role): Readonly<Record<string, string>> => ({ [ROLE]: JSON.stringify(role) })

/** The process that started this one, and starts its successor. */
export interface Parent {
  readonly role: Role
  /** Aborts when this process is to end, also because its parent has. */
  readonly stop: AbortSignal
  onReload(listener: () => void): void
  /** This process is of use from now on. `port`: where it takes requests. */
  ready(port?: number): void
}

/** Undefined for a process that was started by people or by any other program. */
export function parentOf(env: Readonly<Record<string, string | undefined>>): Parent | undefined {
  const role = roleIn(env[ROLE])
  if (!role || !process.send) return undefined
  const stop = new AbortController()
  const listeners = new Set<() => void>()
  process.on('message', (message) => {
    if (!isJsonObject(message)) return
    if (message['stop'] === true) stop.abort()
    if (message['reload'] === true) for (const listener of listeners) listener()
  })
  process.on('disconnect', () => stop.abort())
  return {
    role,
    stop: stop.signal,
    onReload: (listener) => void listeners.add(listener),
    ready: (port) => void process.send?.({ ready: true, ...(port !== undefined && { port }) }),
  }
}

function roleIn(text: string | undefined): Role | undefined {
  const role: unknown = text === undefined ? undefined : JSON.parse(text)
  return isJsonObject(role) ? (role as object as Role) : undefined
}
