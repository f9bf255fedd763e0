import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AuditEvent } from '../../src/kernel/audit.ts'
import { auditEvent, auditRoom, type AuditRoom, FIRST_SEGMENT } from '../helpers/audit.ts'

const FILES = [FIRST_SEGMENT, 'audit-000002.jsonl', 'head.json'] as const

/** Texts with U+FFFD, which is what an invalid byte turns into when a file is read as text. */
const EVENTS: readonly AuditEvent[] = Array.from({ length: 6 }, (_, n) =>
  auditEvent(n, { user: 'ü\uFFFD', arguments: [n, '😀'] }),
)

async function roomOfTwoSegments(): Promise<AuditRoom> {
  const room = await auditRoom()
  const log = await room.open({ maxBytes: 1_000 })
  for (const event of EVENTS) await log.append(event)
  await log.close()
  return room
}

describe('the audit log', () => {
  it('shows any changed byte, and in which line it is', { timeout: 60_000 }, async () => {
    const room = await roomOfTwoSegments()
    expect(await room.verify()).toMatchObject({ ok: true, segments: 2 })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...FILES),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (file, at, mask) => {
          const path = join(room.directory, file)
          const intact = await readFile(path)
          const offset = at % intact.length
          const changed = Buffer.from(intact)
          changed[offset] = (changed[offset] ?? 0) ^ mask
          await writeFile(path, changed)
          const verdict = await room.verify()
          await writeFile(path, intact)
          const line = intact.subarray(0, offset).filter((byte) => byte === 0x0a).length + 1
          expect(verdict).toMatchObject({ ok: false, file, line })
        },
      ),
      { numRuns: 300 },
    )
  })

  it('shows any run of bytes that was cut out', { timeout: 60_000 }, async () => {
    const room = await roomOfTwoSegments()
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...FILES),
        fc.nat(),
        fc.integer({ min: 1, max: 2_000 }),
        async (file, at, length) => {
          const path = join(room.directory, file)
          const intact = await readFile(path)
          const from = at % intact.length
          await writeFile(path, Buffer.concat([intact.subarray(0, from), intact.subarray(from + length)]))
          const verdict = await room.verify()
          await writeFile(path, intact)
          expect(verdict).toMatchObject({ ok: false })
        },
      ),
      { numRuns: 200 },
    )
  })

  it('goes on after a crash at any byte of its last write', { timeout: 60_000 }, async () => {
    const room = await auditRoom()
    await room.write([1])
    const paths = [FIRST_SEGMENT, 'head.json', 'checkpoints.jsonl'].map((name) => join(room.directory, name))
    const [path = '', ...sealed] = paths
    const before = await readFile(path)
    const seals = await Promise.all(sealed.map(async (file) => [file, await readFile(file)] as const))
    await room.write([2])
    const after = await readFile(path)
    for (let size = before.length; size <= after.length; size++) {
      await Promise.all(
        [[path, after.subarray(0, size)] as const, ...seals].map(([file, bytes]) => writeFile(file, bytes)),
      )
      await room.write([3])
      const verdict = await room.verify()
      expect(verdict, `${size} bytes`).toMatchObject({ ok: true })
      const isTorn = size > before.length && size < after.length
      expect(verdict.notes, `${size} bytes`).toHaveLength(isTorn ? 1 : 0)
    }
  })
})
