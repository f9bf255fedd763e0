import { join } from 'node:path'
import type { AuditReader } from '../admin/audit-reader.ts'
import { jsonlAuditLog } from '../audit/jsonl-audit-log.ts'
import { queryAudit } from '../audit/query.ts'
import { tailAudit } from '../audit/tail.ts'
import { verifyAudit } from '../audit/verify.ts'
import { type Environment } from '../config/env.ts'
import type { Config } from '../config/schema.ts'
import { createEgress, type Egress } from '../egress/egress.ts'
import type { AuditLog } from '../kernel/audit.ts'
import type { Clock } from '../kernel/clock.ts'
import { fileLedger, type ProcessLedger, reapOrphans } from '../sources/process-ledger.ts'
import { type LowdbDriver, lowdbDriver } from '../store/lowdb-driver.ts'
import { openStore, type Store } from '../store/store.ts'
import { loadOrCreateKeyFile } from '../vault/key-file.ts'
import { parseKey } from '../vault/key.ts'
import { type Seal, seal } from '../vault/seal.ts'
import { openVault } from '../vault/vault.ts'
import type { Closing } from './closing.ts'

/** What the house stands on: files, keys and the way out. */
export interface World {
  readonly driver: LowdbDriver
  readonly store: Store
  /** A file of its own: it is written every second while agents are busy, and the rest of the state is large. */
  readonly limits: Store
  readonly audit: AuditLog & AuditReader
  readonly egress: Egress
  /** For what modern clients keep for us between two rounds of a call. */
  readonly seal: Seal
  readonly processes: ProcessLedger
}

export interface WorldOptions {
  readonly config: Config
  readonly environment: Environment
  /** For the message that a second process gets. */
  readonly owner: string
  readonly clock: Clock
  readonly closing: Closing
}

/** Opens store, vault, audit log and egress. Holding the store's lock makes us the only one in the folder. */
export async function openWorld({ config, environment, owner, clock, closing }: WorldOptions): Promise<World> {
  const directory = config.store.path
  const driver = await lowdbDriver({ directory, clock, owner })
  closing.add(() => driver.close())
  const limits = await lowdbDriver({ directory: join(directory, 'limits'), clock, owner })
  closing.add(() => limits.close())
  const processes = join(directory, 'processes')
  reapOrphans(processes)
  const vault = openVault({
    keys: [
      environment.encryptionKey
        ? parseKey(environment.encryptionKey)
        : await loadOrCreateKeyFile(join(directory, 'encryption.key')),
    ],
  })
  const audit = await openAudit(config, vault.derive('audit'), clock)
  closing.add(() => audit.close())
  const egress = createEgress({ clock })
  closing.add(() => egress.close())
  const requestState = seal(vault.derive('request-state'), 'request-state')
  return {
    driver,
    store: openStore(driver),
    limits: openStore(limits),
    audit,
    egress,
    seal: requestState,
    processes: fileLedger(processes),
  }
}

async function openAudit(config: Config, key: Buffer, clock: Clock): Promise<AuditLog & AuditReader> {
  const directory = join(config.store.path, 'audit')
  const log = await jsonlAuditLog({ directory, key, clock, maxBytes: config.audit.maxBytes })
  return {
    ...log,
    query: (filter, options) => queryAudit({ directory, filter, ...options }),
    verify: (signal) => verifyAudit({ directory, key, signal }),
    tail: (signal) => tailAudit({ directory, signal }),
  }
}
