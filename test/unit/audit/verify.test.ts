import { copyFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { verifyAudit } from '../../../src/audit/verify.ts'
import {
  AUDIT_KEY,
  auditEvent,
  auditRoom,
  type AuditRoom,
  FIRST_SEGMENT,
  roomIn,
  SECOND_SEGMENT,
  SIGNER,
} from '../../helpers/audit.ts'

const NUMBERS = [1, 2, 3, 4, 5, 6]
const THIRD_SEGMENT = 'audit-000003.jsonl'

async function logOf(options: { maxBytes?: number } = {}): Promise<AuditRoom> {
  const room = await auditRoom()
  await room.write(NUMBERS, options)
  return room
}

const swapped = (lines: readonly string[], a: number, b: number): readonly string[] =>
  lines.map((line, index) => (index === a ? (lines[b] ?? '') : index === b ? (lines[a] ?? '') : line))

describe('verifyAudit', () => {
  it('finds nothing wrong with what was written, in one segment and in many', async () => {
    expect(await (await logOf()).verify()).toEqual({ ok: true, records: 7, segments: 1, checkpoints: 1, notes: [] })
    expect(await (await logOf({ maxBytes: 500 })).verify()).toEqual({
      ok: true,
      records: 9,
      segments: 3,
      checkpoints: 1,
      notes: [],
    })
  })

  it('says that there is no log where there is none', async () => {
    const room = await auditRoom()
    const nothing = { ok: true, records: 0, segments: 0, checkpoints: 0, notes: ['There is no log here yet.'] }
    expect(await room.verify()).toEqual(nothing)
    expect(await roomIn(join(room.directory, 'none')).verify()).toEqual(nothing)
  })

  it.each([
    ['one segment', 100_000, [FIRST_SEGMENT]],
    ['three segments', 500, [FIRST_SEGMENT, SECOND_SEGMENT, THIRD_SEGMENT]],
  ])('finds every line that is removed from %s and says where it stood', async (_, maxBytes, files) => {
    const room = await logOf({ maxBytes })
    const places = await Promise.all(
      files.map(async (file) => (await room.lines(file)).map((line) => ({ file, line }))),
    )
    for (const { file, line } of places.flat()) {
      const lines = await room.lines(file)
      await room.rewrite((all) => all.filter((other) => other !== line), file)
      const where = { file, line: lines.indexOf(line) + 1, reason: 'missing' }
      // The last line of a segment is missed where the next one begins, the last of all by the head.
      const found = { ok: false, seq: JSON.parse(line).seq, ...(line === lines.at(-1) ? {} : where) }
      expect(await room.verify(), line).toMatchObject(found)
      await room.rewrite(() => lines, file)
    }
    expect(await room.verify()).toMatchObject({ ok: true })
  })

  it('finds lines that changed places', async () => {
    const room = await logOf()
    await room.rewrite((lines) => swapped(lines, 2, 4))
    expect(await room.verify()).toMatchObject({
      ok: false,
      file: FIRST_SEGMENT,
      line: 3,
      seq: 3,
      reason: 'reordered',
      detail: 'Record 5 stands where 3 should.',
    })
  })

  it('finds a line that stands there twice', async () => {
    const room = await logOf()
    await room.rewrite((lines) => [...lines.slice(0, 3), lines[2] ?? '', ...lines.slice(3)])
    expect(await room.verify()).toMatchObject({ ok: false, line: 4, seq: 4, reason: 'reordered' })
  })

  it('finds a changed line, a foreign line and a line of nonsense', async () => {
    for (const change of [
      (line: string) => line.replace('"requestId":"r3"', '"requestId":"r4"'),
      (line: string) => line.replace('"at":1003', '"at":1004'),
      (line: string) => `${line} `,
      (line: string) => line.replace('"r3"', '"r\\u0033"'),
      () => '',
      () => 'nonsense',
      () => '{}',
    ]) {
      const room = await logOf()
      await room.rewrite((lines) => lines.map((line, index) => (index === 3 ? change(line) : line)))
      expect(await room.verify()).toMatchObject({ ok: false, records: 3, line: 4, seq: 4, reason: 'damaged' })
    }
  })

  it('finds a genuine record of another history', async () => {
    const [room, other] = [await logOf(), await auditRoom()]
    await other.write([9, 8, 7, 6])
    const [, , foreign = ''] = await other.lines()
    await room.rewrite((lines) => lines.map((line, index) => (index === 2 ? foreign : line)))
    expect(await room.verify()).toMatchObject({ ok: false, line: 3, seq: 3, reason: 'foreign' })
  })

  it.each([
    [FIRST_SEGMENT, 1],
    [SECOND_SEGMENT, 4],
  ])('finds that %s is gone', async (file, seq) => {
    const room = await logOf({ maxBytes: 500 })
    await rm(join(room.directory, file))
    expect(await room.verify()).toMatchObject({ ok: false, file, line: 1, seq, reason: 'missing_segment' })
  })

  it('is not deceived by renaming the segments after a missing one', async () => {
    const room = await logOf({ maxBytes: 500 })
    await rename(join(room.directory, THIRD_SEGMENT), join(room.directory, SECOND_SEGMENT))
    expect(await room.verify()).toMatchObject({ ok: false, file: SECOND_SEGMENT, line: 1, seq: 4, reason: 'missing' })
  })

  it('finds that the last segment is gone, or only the last lines', async () => {
    const room = await logOf({ maxBytes: 500 })
    await rm(join(room.directory, THIRD_SEGMENT))
    expect(await room.verify()).toMatchObject({ ok: false, file: SECOND_SEGMENT, line: 4, seq: 7, reason: 'truncated' })

    const other = await logOf()
    await other.rewrite((lines) => lines.slice(0, -2))
    expect(await other.verify()).toMatchObject({
      ok: false,
      file: FIRST_SEGMENT,
      line: 6,
      seq: 6,
      reason: 'truncated',
      detail: 'The log went on up to record 7.',
    })
  })

  it('finds that everything but the head is gone', async () => {
    const room = await logOf()
    await rm(join(room.directory, FIRST_SEGMENT))
    expect(await room.verify()).toMatchObject({ ok: false, file: FIRST_SEGMENT, line: 1, seq: 1, reason: 'truncated' })
  })

  it('finds that the head is gone, was changed, or belongs to another log', async () => {
    const room = await logOf()
    const head = join(room.directory, 'head.json')
    const other = await auditRoom()
    await other.write([3, 2, 1])
    await copyFile(join(other.directory, 'head.json'), head)
    expect(await room.verify()).toMatchObject({ ok: false, file: 'head.json', reason: 'foreign' })
    await writeFile(head, '{"seq":1,"hash":"x","mac":"y"}\n')
    expect(await room.verify()).toMatchObject({ ok: false, file: 'head.json', reason: 'head_damaged' })
    await rm(head)
    expect(await room.verify()).toMatchObject({ ok: false, file: 'head.json', reason: 'head_missing', records: 7 })
  })

  it('notes that the clock went back, but not the small swaps of neighbours', async () => {
    const room = await auditRoom()
    const log = await room.open({ clock: () => 0 })
    for (const at of [5_000, 4_500, 90_000, 20_000, 20_001]) await log.append(auditEvent(1, { at }))
    await log.close()
    expect(await room.verify()).toMatchObject({
      ok: true,
      notes: ['The clock went back once at record 5, by 70000 ms.'],
    })
  })

  it('checks a log that is being written to, and tells of the line under way', async () => {
    const room = await logOf()
    const log = await room.open()
    await log.append(auditEvent(7))
    await room.add('{"seq":9,')
    expect(await room.verify()).toMatchObject({
      ok: true,
      records: 8,
      notes: [expect.stringContaining('unfinished line'), 'Record 8 is under no checkpoint yet.'],
    })
    await log.close()
  })

  it('stops when asked', async () => {
    const { directory } = await logOf()
    const check = verifyAudit({ directory, key: AUDIT_KEY, statementKeys: [SIGNER.key], signal: AbortSignal.abort() })
    await expect(check).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('takes a line without end as damaged, and does not keep it in memory', async () => {
    const room = await logOf()
    await room.add(`${'x'.repeat(5_000_000)}\n`)
    expect(await room.verify()).toMatchObject({ ok: false, line: 8, reason: 'damaged' })
  })
})
