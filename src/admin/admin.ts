import type { Catalog } from '../catalog/catalog.ts'
import type { SearchIndex } from '../catalog/search/search-index.ts'
import type { AuditEvent, AuditLog } from '../kernel/audit.ts'
import type { Clock, NewId } from '../kernel/clock.ts'
import type { ConnectionStatus } from '../kernel/connection.ts'
import { toGatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Agent, Principal, Role } from '../kernel/principal.ts'
import type { ToolId, ToolResult } from '../kernel/tool.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { AgentBook, KeyBook } from './agent-books.ts'
import type { VaultControl } from '../connections/sealed/rotation.ts'
import type { AliasBook } from './alias-book.ts'
import type { AuditReader } from './audit-reader.ts'
import { may, refusal } from './authority.ts'
import type { FreezeBook } from './freeze-book.ts'
import type { WorkerStatus } from './status.ts'
import type { OverrideBook } from './override-book.ts'
import type { ConnectionsPort } from './connections-port.ts'
import type { PeopleBook, PersonKeyBook } from './people-books.ts'
import type { PolicyControl } from './policy-control.ts'

/** What the use cases of admins are run with. */
export interface AdminDeps {
  /** The product's version. */
  readonly version: string
  /** When the gateway was started, in milliseconds since the epoch. */
  readonly startedAt: number
  /** Where the state is kept, for people: `lowdb in .gatehouse`. */
  readonly store: string
  snapshot(): AdminSnapshot
  /** What clients keep open right now; absent where there are none to count. */
  load?(): Load
  /** The processes that serve HTTP; absent where this one does. */
  workers?(): readonly WorkerStatus[]
  readonly agents: AgentBook
  readonly keys: KeyBook
  readonly people: PeopleBook
  readonly personKeys: PersonKeyBook
  readonly pins: Pins
  readonly overrides: Pick<OverrideBook, 'get' | 'set' | 'remove'>
  /** What search has learned from successful searches. */
  readonly aliases: Pick<AliasBook, 'stems' | 'forget'>
  readonly connections: ConnectionsPort
  readonly policy: PolicyControl
  readonly vault: VaultControl
  readonly freezes: Pick<FreezeBook, 'all' | 'add' | 'lift'>
  readonly audit: AuditLog & AuditReader
  readonly config: ConfigControl
  /** The words of a catalog's tools; resolves when they are indexed. */
  searchIndex(catalog: Catalog): Promise<SearchIndex>
  /** The one path to a tool. */
  callTool(call: { readonly name: string; readonly arguments: unknown }, exchange: Exchange): Promise<ToolResult>
  readonly clock: Clock
  readonly newId: NewId
}

/** Everything here is bounded, by principal and in total. */
export interface Load {
  /** Of clients that speak 2025-11-25 or earlier. */
  readonly sessions: number
  /** Streams of `subscriptions/listen`. */
  readonly listens: number
  /** Calls that wait for a source or for their caller. */
  readonly running: number
  /** Those of them that wait for their caller's answer. */
  readonly parked: number
  /** Resources that somebody follows. */
  readonly subscriptions: number
}

/** The part of the gateway's snapshot that admins look at. */
export interface AdminSnapshot {
  readonly policy: CompiledPolicy
  readonly catalog: Catalog
  readonly agents: ReadonlyMap<string, Agent>
  readonly connections: ReadonlyMap<string, ConnectionStatus>
}

/** The accepted definitions of tools. */
export interface Pins {
  get(id: ToolId): Promise<Pin | undefined>
  /** Accepts the definition with this fingerprint; `version_conflict` when the tool has changed again meanwhile. */
  accept(id: ToolId, fingerprint: string): Promise<void>
}

export interface Pin {
  readonly fingerprint: string
  /** The pinned part of the accepted definition. */
  readonly definition: JsonObject
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number
}

export interface ConfigControl {
  status(): ConfigStatus
  /** Reads the file again and swaps the snapshot. A bad edit leaves everything as it was and stands in `lastError`. */
  reload(): Promise<void>
}

export interface ConfigStatus {
  readonly path: string
  /** When the configuration in force was read, in milliseconds since the epoch. */
  readonly loadedAt: number
  /** Why the last edit was not taken; absent when the file and the gateway agree. */
  readonly lastError?: { readonly at: number; readonly detail: string }
}

type DeedKind = 'change' | 'stop' | 'decide' | 'read' | 'look'

const USUAL_NEED: Readonly<Record<DeedKind, Role>> = {
  change: 'admin',
  stop: 'admin',
  decide: 'approver',
  read: 'viewer',
  look: 'viewer',
}

interface Deed {
  /** `agent.added`, `tool.accepted`, …: the audit event's type. */
  readonly type: string
  /** `change`, `decide`: intent before, outcome after. `stop`: done first, then one event. `read`: one event. `look`: recorded only when it is refused. */
  readonly kind: DeedKind
  /** Where not what the kind needs: a look or read needs a viewer, a decision an approver, a change an admin. */
  readonly needs?: Role
  readonly facts?: Partial<Pick<AuditEvent, 'agent' | 'tool' | 'connection' | 'detail'>>
}

/** The guard before every use case: only people whose role suffices pass, and what must leave a trace leaves one. */
export async function asAdmin<T>(
  deps: AdminDeps,
  principal: Principal,
  deed: Deed,
  work: () => T | Promise<T>,
): Promise<T> {
  const record = (event: Pick<AuditEvent, 'phase'> & Partial<AuditEvent>): Promise<void> =>
    deps.audit.append({ type: deed.type, at: deps.clock(), principal: principal.id, ...deed.facts, ...event })
  const need = deed.needs ?? USUAL_NEED[deed.kind]
  if (!may(principal, need)) {
    const error = refusal(principal, need)
    await record({ phase: 'event', outcome: 'denied', code: error.code })
    throw error
  }
  if (deed.kind === 'look') return work()
  if (deed.kind === 'read') {
    await record({ phase: 'event', outcome: 'ok' })
    return work()
  }
  if (deed.kind !== 'stop') await record({ phase: 'intent' })
  return settle(work, (event) => record(deed.kind === 'stop' ? { ...event, phase: 'event' } : event))
}

async function settle<T>(
  work: () => T | Promise<T>,
  record: (event: Pick<AuditEvent, 'phase'> & Partial<AuditEvent>) => Promise<void>,
): Promise<T> {
  let result: T
  try {
    result = await work()
  } catch (error) {
    const failure = toGatewayError(error)
    await record({ phase: 'outcome', outcome: 'error', code: failure.code, reason: failure.message })
    throw failure
  }
  await record({ phase: 'outcome', outcome: 'ok' })
  return result
}
