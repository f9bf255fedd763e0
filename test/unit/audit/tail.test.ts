import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { tailAudit } from '../../../src/audit/tail.ts'
import { auditEvent, auditRoom } from '../../helpers/audit.ts'
import { failingFiles } from '../../helpers/failing-files.ts'

function follow(directory: string): { readonly seen: string[]; readonly ended: Promise<unknown>; stop(): void } {
  const stopping = new AbortController()
  onTestFinished(() => stopping.abort())
  const seen: string[] = []
  const records = tailAudit({ directory, signal: stopping.signal, pollMs: 20 })
  const read = async (): Promise<void> => {
    for await (const record of records) seen.push(record.requestId ?? record.type)
  }
  return { seen, ended: read().catch((error: unknown) => error), stop: () => stopping.abort() }
}

describe('tailAudit', () => {
  it('gives what is appended from now on, across segments, and ends when asked', async () => {
    const room = await auditRoom()
    await room.write([1, 2])
    const tail = follow(room.directory)
    await room.write([3, 4, 5, 6], { maxBytes: 500 })
    await expect.poll(() => tail.seen.filter((id) => id !== 'audit.segment')).toEqual(['r3', 'r4', 'r5', 'r6'])
    expect(tail.seen).toContain('audit.segment')
    tail.stop()
    expect(await tail.ended).toBeUndefined()
  })

  it('waits for a log that is not there yet', async () => {
    const room = await auditRoom()
    const tail = follow(join(room.directory))
    await room.write([1])
    await expect.poll(() => tail.seen).toEqual(['audit.segment', 'r1'])
  })

  it('gives a line when it is whole, once', async () => {
    const room = await auditRoom()
    await room.write([1, 2])
    const [, , last = ''] = await room.lines()
    await room.rewrite((lines) => lines.slice(0, 2))
    const tail = follow(room.directory)
    await room.add(last.slice(0, 30))
    await room.add(last.slice(30))
    await room.add('\n')
    await expect.poll(() => tail.seen).toEqual(['r2'])
  })

  it('gives nothing twice and misses nothing when the writer took back what the disk refused', async () => {
    const room = await auditRoom()
    await room.write([1])
    const tail = follow(room.directory)
    const disk = failingFiles()
    const log = await room.open({ files: disk.files })
    await log.append(auditEvent(2))
    disk.failWhen((step) => (step === 'datasync' || step === 'truncate' ? 'EIO' : undefined))
    await log.append(auditEvent(3)).catch(() => undefined)
    await expect.poll(() => tail.seen).toEqual(['r2', 'r3'])
    disk.failWhen((step) => (step === 'datasync' || step === 'write' ? 'EIO' : undefined))
    await log.append(auditEvent(4)).catch(() => undefined)
    disk.failWhen(() => undefined)
    await expect.poll(async () => (await room.lines()).length).toBe(3)
    await log.append(auditEvent(5, { reason: 'longer than what stood here before' }))
    await expect.poll(() => tail.seen).toEqual(['r2', 'r3', 'r5'])
    await log.close()
  })

  it('says that a line cannot be read', async () => {
    const room = await auditRoom()
    await room.write([1])
    const tail = follow(room.directory)
    await room.add('nonsense\n')
    expect(await tail.ended).toMatchObject({ code: 'audit_unavailable' })
  })
})
