import { createHmac } from 'node:crypto'
import { readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { verifyAudit } from '../../../src/audit/verify.ts'
import { AUDIT_KEY, auditEvent, auditRoom, FIRST_SEGMENT, SECOND_SEGMENT, SIGNER } from '../../helpers/audit.ts'
import { failingFiles } from '../../helpers/failing-files.ts'

const OTHER_KEY = Buffer.alloc(32, 9)

describe('the format of the audit log', () => {
  it('can be checked with nothing but HMAC over the bytes of the file', async () => {
    const room = await auditRoom()
    await room.write([1, 2, 3])
    let prev = 'A'.repeat(43)
    for (const [index, line] of (await room.lines()).entries()) {
      expect(line.startsWith(`{"seq":${index + 1},"prev":"${prev}","type":`)).toBe(true)
      const covered = line.slice(0, -54)
      const hash = createHmac('sha256', AUDIT_KEY).update(prev).update(covered).digest('base64url')
      expect(line).toBe(`${covered},"hash":"${hash}"}`)
      prev = hash
    }
  })

  it('begins each segment with a record that names it, and carries the chain over', async () => {
    const room = await auditRoom()
    await room.write([1, 2, 3, 4], { maxBytes: 500 })
    const [first, second] = [await room.lines(FIRST_SEGMENT), await room.lines(SECOND_SEGMENT)]
    const last = JSON.parse(first.at(-1) ?? '')
    expect(JSON.parse(second[0] ?? '')).toMatchObject({
      type: 'audit.segment',
      detail: { segment: 2 },
      prev: last.hash,
      seq: last.seq + 1,
    })
    expect((await stat(join(room.directory, FIRST_SEGMENT))).size).toBeLessThan(1_000)
    expect(await room.verify()).toMatchObject({ ok: true, records: 6, segments: 2, notes: [] })
  })

  it('lets only its owner read it, and leaves no lock behind', async () => {
    const room = await auditRoom()
    await room.write([1])
    expect(await readdir(room.directory)).toEqual([FIRST_SEGMENT, 'checkpoints.jsonl', 'head.json'])
    for (const name of await readdir(room.directory)) {
      expect((await stat(join(room.directory, name))).mode & 0o777).toBe(0o600)
    }
    expect((await stat(room.directory)).mode & 0o777).toBe(0o700)
  })

  it('flushes once for many concurrent appends', async () => {
    const room = await auditRoom()
    const disk = failingFiles()
    const log = await room.open({ files: disk.files })
    await log.append(auditEvent(0))
    disk.steps.length = 0
    await Promise.all(Array.from({ length: 64 }, (_, n) => log.append(auditEvent(n))))
    expect(disk.steps).toEqual([`write ${FIRST_SEGMENT}`, `datasync ${FIRST_SEGMENT}`])
    await log.close()
  })

  it('has one writer', async () => {
    const room = await auditRoom()
    const log = await room.open()
    await expect(room.open()).rejects.toMatchObject({
      code: 'audit_unavailable',
      message: expect.stringContaining(`audit.lock is held by process ${process.pid}`),
    })
    await log.close()
  })
})

describe('an audit log that is opened again', () => {
  it('goes on where it ended, without a word', async () => {
    const room = await auditRoom()
    await room.write([1, 2])
    await room.write([3])
    await room.write([])
    expect((await room.records()).map((record) => record.requestId ?? record.type)).toEqual([
      'audit.segment',
      'r1',
      'r2',
      'r3',
    ])
    expect(await room.verify()).toMatchObject({ ok: true, records: 4, notes: [] })
  })

  it('reads the end of a long log only', async () => {
    const room = await auditRoom()
    await room.write([1, 2, 3])
    await writeFile(
      join(room.directory, FIRST_SEGMENT),
      `${'x'.repeat(50)}\n${await readFile(join(room.directory, FIRST_SEGMENT), 'utf8')}`,
    )
    await room.write([4])
    expect((await room.lines()).at(-1)).toContain('"seq":5')
    expect(await room.verify()).toMatchObject({ ok: false, line: 1, reason: 'damaged' })
  })

  it.each(['{"seq":5,"prev":"', '{', '\0\0\0'])('cuts off a torn last line (%j) and records that', async (torn) => {
    const room = await auditRoom()
    await room.write([1, 2])
    await room.add(torn)
    await room.write([3])
    const recovered = {
      type: 'audit.recovered',
      at: 500,
      detail: { reason: 'torn_line', file: FIRST_SEGMENT, bytes: torn.length },
    }
    expect(await room.records()).toMatchObject([
      {},
      { requestId: 'r1' },
      { requestId: 'r2' },
      recovered,
      { requestId: 'r3' },
    ])
    expect(await room.verify()).toMatchObject({
      ok: true,
      notes: [expect.stringContaining('Record 4 tells of a recovery')],
    })
  })

  it('cuts off a last line that is whole but for its line feed: it was never acknowledged', async () => {
    const room = await auditRoom()
    const [file, head] = [join(room.directory, FIRST_SEGMENT), join(room.directory, 'head.json')]
    const checkpoints = join(room.directory, 'checkpoints.jsonl')
    await room.write([1])
    const [sealedBefore, signedBefore] = [await readFile(head), await readFile(checkpoints)]
    await room.write([2])
    await writeFile(head, sealedBefore)
    await writeFile(checkpoints, signedBefore)
    await truncate(file, (await stat(file)).size - 1)
    await room.write([3])
    const recovered = { type: 'audit.recovered', detail: { reason: 'torn_line' } }
    expect(await room.records()).toMatchObject([{}, { requestId: 'r1' }, recovered, { requestId: 'r3' }])
    expect(await room.verify()).toMatchObject({ ok: true })
  })

  it('removes a segment that was begun and never written', async () => {
    const room = await auditRoom()
    await room.write([1])
    await writeFile(join(room.directory, SECOND_SEGMENT), '')
    await room.write([2])
    expect(await readdir(room.directory)).toEqual([FIRST_SEGMENT, 'checkpoints.jsonl', 'head.json'])
    expect(await room.verify()).toMatchObject({ ok: true, records: 3, notes: [] })
  })

  it('leaves a damaged end in place, records that, and goes on after it', async () => {
    const room = await auditRoom()
    await room.write([1, 2])
    await room.rewrite((lines) => lines.map((line, index) => (index === 2 ? line.replace('r2', 'r9') : line)))
    await room.write([3])
    expect(await room.lines()).toHaveLength(5)
    expect((await room.lines())[2]).toContain('r9')
    expect((await room.records()).find((record) => record.type === 'audit.recovered')?.detail).toMatchObject({
      reason: 'damaged_end',
      lines: 1,
    })
    expect(await room.verify()).toMatchObject({ ok: false, file: FIRST_SEGMENT, line: 3, seq: 3, reason: 'damaged' })
  })

  it('does not let a restart hide that the end was cut off', async () => {
    const room = await auditRoom()
    await room.write([1, 2, 3, 4])
    await room.rewrite((lines) => lines.slice(0, 3))
    await room.write([5])
    expect((await room.records()).find((record) => record.type === 'audit.recovered')?.detail).toEqual({
      reason: 'records_lost',
      firstSeq: 4,
      lastSeq: 5,
    })
    expect(await room.verify()).toMatchObject({
      ok: false,
      reason: 'missing',
      line: 4,
      seq: 4,
      detail: 'Records 4 to 5 are gone.',
    })
  })

  it('does not let a restart hide that every segment is gone', async () => {
    const room = await auditRoom()
    await room.write([1, 2])
    await rm(join(room.directory, FIRST_SEGMENT))
    await room.write([3])
    expect(await room.verify()).toMatchObject({ ok: false, reason: 'missing', line: 1, seq: 1 })
  })

  it('records that its head is gone or was changed', async () => {
    for (const [text, reason] of [
      [undefined, 'head_missing'],
      ['{"seq":1}', 'head_damaged'],
    ] as const) {
      const room = await auditRoom()
      await room.write([1])
      await (text === undefined
        ? rm(join(room.directory, 'head.json'))
        : writeFile(join(room.directory, 'head.json'), text))
      await room.write([2])
      expect((await room.records()).find((record) => record.type === 'audit.recovered')?.detail).toEqual({ reason })
    }
  })

  it('refuses a log that was written with another key, and leaves it alone', async () => {
    const room = await auditRoom()
    await room.write([1])
    const before = await readFile(join(room.directory, FIRST_SEGMENT), 'utf8')
    await expect(room.open({ key: OTHER_KEY })).rejects.toMatchObject({
      code: 'audit_unavailable',
      message: expect.stringContaining('was not written with this key'),
    })
    expect(await readFile(join(room.directory, FIRST_SEGMENT), 'utf8')).toBe(before)
    await room.write([2])
  })

  it('goes on under a new key after a rotation', async () => {
    const room = await auditRoom()
    await room.write([1], { key: OTHER_KEY })
    await room.write([2], { formerKeys: [OTHER_KEY] })
    const { directory } = room
    expect(
      await verifyAudit({ directory, key: AUDIT_KEY, statementKeys: [SIGNER.key], formerKeys: [OTHER_KEY] }),
    ).toMatchObject({
      ok: true,
      records: 3,
    })
    expect(await verifyAudit({ directory, key: AUDIT_KEY, statementKeys: [SIGNER.key] })).toMatchObject({
      ok: false,
      line: 1,
    })
    await room.write([3], { key: OTHER_KEY, formerKeys: [AUDIT_KEY] })
    // A retired key cannot write on: what it wrote after the new one does not count.
    expect(
      await verifyAudit({ directory, key: AUDIT_KEY, statementKeys: [SIGNER.key], formerKeys: [OTHER_KEY] }),
    ).toMatchObject({
      ok: false,
      line: 4,
    })
  })
})
