import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readAudit } from '../../../src/audit/read-audit.ts'
import { verifyAudit } from '../../../src/audit/verify.ts'
import { statementSigner } from '../../../src/audit/statement.ts'
import type { AuditReader } from '../../../src/admin/audit-reader.ts'
import { adminWorld } from '../../helpers/admin-world.ts'
import { AUDIT_KEY, auditEvent, auditRoom, type AuditRoom, SIGNER } from '../../helpers/audit.ts'
import { testShell } from '../../helpers/test-shell.ts'

/** The command line over a real log. */
async function shellOver(room: AuditRoom) {
  const { directory } = room
  const world = await adminWorld()
  const reader: Partial<AuditReader> = {
    read: (filter, signal) => readAudit({ directory, filter, signal }),
    verify: ({ kept, signal }) =>
      verifyAudit({
        directory,
        key: AUDIT_KEY,
        statementKeys: [SIGNER.key],
        kept: kept && { lines: kept.lines, keys: kept.keys ?? [SIGNER.key] },
        signal,
      }),
  }
  Object.assign(world.deps.audit, reader)
  return { world, ...testShell({ world }) }
}

const CHECKPOINT_FILE = 'checkpoints.jsonl'

describe('audit export', () => {
  it('writes what matches, as JSON lines or CSV, with every filter that a search has', async () => {
    const room = await auditRoom()
    const log = await room.open()
    await log.append(auditEvent(1, { agent: 'a', user: 'ann', rule: 'r', code: 'denied', trace: 't', principal: 'p' }))
    await log.append(auditEvent(2, { agent: 'a', approval: 'apr-1', outcome: 'ok', connection: 'c', tool: 'x' }))
    await log.append(auditEvent(3, { type: 'approval.decided', detail: { approval: 'apr-1' } }))
    await log.close()
    const found = async (...options: readonly string[]): Promise<readonly string[]> => {
      const { run, out } = await shellOver(room)
      expect(await run('audit', 'export', ...options)).toBe(0)
      return out()
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).requestId)
    }
    expect(await found('--agent', 'a')).toEqual(['r1', 'r2'])
    for (const [option, value, request] of [
      ['--user', 'ann', 'r1'],
      ['--rule', 'r', 'r1'],
      ['--code', 'denied', 'r1'],
      ['--trace', 't', 'r1'],
      ['--principal', 'p', 'r1'],
      ['--request-id', 'r1', 'r1'],
      ['--outcome', 'ok', 'r2'],
      ['--connection', 'c', 'r2'],
      ['--tool', 'x', 'r2'],
      ['--type', 'approval.decided', 'r3'],
    ] as const)
      expect(await found(option, value), option).toEqual([request])
    expect(await found('--approval', 'apr-1')).toEqual(['r2', 'r3'])
    const { run, out } = await shellOver(room)
    expect(await run('audit', 'export', '--format', 'csv', '--agent', 'a')).toBe(0)
    expect(out().split('\r\n')).toHaveLength(4)
    expect(out()).toMatch(/^seq,time,type,/)
  })
})

describe('audit verify', () => {
  it('compares with checkpoints that were kept elsewhere, bare or in a log with other lines', async () => {
    const room = await auditRoom()
    await room.write([1, 2])
    const shell = await shellOver(room)
    const path = join(room.directory, 'kept.log')
    const [line = ''] = await room.lines(CHECKPOINT_FILE)
    writeFileSync(path, `{"level":30,"msg":"other"}\n${JSON.stringify({ level: 30, checkpoint: line })}\n${line}\n`)
    expect(await shell.run('audit', 'verify', '--checkpoints', path)).toBe(0)
    expect(shell.out()).toContain('1 of the kept checkpoints speak of records that are here')
    expect(await shell.run('audit', 'verify', '--checkpoints', path, '--public-key', SIGNER.key.spki)).toBe(0)
    const other = statementSigner(Buffer.alloc(32, 'other')).key.spki
    expect(await shell.run('audit', 'verify', '--checkpoints', path, '--public-key', other)).toBe(1)

    const rebuilt = await auditRoom()
    await rebuilt.write([1, 3])
    const after = await shellOver(rebuilt)
    expect(await after.run('audit', 'verify')).toBe(0)
    expect(await after.run('audit', 'verify', '--checkpoints', path)).toBe(1)
    expect(after.out()).toContain(`not ok: ${path}, line 2 (record 3)`)
  })

  it('refuses a file without checkpoints, one that is not there, and a key that is none', async () => {
    const room = await auditRoom()
    await room.write([1])
    const { run, err } = await shellOver(room)
    const path = join(room.directory, 'kept.log')
    writeFileSync(path, '{"msg":"other"}\n')
    expect(await run('audit', 'verify', '--checkpoints', path)).not.toBe(0)
    expect(err()).toContain('holds no checkpoints')
    expect(await run('audit', 'verify', '--checkpoints', `${path}.none`)).not.toBe(0)
    expect(err()).toContain('cannot be read')
    writeFileSync(path, (await room.lines(CHECKPOINT_FILE)).join('\n'))
    expect(await run('audit', 'verify', '--checkpoints', path, '--public-key', 'AAAA')).not.toBe(0)
    expect(err()).toContain('none of Ed25519')
  })
})

describe('audit checkpoints', () => {
  it('shows the public keys', async () => {
    const { run, out } = await shellOver(await auditRoom())
    expect(await run('audit', 'checkpoints')).toBe(0)
    expect(out()).toMatch(/^key [\w-]{16}: [\w-]{59}$/m)
  })
})
