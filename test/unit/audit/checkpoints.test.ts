import { createPublicKey, verify } from 'node:crypto'
import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeHead } from '../../../src/audit/head.ts'
import { readStatementKey, statementSigner } from '../../../src/audit/statement.ts'
import { nodeFileSystem } from '../../../src/store/file-system.ts'
import {
  AUDIT_KEY,
  auditEvent,
  auditRoom,
  type AuditRoom,
  CHECKPOINTS,
  FIRST_SEGMENT,
  roomIn,
  SIGNER,
} from '../../helpers/audit.ts'

const FILE = 'checkpoints.jsonl'
const OTHER = statementSigner(Buffer.alloc(32, 'another'))
const GENESIS = { seq: 0, hash: 'A'.repeat(43) }

/** Three checkpoints: one for each time that the log was open. */
async function threeTimes(): Promise<AuditRoom> {
  const room = await auditRoom()
  for (const numbers of [[1, 2], [3], [4, 5, 6]]) await room.write(numbers)
  return room
}

/** Somebody with the log's key, but not that of the checkpoints, writes the log anew in another directory. */
async function rebuilt(room: AuditRoom, numbers: readonly number[]): Promise<void> {
  const forgery = await auditRoom()
  await forgery.write(numbers)
  await copyFile(join(forgery.directory, FIRST_SEGMENT), join(room.directory, FIRST_SEGMENT))
  const last = (await forgery.records()).at(-1) ?? GENESIS
  const checkpoint = (await checkpointsOf(room)).at(-1)
  expect(checkpoint).toBeDefined()
  await writeHead(nodeFileSystem, room.directory, AUDIT_KEY, {
    link: { seq: last.seq, hash: last.hash },
    checkpoint: GENESIS,
  })
}

const checkpointsOf = async (room: AuditRoom) =>
  (await room.lines(FILE)).map((line): Record<string, unknown> => JSON.parse(line))

describe('checkpoints', () => {
  it('say how far the log was, follow each other, and can be checked by anyone who has the public key', async () => {
    const room = await threeTimes()
    const [lines, records] = [await room.lines(FILE), await room.records()]
    const facts = await checkpointsOf(room)
    expect(facts.map(({ firstSeq, lastSeq, count }) => [firstSeq, lastSeq, count])).toEqual([
      [1, 3, 3],
      [4, 4, 1],
      [5, 7, 3],
    ])
    for (const { lastSeq, head, gateway } of facts) {
      expect(head).toBe(records.find(({ seq }) => seq === lastSeq)?.hash)
      expect(gateway).toBe('test')
    }
    // What the documentation tells others to do, without any code of ours.
    const key = createPublicKey({ key: Buffer.from(SIGNER.key.spki, 'base64url'), format: 'der', type: 'spki' })
    for (const line of lines) {
      const [covered = '', rest = ''] = line.split(',"signature":"')
      const signature = Buffer.from(rest.slice(0, -2), 'base64url')
      expect(verify(null, Buffer.from(`gatehouse audit statement\n${covered}`), key, signature)).toBe(true)
    }
    expect(await room.verify()).toEqual({ ok: true, records: 7, segments: 1, checkpoints: 3, notes: [] })
  })

  it('are written after so many records without anybody waiting, and told as soon as they are on the disk', async () => {
    const room = await auditRoom()
    const told: string[] = []
    const checkpoints = { ...CHECKPOINTS, every: 10, onSigned: (line: string) => told.push(line) }
    const log = await room.open({ checkpoints })
    for (let n = 1; n <= 25; n++) await log.append(auditEvent(n))
    await expect.poll(() => told.length).toBeGreaterThan(0)
    await log.close()
    expect(told).toEqual(await room.lines(FILE))
    expect(log.status()).toEqual({ lastCheckpoint: told.at(-1), troubles: [] })
    expect(JSON.parse(told.at(-1) ?? '{}')).toMatchObject({ lastSeq: 26 })
    expect(await room.verify()).toMatchObject({ ok: true, notes: [] })
  })

  it('are written after a while, and only when there is something new', async () => {
    const room = await auditRoom()
    const told: string[] = []
    const log = await room.open({ checkpoints: { ...CHECKPOINTS, everyMs: 1, onSigned: (line) => told.push(line) } })
    await log.append(auditEvent(1))
    await expect.poll(() => told.length).toBe(1)
    await log.append(auditEvent(2))
    await expect.poll(() => told.length).toBe(2)
    await log.close()
    expect(told).toHaveLength(2)
  })

  it('cover what a crash left without one', async () => {
    const room = await threeTimes()
    const path = join(room.directory, FILE)
    const before = await readFile(path)
    await room.write([7])
    await writeFile(path, before)
    await writeHead(nodeFileSystem, room.directory, AUDIT_KEY, { link: GENESIS, checkpoint: GENESIS })
    expect(await room.verify()).toMatchObject({ ok: true, notes: ['Record 8 is under no checkpoint yet.'] })
    const log = await room.open({ checkpoints: { ...CHECKPOINTS, everyMs: 1 } })
    await expect.poll(async () => (await room.lines(FILE)).length).toBe(4)
    await log.close()
    expect((await checkpointsOf(room)).at(-1)).toMatchObject({ firstSeq: 8, lastSeq: 8, count: 1 })
  })

  it('show every byte of theirs that is changed', { timeout: 60_000 }, async () => {
    const room = await auditRoom()
    await room.write([1])
    await room.write([2])
    const path = join(room.directory, FILE)
    const good = await readFile(path)
    const unseen: number[] = []
    for (let at = 0; at < good.length; at++) {
      const bad = Buffer.from(good)
      bad[at] = (bad[at] ?? 0) ^ 1
      await writeFile(path, bad)
      const verdict = await room.verify()
      if (verdict.ok || verdict.file !== FILE) unseen.push(at)
    }
    expect(unseen).toEqual([])
    await writeFile(path, good)
    expect(await room.verify()).toMatchObject({ ok: true })
  })

  it.each<[string, (lines: readonly string[]) => readonly string[], number, string]>([
    ['the first is gone', ([, ...rest]) => rest, 1, 'checkpoint_missing'],
    ['one in the middle is gone', (lines) => [lines[0] ?? '', lines[2] ?? ''], 2, 'checkpoint_missing'],
    ['the last is gone', (lines) => lines.slice(0, -1), 3, 'checkpoint_missing'],
    ['all are gone', () => [], 1, 'checkpoint_missing'],
    ['one stands twice', ([a = '', b = '', c = '']) => [a, b, b, c], 3, 'checkpoint_reordered'],
    ['two changed places', ([a = '', b = '', c = '']) => [a, c, b], 2, 'checkpoint_missing'],
    ['one is nonsense', ([a = '', , c = '']) => [a, 'nonsense', c], 2, 'checkpoint_damaged'],
    ['one is signed by somebody else', ([a = '', b = '', c = '']) => [a, resigned(b), c], 2, 'checkpoint_damaged'],
  ])('show with file and line that %s', async (_, change, line, reason) => {
    const room = await threeTimes()
    await room.rewrite(change, FILE)
    expect(await room.verify()).toMatchObject({ ok: false, file: FILE, line, reason })
  })

  it('show a checkpoint of another history of the same log', async () => {
    const [room, other] = [await threeTimes(), await auditRoom()]
    for (const numbers of [[9, 8], [7], [6, 5, 4]]) await other.write(numbers)
    const [, foreign = ''] = await other.lines(FILE)
    await room.rewrite(([a = '', , c = '']) => [a, foreign, c], FILE)
    expect(await room.verify()).toMatchObject({ ok: false, file: FILE, line: 2, reason: 'checkpoint_foreign' })
  })

  it('show that the log was cut off and its head made anew by somebody with the key', async () => {
    const room = await threeTimes()
    await rebuilt(room, [1, 2])
    const found = { ok: false, file: FILE, line: 2, reason: 'truncated', seq: 4 }
    expect(await room.verify()).toMatchObject(found)
  })

  it('show that the log was written anew by somebody with the key', async () => {
    const room = await threeTimes()
    await rebuilt(room, [1, 2, 3, 4, 5, 99])
    expect(await room.verify()).toMatchObject({ ok: false, file: FILE, line: 3, reason: 'rewritten', seq: 7 })
  })

  it('kept elsewhere show what somebody with all keys did: cut off, written anew, or another history', async () => {
    const room = await threeTimes()
    const lines = await room.lines(FILE)
    const kept = { lines, keys: [SIGNER.key] }
    expect(await room.verify({ kept })).toMatchObject({ ok: true, notes: [expect.stringContaining('3 of the kept')] })

    const cut = await auditRoom()
    await cut.write([1, 2])
    expect(await cut.verify()).toMatchObject({ ok: true })
    const beyond = { ok: false, file: 'the kept checkpoints', line: 2, reason: 'truncated', seq: 4 }
    expect(await cut.verify({ kept })).toMatchObject(beyond)

    const anew = await auditRoom()
    await anew.write([1, 2, 3, 4, 5, 99])
    expect(await anew.verify()).toMatchObject({ ok: true })
    const rewritten = { ok: false, file: 'the kept checkpoints', line: 3, reason: 'rewritten', seq: 7 }
    expect(await anew.verify({ kept })).toMatchObject(rewritten)
    const both = { lines: [...lines, ...(await anew.lines(FILE))], keys: [SIGNER.key] }
    expect(await room.verify({ kept: both })).toMatchObject({ ok: false, line: 4, reason: 'checkpoint_foreign' })
  })

  it('kept elsewhere may have gaps, stand in log lines, and must be signed with the expected key', async () => {
    const room = await threeTimes()
    const [, , last = ''] = await room.lines(FILE)
    const logLine = JSON.stringify({ level: 'info', checkpoint: last, msg: 'audit checkpoint' })
    expect(await room.verify({ kept: { lines: [logLine], keys: [SIGNER.key] } })).toMatchObject({ ok: true })
    const forged = { ok: false, file: 'the kept checkpoints', line: 1, reason: 'checkpoint_damaged' }
    expect(await room.verify({ kept: { lines: [last], keys: [OTHER.key] } })).toMatchObject(forged)
    expect(await room.verify({ kept: { lines: [last.replace('test', 'tset')], keys: [SIGNER.key] } })).toMatchObject(
      forged,
    )
  })

  it('go on under a new key, and an old key signs no more once the new one has', async () => {
    const room = await auditRoom()
    const old = { ...CHECKPOINTS, signer: OTHER }
    await room.write([1], { checkpoints: old })
    await room.write([2], { checkpoints: { ...CHECKPOINTS, formerKeys: [OTHER.key] } })
    const statementKeys = [SIGNER.key, OTHER.key]
    expect(await room.verify({ statementKeys })).toMatchObject({ ok: true, checkpoints: 2, notes: [] })
    expect(await room.verify()).toMatchObject({ ok: false, line: 1, reason: 'checkpoint_damaged' })
    await room.write([3], { checkpoints: { ...old, formerKeys: [SIGNER.key] } })
    expect(await room.verify({ statementKeys })).toMatchObject({ ok: false, line: 3, reason: 'checkpoint_damaged' })
  })

  it('are cut off where a crash tore them, and lost ones leave a gap that is found for ever', async () => {
    const room = await threeTimes()
    await room.add('{"v":1,"ki', FILE)
    await room.write([7])
    expect((await room.records()).filter(({ type }) => type === 'audit.recovered')).toMatchObject([
      { detail: { reason: 'torn_line', file: FILE, bytes: 10 } },
    ])
    expect(await room.verify()).toMatchObject({ ok: true, checkpoints: 4 })
    await room.rewrite((lines) => lines.slice(0, 2), FILE)
    await room.write([8])
    expect((await room.records()).at(-2)).toMatchObject({
      detail: { reason: 'checkpoints_lost', firstSeq: 5, lastSeq: 9 },
    })
    expect(await room.verify()).toMatchObject({ ok: false, file: FILE, line: 3, reason: 'checkpoint_missing' })
  })

  it('keep a log that was cut off from going on as if nothing were', async () => {
    const room = await threeTimes()
    await rebuilt(room, [1, 2])
    await room.write([9])
    expect((await roomIn(room.directory).records()).find(({ type }) => type === 'audit.recovered')).toMatchObject({
      detail: { reason: 'records_lost', firstSeq: 4, lastSeq: 7 },
    })
    expect(await room.verify()).toMatchObject({ ok: false })
  })

  it('have public keys of Ed25519 and no others', () => {
    expect(readStatementKey(SIGNER.key.spki)?.kid).toBe(SIGNER.key.kid)
    expect(SIGNER.key.kid).toMatch(/^[\w-]{16}$/)
    for (const bad of ['', 'AAAA', SIGNER.key.spki.slice(4)]) expect(readStatementKey(bad)).toBeUndefined()
  })
})

const resigned = (line: string): string => {
  const { kid: _kid, signature: _signature, ...body } = JSON.parse(line)
  return OTHER.sign(body)
}
