import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { CheckpointSettings } from '../../src/audit/checkpoint-writer.ts'
import { jsonlAuditLog, type JsonlAuditLog, type JsonlAuditLogOptions } from '../../src/audit/jsonl-audit-log.ts'
import { queryAudit } from '../../src/audit/query.ts'
import { statementSigner } from '../../src/audit/statement.ts'
import { verifyAudit, type VerifyOptions } from '../../src/audit/verify.ts'
import type { Verification } from '../../src/audit/verification.ts'
import type { AuditEvent, AuditRecord } from '../../src/kernel/audit.ts'

export const AUDIT_KEY = Buffer.from('7k0SR3oq7JvzF8KkPIKYyiCnmxWTTXuVA2CPdFPEFbQ=', 'base64')
export const SIGNER = statementSigner(Buffer.alloc(32, 'checkpoint'))
/** One at close, and none before. */
export const CHECKPOINTS: CheckpointSettings = { signer: SIGNER, gateway: 'test', everyMs: 3_600_000 }
export const FIRST_SEGMENT = 'audit-000001.jsonl'
export const SECOND_SEGMENT = 'audit-000002.jsonl'

export const auditEvent = (n: number, more: Partial<AuditEvent> = {}): AuditEvent => ({
  type: 'tool.call',
  phase: 'outcome',
  at: 1_000 + n,
  requestId: `r${n}`,
  ...more,
})

/** A directory for audit logs of one test, with the hands that a test needs. */
export interface AuditRoom {
  readonly directory: string
  open(options?: Partial<JsonlAuditLogOptions>): Promise<JsonlAuditLog>
  /** Opens a log, appends events with these numbers one after the other, and closes it. */
  write(numbers: readonly number[], options?: Partial<JsonlAuditLogOptions>): Promise<void>
  verify(options?: Partial<VerifyOptions>): Promise<Verification>
  /** Oldest first, those of the log itself too. */
  records(): Promise<readonly AuditRecord[]>
  /** The lines of a file without line feeds. */
  lines(file?: string): Promise<readonly string[]>
  rewrite(change: (lines: readonly string[]) => readonly string[], file?: string): Promise<void>
  add(text: string, file?: string): Promise<void>
}

export async function auditRoom(): Promise<AuditRoom> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return roomIn(directory)
}

export function roomIn(directory: string): AuditRoom {
  const path = (file = FIRST_SEGMENT): string => join(directory, file)
  const open: AuditRoom['open'] = (options) =>
    jsonlAuditLog({
      directory,
      key: AUDIT_KEY,
      clock: () => 500,
      sealMs: 3_600_000,
      checkpoints: CHECKPOINTS,
      ...options,
    })
  const lines: AuditRoom['lines'] = async (file) => (await readFile(path(file), 'utf8')).split('\n').slice(0, -1)
  return {
    directory,
    open,
    lines,
    async write(numbers, options) {
      const log = await open(options)
      for (const n of numbers) await log.append(auditEvent(n))
      await log.close()
    },
    verify: (options) => verifyAudit({ directory, key: AUDIT_KEY, statementKeys: [SIGNER.key], ...options }),
    async records() {
      const newestFirst: AuditRecord[] = []
      for await (const record of queryAudit({ directory, limit: 100_000 })) newestFirst.push(record)
      return newestFirst.toReversed()
    },
    async rewrite(change, file) {
      await writeFile(
        path(file),
        change(await lines(file))
          .map((line) => `${line}\n`)
          .join(''),
      )
    },
    add: (text, file) => appendFile(path(file), text),
  }
}
