import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import type { AuditLog } from '../../src/kernel/audit.ts'
import { auditEvent, type AuditRoom, auditRoom, FIRST_SEGMENT } from '../helpers/audit.ts'
import { type FailingFiles, failingFiles, type Step } from '../helpers/failing-files.ts'

async function openOnFailingDisk(maxBytes = 100_000): Promise<{ room: AuditRoom; disk: FailingFiles; log: AuditLog }> {
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
