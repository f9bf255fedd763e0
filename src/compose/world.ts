import { join } from 'node:path'
import type { AuditReader } from '../admin/audit-reader.ts'
import { jsonlAuditLog } from '../audit/jsonl-audit-log.ts'
import { queryAudit } from '../audit/query.ts'
import { tailAudit } from '../audit/tail.ts'
import { verifyAudit } from '../audit/verify.ts'
import { type Environment } from '../config/env.ts'
import type { Config } from '../config/schema.ts'
import { checkCanary } from '../connections/sealed/canary.ts'
import { createEgress, type Egress } from '../egress/egress.ts'
import type { AuditLog } from '../kernel/audit.ts'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import { fileLedger, type ProcessLedger, reapOrphans } from '../sources/process-ledger.ts'
import { type LowdbDriver, lowdbDriver } from '../store/lowdb-driver.ts'
import { openStore, type Store } from '../store/store.ts'
import { loadOrCreateKeyFile } from '../vault/key-file.ts'
import { parseKey, type VaultKey } from '../vault/key.ts'
import { type Seal, seal } from '../vault/seal.ts'
import { loadKeys } from '../vault/key-sources.ts'
import { openVault, type Vault } from '../vault/vault.ts'
import type { Closing } from './closing.ts'

/** What the house stands on: files, keys and the way out. */
export interface World {
  readonly driver: LowdbDriver
  readonly store: Store
  /** A file of its own: it is written every second while agents are busy, and the rest of the state is large. */
  readonly limits: Store
  readonly audit: AuditLog & AuditReader
  readonly egress: Egress
  readonly vault: Vault
  /** The file that our own key lives in, when no other source is configured. */
  readonly keyFile: string | undefined
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
  const keyFile =
    config.vault.keys.length > 0 || environment.encryptionKey ? undefined : join(directory, 'encryption.key')
  const vault = openVault({ keys: await keysOf(config, environment, keyFile) })
  const store = openStore(driver)
  await checkCanary({ store, vault, organisation: config.organisation })
  const audit = await openAudit(config, vault, clock)
  closing.add(() => audit.close())
  const egress = createEgress({ clock })
  closing.add(() => egress.close())
  const requestState = seal(vault.derive('request-state'), 'request-state')
  return {
    driver,
    store,
    limits: openStore(limits),
    vault,
    keyFile,
    audit,
    egress,
    seal: requestState,
    processes: fileLedger(processes),
  }
}

async function keysOf(
  { vault }: Config,
  { encryptionKey, variable }: Environment,
  keyFile: string | undefined,
): Promise<readonly VaultKey[]> {
  if (vault.keys.length > 0) return loadKeys(vault.keys, variable)
  if (encryptionKey) return [parseKey(encryptionKey)]
  return keyFile === undefined ? [] : loadOrCreateKeyFile(keyFile)
}

async function openAudit(config: Config, vault: Vault, clock: Clock): Promise<AuditLog & AuditReader> {
  const directory = join(config.store.path, 'audit')
  // Asked for each time: a key may be added while we run.
  const keys = (): readonly Buffer[] => vault.kids().map((kid) => vault.derive('audit', kid))
  const [key, ...formerKeys] = keys()
  if (!key) throw new GatewayError('internal', 'The vault has no key.')
  const log = await jsonlAuditLog({ directory, key, formerKeys, clock, maxBytes: config.audit.maxBytes })
  return {
    ...log,
    query: (filter, options) => queryAudit({ directory, filter, ...options }),
    verify: (signal) => verifyAudit({ directory, key, formerKeys: keys(), signal }),
    tail: (signal) => tailAudit({ directory, signal }),
  }
}
