import type { ActivePolicy } from '../admin/policy-book.ts'
import type { ManagedOverrides } from '../admin/override-book.ts'
import type { Config } from '../config/schema.ts'
import type { ConnectionStatus } from '../kernel/connection.ts'
import { isJsonObject, type Json } from '../kernel/json.ts'
import { Secret } from '../kernel/secret.ts'
import type { ToolId } from '../kernel/tool.ts'
import type { ConnectionTools } from '../sources/connection-spec.ts'

/** What a worker builds its snapshot from: the same that the owner's was built from. */
export interface Ground {
  /** The configuration in force, with the managed connections in it. */
  readonly config: Config
  readonly managed: ActivePolicy
  readonly pins: ReadonlyMap<ToolId, string>
  readonly overrides: ManagedOverrides
  readonly tools: ReadonlyMap<string, ConnectionTools>
  readonly statuses: readonly ConnectionStatus[]
}

/** What a worker has to know once. */
export interface Welcome {
  /** Where clients reach the gateway. */
  readonly host: string
  readonly port: number
  readonly attachToken: Secret
  /** Seals what modern clients keep for us. */
  readonly sealKey: Secret
  /** How many workers share what is allowed to run at once. */
  readonly workers: number
}

const SECRET = '$gatehouse-secret'
const MAP = '$gatehouse-map'

/** Values with secrets and maps as JSON, for our own processes alone: the socket's folder is private. */
export function toWire(value: unknown): Json {
  if (value instanceof Secret) return { [SECRET]: String(value.reveal()) }
  if (value instanceof Map) return { [MAP]: [...value].map(([key, held]) => [String(key), toWire(held)]) }
  if (Array.isArray(value)) return value.map(toWire)
  if (typeof value !== 'object' || value === null) return isScalar(value) ? value : null
  return Object.fromEntries(Object.entries(value).flatMap(([key, held]) => (isSent(held) ? [[key, toWire(held)]] : [])))
}

const isScalar = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

const isSent = (value: unknown): boolean => value !== undefined && typeof value !== 'function'

/** The value that `toWire` was given. */
export function fromWire(json: Json | undefined): unknown {
  if (Array.isArray(json)) return json.map(fromWire)
  if (!isJsonObject(json)) return json
  const secret = json[SECRET]
  if (typeof secret === 'string') return new Secret(secret)
  const pairs = json[MAP]
  if (Array.isArray(pairs)) {
    return new Map(pairs.flatMap((pair) => (Array.isArray(pair) ? [[pair[0], fromWire(pair[1])] as const] : [])))
  }
  return Object.fromEntries(Object.entries(json).map(([key, held]) => [key, fromWire(held)]))
}
