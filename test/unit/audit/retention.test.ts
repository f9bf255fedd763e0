import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { JsonlAuditLogOptions } from '../../../src/audit/jsonl-audit-log.ts'
import { queryAudit } from '../../../src/audit/query.ts'
import { readAudit } from '../../../src/audit/read-audit.ts'
import { tailAudit } from '../../../src/audit/tail.ts'
import type { AuditRecord } from '../../../src/kernel/audit.ts'
import { auditEvent, auditRoom, type AuditRoom, CHECKPOINTS, SECOND_SEGMENT, SIGNER } from '../../helpers/audit.ts'

const SEGMENTS = { maxBytes: 500 }
const RETAINED = 'retained.json'
const CHECKPOINT_FILE = 'checkpoints.jsonl'

/** Many small segments, and a checkpoint for every two records. */
async function manySegments(): Promise<AuditRoom> {
  const room = await auditRoom()
  for (let n = 1; n <= 12; n += 2) await room.write([n, n + 1], SEGMENTS)
  return room
}

const segmentsOf = async (room: AuditRoom): Promise<readonly string[]> =>
  (await readdir(room.directory)).filter((name) => name.startsWith('audit-0')).toSorted()

/** Opens the log, waits for the removal that this leads to, and closes it. */
async function retain(room: AuditRoom, options: Partial<JsonlAuditLogOptions>): Promise<void> {
  const log = await room.open({ ...SEGMENTS, ...options })
  await expect.poll(async () => (await room.records()).at(-1)?.type).toBe('audit.retained')
  await expect.poll(async () => (await room.records()).at(-1)?.outcome).toBe('ok')
  await log.close()
}

const OLDER_THAN_SIX = { retain: { maxAgeMs: 1_000 }, clock: () => 2_006 }

describe('retention', () => {
  it('removes nothing when nothing is said', async () => {
    const room = await manySegments()
    const before = await segmentsOf(room)
    await room.write([13], { ...SEGMENTS, clock: () => Number.MAX_SAFE_INTEGER })
    expect((await segmentsOf(room)).slice(0, before.length)).toEqual(before)
  })

  it('removes whole segments that are too old, records it, and what is left can be verified', async () => {
    const room = await manySegments()
    const all = await room.records()
    await retain(room, OLDER_THAN_SIX)
    const left = await room.records()
    const first = left[0]?.seq ?? 0
    expect(first).toBeGreaterThan(1)
    expect(left.slice(0, 3)).toEqual(all.filter(({ seq }) => seq >= first).slice(0, 3))
    expect(all.filter(({ seq }) => seq < first).every(({ at }) => at < 1_006)).toBe(true)
    const detail = { firstSeq: 1, lastSeq: first - 1, segments: expect.any(Number) }
    expect(left.slice(-2)).toMatchObject([
      { type: 'audit.retained', phase: 'intent', detail },
      { type: 'audit.retained', phase: 'outcome', outcome: 'ok', detail },
    ])
    expect(await room.verify()).toMatchObject({
      ok: true,
      records: left.length,
      notes: [`Records 1 to ${first - 1} were removed as old.`],
    })
    expect(JSON.parse((await room.lines(CHECKPOINT_FILE))[0] ?? '')).toMatchObject({ lastSeq: expect.any(Number) })
    const spoken = (await room.lines(CHECKPOINT_FILE)).map((line): number => JSON.parse(line).lastSeq)
    expect(spoken.every((seq) => seq >= first)).toBe(true)
  })

  it('removes the oldest while all together are too large, never the one that is written to', async () => {
    const room = await manySegments()
    await retain(room, { retain: { maxBytes: 1_200 } })
    const names = await segmentsOf(room)
    expect(names.length).toBeGreaterThan(1)
    expect(names.length).toBeLessThan(5)
    await retain(room, { retain: { maxBytes: 1 } })
    expect((await segmentsOf(room)).length).toBeGreaterThan(0)
    await room.write([20], SEGMENTS)
    expect((await room.records()).at(-1)).toMatchObject({ requestId: 'r20' })
    expect(await room.verify()).toMatchObject({ ok: true })
  })

  it('goes on by itself while the log is written, and again after it was opened again', async () => {
    const room = await auditRoom()
    const log = await room.open({ ...SEGMENTS, retain: { maxBytes: 2_000 } })
    for (let n = 1; n <= 60; n++) await log.append(auditEvent(n))
    await expect.poll(async () => (await segmentsOf(room)).length).toBeLessThan(12)
    await log.close()
    await retain(room, { retain: { maxBytes: 1_000 } })
    const seqs = (await room.records()).map(({ seq }) => seq)
    expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index))
    expect(await room.verify()).toMatchObject({ ok: true })
  })

  it('leaves searching, exporting and following to work', async () => {
    const room = await manySegments()
    const signal = AbortSignal.timeout(10_000)
    const tail = tailAudit({ directory: room.directory, signal, pollMs: 5 })[Symbol.asyncIterator]()
    await retain(room, OLDER_THAN_SIX)
    expect((await tail.next()).value).toMatchObject({ type: 'audit.segment' })
    const { directory } = room
    const newest: AuditRecord[] = []
    for await (const record of queryAudit({ directory, limit: 1_000 })) newest.push(record)
    const oldest: AuditRecord[] = []
    for await (const record of readAudit({ directory, filter: {}, signal })) oldest.push(record)
    expect(oldest).toEqual(newest.toReversed())
    await tail.return?.()
  })

  it('keeps a changed segment and all after it as evidence, and says so', async () => {
    const room = await manySegments()
    await room.rewrite((lines) => lines.map((line) => line.replace('"requestId":"r', '"requestId":"x')), SECOND_SEGMENT)
    const told: string[] = []
    const log = await room.open({ ...SEGMENTS, ...OLDER_THAN_SIX, onTrouble: (detail) => told.push(detail) })
    await expect.poll(() => told.length).toBe(1)
    expect(told[0]).toMatch(/audit-000002\.jsonl, line \d+, is damaged: it stays as evidence/)
    expect(log.status().troubles).toEqual(told)
    await log.close()
    expect((await segmentsOf(room))[0]).toBe(SECOND_SEGMENT)
    expect(await room.verify()).toMatchObject({ ok: false, file: SECOND_SEGMENT, reason: 'damaged' })
  })

  it.each<[string, (room: AuditRoom, old: Buffer) => Promise<void>, object]>([
    ['is gone', (room) => rm(join(room.directory, RETAINED)), { reason: 'missing_segment', seq: 1 }],
    [
      'was changed',
      (room, text) => writeFile(join(room.directory, RETAINED), text.toString().replace('"segment":', '"segment": ')),
      { reason: 'retained_damaged', file: RETAINED },
    ],
    ['is an older one', (room, text) => writeFile(join(room.directory, RETAINED), text), { reason: 'missing_segment' }],
  ])('shows that what it has noted %s', async (name, change, found) => {
    const room = await manySegments()
    await retain(room, { retain: { maxBytes: 3_000 } })
    const old = await readFile(join(room.directory, RETAINED))
    if (name === 'is an older one') await retain(room, { retain: { maxBytes: 1_000 } })
    await change(room, old)
    expect(await room.verify()).toMatchObject({ ok: false, ...found })
  })

  it('shows a segment that somebody else removed afterwards', async () => {
    const room = await manySegments()
    await retain(room, { retain: { maxBytes: 2_000 } })
    const [first = ''] = await segmentsOf(room)
    await rm(join(room.directory, first))
    expect(await room.verify()).toMatchObject({ ok: false, file: first, reason: 'missing_segment' })
  })

  it('removes nothing more once nobody can tell where the log begins', async () => {
    const room = await manySegments()
    await retain(room, { retain: { maxBytes: 3_000 } })
    await writeFile(join(room.directory, RETAINED), '{}\n')
    const told: string[] = []
    const before = await segmentsOf(room)
    const log = await room.open({ ...SEGMENTS, retain: { maxBytes: 1 }, onTrouble: (detail) => told.push(detail) })
    await expect.poll(() => told[0]).toContain('retained.json was changed')
    await log.close()
    expect((await segmentsOf(room)).slice(0, before.length)).toEqual(before)
    expect((await room.records()).find(({ type }) => type === 'audit.recovered')).toMatchObject({
      detail: { reason: 'retained_damaged' },
    })
  })

  it('is compared with kept checkpoints as far as records are left', async () => {
    const room = await manySegments()
    const lines = await room.lines(CHECKPOINT_FILE)
    await retain(room, OLDER_THAN_SIX)
    const verdict = await room.verify({ kept: { lines, keys: [SIGNER.key] } })
    expect(verdict).toMatchObject({ ok: true })
    expect(verdict.notes.join('\n')).toMatch(/kept checkpoints speak of records that were removed as old/)
  })

  it('goes on after the last segment when only what it has noted is left', async () => {
    const room = await manySegments()
    await retain(room, { retain: { maxBytes: 1 }, checkpoints: CHECKPOINTS })
    for (const name of await segmentsOf(room)) await rm(join(room.directory, name))
    await room.write([50], SEGMENTS)
    expect((await room.records()).map(({ type }) => type)).toContain('audit.recovered')
    expect(await room.verify()).toMatchObject({ ok: false })
  })
})
