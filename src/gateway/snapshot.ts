import type { Catalog } from '../catalog/catalog.ts'
import type { ConnectionStatus } from '../kernel/connection.ts'
import type { Agent } from '../kernel/principal.ts'
import type { Source } from '../kernel/source.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { Toolsets } from './toolset.ts'

/** Everything that a request runs on. Never changed: an edit makes a new one, swapped whole. */
export interface Snapshot {
  readonly version: string
  readonly policy: CompiledPolicy
  readonly catalog: Catalog
  readonly agents: ReadonlyMap<string, Agent>
  /** The source of each enabled connection; the source of one that is down says so when it is called. */
  readonly sources: ReadonlyMap<string, Source>
  readonly connections: ReadonlyMap<string, ConnectionStatus>
  readonly toolsets: Toolsets
}
