import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { CHECKPOINT_FILE } from '../../src/audit/checkpoint.ts'
import type { JsonlAuditLog } from '../../src/audit/jsonl-audit-log.ts'
import { auditEvent, type AuditRoom, auditRoom, CHECKPOINTS, FIRST_SEGMENT } from '../helpers/audit.ts'
import { type FailingFiles, failingFiles, type Step } from '../helpers/failing-files.ts'

async function openOnFailingDisk(
  maxBytes = 100_000,
): Promise<{ room: AuditRoom; disk: FailingFiles; log: JsonlAuditLog }> {
  const room = await auditRoom()
  const disk = failingFiles()
  return { room, disk, log: await room.open({ files: disk.files, maxBytes }) }
}

const ids = async (room: AuditRoom): Promise<readonly string[]> =>
  (await room.records()).filter((record) => record.type === 'tool.call').map((record) => record.requestId ?? '')

describe('an audit log whose disk refuses', () => {
  it.each<[Step, string, string]>([
    ['write', 'ENOSPC', 'the disk is full; make room'],
    ['datasync', 'EIO', 'the disk fails; check its health'],
  ])('rejects the appends when %s fails with %s, and the chain stays whole', async (step, code, todo) => {
    const { room, disk, log } = await openOnFailingDisk()
    await log.append(auditEvent(1))
    disk.failWhen((tried) => (tried === step ? code : undefined))
    const refused = await Promise.allSettled([2, 3].map((n) => log.append(auditEvent(n))))
    for (const one of refused) {
      const reason = {
        code: 'audit_unavailable',
        message: `The audit log in ${room.directory} cannot be written: ${todo}.`,
      }
      expect(one).toMatchObject({ status: 'rejected', reason })
    }
    disk.failWhen(() => undefined)
    await log.append(auditEvent(4))
    await log.close()
    expect(await ids(room)).toEqual(['r1', 'r4'])
    expect(await room.verify()).toMatchObject({ ok: true, records: 3, notes: [] })
  })

  it('cleans up later when it cannot do so at once', async () => {
    const { room, disk, log } = await openOnFailingDisk()
    await log.append(auditEvent(1))
    disk.failWhen((step) => (step === 'datasync' || step === 'truncate' ? 'EIO' : undefined))
    await expect(log.append(auditEvent(2))).rejects.toMatchObject({ code: 'audit_unavailable' })
    await expect(log.append(auditEvent(3))).rejects.toMatchObject({ code: 'audit_unavailable' })
    disk.failWhen(() => undefined)
    await log.append(auditEvent(4))
    await log.close()
    expect(await ids(room)).toEqual(['r1', 'r4'])
    expect(await room.verify()).toMatchObject({ ok: true, notes: [] })
  })

  it.each<[Step, string]>([
    ['open', 'EMFILE'],
    ['write', 'ENOSPC'],
    ['datasync', 'EIO'],
    ['sync', 'EIO'],
  ])('goes on in the next segment when beginning it failed at first (%s)', async (step, code) => {
    const { room, disk, log } = await openOnFailingDisk(500)
    for (const n of [1, 2]) await log.append(auditEvent(n))
    disk.failWhen((tried, path) => (tried === step && !path.includes('head.json') ? code : undefined))
    await expect(log.append(auditEvent(3))).rejects.toMatchObject({ code: 'audit_unavailable' })
    disk.failWhen(() => undefined)
    await log.append(auditEvent(4))
    await log.close()
    expect(await ids(room)).toEqual(['r1', 'r2', 'r4'])
    expect(await room.verify()).toMatchObject({ ok: true, segments: 2, notes: [] })
  })

  it('says so when the head cannot be sealed at the end, and is whole when opened again', async () => {
    const { room, disk, log } = await openOnFailingDisk()
    await log.append(auditEvent(1))
    disk.failWhen((step) => (step === 'rename' ? 'ENOSPC' : undefined))
    await expect(log.close()).rejects.toMatchObject({ code: 'audit_unavailable' })
    expect(await readdir(room.directory)).toEqual([FIRST_SEGMENT, 'checkpoints.jsonl', 'head.json'])
    await room.write([2])
    expect(await room.verify()).toMatchObject({ ok: true, records: 3 })
  })

  it('does not open on a disk that it cannot write to, and leaves no lock behind', async () => {
    const room = await auditRoom()
    const disk = failingFiles()
    disk.failWhen((step) => (step === 'open' ? 'EROFS' : undefined))
    await expect(room.open({ files: disk.files })).rejects.toMatchObject({
      code: 'audit_unavailable',
      message: expect.stringContaining('the file system is read-only; choose another directory'),
    })
    expect(await readdir(room.directory)).toEqual([])
  })

  it('seals the head by itself soon after an append, so that a later crash hides no cut', async () => {
    const room = await auditRoom()
    const disk = failingFiles()
    const log = await room.open({ files: disk.files, sealMs: 1 })
    await log.append(auditEvent(1))
    disk.steps.length = 0
    await log.append(auditEvent(2))
    await expect.poll(() => disk.steps).toContain('rename head.json')
    await expect
      .poll(async () => (await room.rewrite((lines) => lines.slice(0, 2)), room.verify()))
      .toMatchObject({
        ok: false,
        reason: 'truncated',
      })
    await log.close()
  })
})

describe('checkpoints on a disk that refuses', () => {
  it('stop nobody: records are written, the trouble is told, and the next checkpoint covers all', async () => {
    const room = await auditRoom()
    const disk = failingFiles()
    const told: string[] = []
    const log = await room.open({
      files: disk.files,
      checkpoints: { ...CHECKPOINTS, every: 2, everyMs: 5 },
      onTrouble: (detail) => told.push(detail),
    })
    // A path is known when the file is opened: half of the line is written, and then the disk is full.
    disk.failWhen((step, path) => (step === 'write' && path.endsWith(CHECKPOINT_FILE) ? 'ENOSPC' : undefined))
    for (const n of [1, 2, 3, 4]) await log.append(auditEvent(n))
    await expect.poll(() => told[0]).toContain('the disk is full; make room. Records are written all the same.')
    expect(log.status().troubles).toEqual([told[0]])
    const meanwhile = await room.verify()
    expect(meanwhile).toMatchObject({
      ok: true,
      checkpoints: 0,
      notes: ['Records 1 to 5 are under no checkpoint yet.'],
    })
    disk.failWhen(() => undefined)
    await expect.poll(() => log.status().troubles).toEqual([])
    await log.append(auditEvent(5))
    await log.close()
    expect(await ids(room)).toEqual(['r1', 'r2', 'r3', 'r4', 'r5'])
    expect(JSON.parse((await room.lines(CHECKPOINT_FILE))[0] ?? '')).toMatchObject({ firstSeq: 1, count: 5 })
    expect(await room.verify()).toMatchObject({ ok: true, notes: [] })
  })

  it('do not keep the log from closing, and the next time covers what was left', async () => {
    const { room, disk, log } = await openOnFailingDisk()
    await log.append(auditEvent(1))
    disk.failWhen((_, path) => (path.endsWith(CHECKPOINT_FILE) ? 'EIO' : undefined))
    await log.close()
    expect(log.status().troubles[0]).toContain('the disk fails; check its health')
    await room.write([2])
    expect(await room.verify()).toMatchObject({ ok: true, checkpoints: 1, notes: [] })
  })

  it('removes nothing that it cannot record, and nothing before it has noted where the log begins', async () => {
    for (const rule of [
      (step: Step, path: string) => (step === 'write' && path.includes('audit-0') ? 'ENOSPC' : undefined),
      (step: Step, path: string) => (step === 'rename' && path.endsWith('retained.json') ? 'ENOSPC' : undefined),
    ]) {
      const room = await auditRoom()
      for (const n of [1, 2, 3, 4]) await room.write([n], { maxBytes: 300 })
      const before = (await readdir(room.directory)).filter((name) => name.startsWith('audit-0'))
      const disk = failingFiles()
      disk.failWhen(rule)
      const told: string[] = []
      const retain = { maxBytes: 1 }
      const log = await room.open({ files: disk.files, retain, onTrouble: (detail) => told.push(detail) })
      await expect.poll(() => told[0]).toContain('Old audit records could not be removed.')
      await log.close()
      expect(await readdir(room.directory)).toEqual(expect.arrayContaining(before))
      expect(await room.verify()).toMatchObject({ ok: true })
    }
  })
})
