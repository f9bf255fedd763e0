import type { ConnectionStatus } from '../kernel/connection.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { type AdminDeps, type ConfigStatus, type Load, asAdmin } from './admin.ts'

/** A process that takes requests. */
export interface WorkerStatus {
  readonly id: number
  readonly pid: number
  /** Milliseconds since the epoch. */
  readonly since: number
  /** Requests to the MCP endpoint that it has answered by itself. */
  readonly calls: number
  readonly running: number
  /** What it has used of a processor, milliseconds. */
  readonly cpuMs: number
}

export interface GatewayStatus {
  readonly version: string
  readonly startedAt: number
  readonly uptimeMs: number
  readonly config: ConfigStatus
  readonly store: string
  readonly policyVersion: string
  readonly agents: number
  readonly tools: number
  readonly quarantined: number
  readonly load?: Load
  /** The processes that serve HTTP, where there are several. */
  readonly workers?: readonly WorkerStatus[]
  /** Ordered by name. */
  readonly connections: readonly ConnectionStatus[]
}

/** How the gateway is: what runs, what does not and why. */
export async function status(deps: AdminDeps, principal: Principal): Promise<GatewayStatus> {
  return asAdmin(deps, principal, { type: 'status.read', kind: 'look' }, () => {
    const { policy, catalog, agents, connections } = deps.snapshot()
    return {
      version: deps.version,
      startedAt: deps.startedAt,
      uptimeMs: Math.max(0, deps.clock() - deps.startedAt),
      config: deps.config.status(),
      store: deps.store,
      policyVersion: policy.version,
      agents: agents.size,
      tools: catalog.tools.size,
      quarantined: [...catalog.tools.values()].filter((tool) => tool.quarantined).length,
      ...(deps.load && { load: deps.load() }),
      ...(deps.workers && { workers: deps.workers() }),
      connections: [...connections.values()].toSorted((a, b) => (a.connection < b.connection ? -1 : 1)),
    }
  })
}

/** Reads the configuration again. A bad edit throws `config_invalid` and changes nothing. */
export async function reloadConfig(deps: AdminDeps, principal: Principal): Promise<ConfigStatus> {
  return asAdmin(deps, principal, { type: 'config.reload', kind: 'change' }, async () => {
    await deps.config.reload()
    const now = deps.config.status()
    if (now.lastError) throw new GatewayError('config_invalid', now.lastError.detail)
    return now
  })
}
