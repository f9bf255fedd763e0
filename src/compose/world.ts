import { join } from 'node:path'
import type { AuditReader } from '../admin/audit-reader.ts'
import { jsonlAuditLog } from '../audit/jsonl-audit-log.ts'
import { queryAudit } from '../audit/query.ts'
import { readAudit } from '../audit/read-audit.ts'
import { statementSigner, type StatementKey, type StatementSigner } from '../audit/statement.ts'
import { tailAudit } from '../audit/tail.ts'
import { verifyAudit } from '../audit/verify.ts'
import { type Environment } from '../config/env.ts'
import type { Config } from '../config/schema.ts'
import { checkCanary } from '../connections/sealed/canary.ts'
import { createEgress, type Egress } from '../egress/egress.ts'
import type { Log } from '../gateway/gateway.ts'
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
  /** Hears of checkpoints, so that what collects the log takes them off the machine. */
  readonly log: Log
}

/** Opens store, vault, audit log and egress. Holding the store's lock makes us the only one in the folder. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { config, environment, owner, clock, closing } = options
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
  const audit = await openAudit(options, vault)
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

async function openAudit({ config, clock, log }: WorldOptions, vault: Vault): Promise<AuditLog & AuditReader> {
  const directory = join(config.store.path, 'audit')
  // Asked for each time: a key may be added while we run.
  const keys = (): readonly Buffer[] => vault.kids().map((kid) => vault.derive('audit', kid))
  const signers = (): readonly StatementSigner[] =>
    vault.kids().map((kid) => statementSigner(vault.derive('audit-checkpoint', kid)))
  const statementKeys = (): readonly StatementKey[] => signers().map((signer) => signer.key)
  const [key, ...formerKeys] = keys()
  const [signer] = signers()
  if (!key || !signer) throw new GatewayError('internal', 'The vault has no key.')
  const written = await jsonlAuditLog({
    directory,
    key,
    formerKeys,
    clock,
    maxBytes: config.audit.maxBytes,
    checkpoints: {
      signer,
      formerKeys: statementKeys().slice(1),
      gateway: config.organisation,
      onSigned: (checkpoint) => log.info({ checkpoint }, 'audit checkpoint'),
    },
    retain: { maxAgeMs: toMs(config.audit.retain.days), maxBytes: config.audit.retain.maxBytes },
    onTrouble: (detail, error) => log.error({ detail }, 'audit log', error),
  })
  return {
    append: written.append,
    close: written.close,
    query: (filter, options) => queryAudit({ directory, filter, ...options }),
    read: (filter, signal) => readAudit({ directory, filter, signal }),
    async verify({ signal, kept }) {
      const verdict = await verifyAudit({
        directory,
        key,
        formerKeys: keys(),
        statementKeys: statementKeys(),
        kept: kept && { lines: kept.lines, keys: kept.keys ?? statementKeys() },
        signal,
      })
      return { ...verdict, notes: [...written.status().troubles, ...verdict.notes] }
    },
    checkpoints: () => ({ keys: statementKeys(), ...written.status() }),
    tail: (signal) => tailAudit({ directory, signal }),
  }
}

const DAY_MS = 86_400_000

const toMs = (days: number | undefined): number | undefined => (days === undefined ? undefined : days * DAY_MS)
