import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readAudit } from '../../src/audit/read-audit.ts'
import { ADMIN_TOKEN, type AdminWorld, adminWorld } from '../helpers/admin-world.ts'
import { auditEvent, type AuditRoom, FIRST_SEGMENT, roomIn } from '../helpers/audit.ts'

const RECORDS = 100_000
const BODY = 'x'.repeat(400)
const MIB = 1_048_576
/** What one export may take, whatever the log's size: the log is 60 MiB here. */
const MOST_BYTES = 40 * MIB

let directory: string
let room: AuditRoom
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  room = roomIn(directory)
  const log = await room.open({ maxBytes: 8 * MIB })
  for (let done = 0; done < RECORDS; done += 5_000) {
    await Promise.all(Array.from({ length: 5_000 }, (_, n) => log.append(auditEvent(done + n, { reason: BODY }))))
  }
  await log.close()
}, 120_000)
afterAll(() => rm(directory, { recursive: true, force: true }))

interface Served {
  readonly world: AdminWorld
  readonly read: () => number
  readonly ended: () => boolean
  ask(path: string): Promise<IncomingMessage>
}

/** The API on a loopback port over the real log, with a count of the records that were read of it. */
async function served(): Promise<Served> {
  const world = await adminWorld()
  const seen = { count: 0, ended: false }
  Object.assign(world.deps.audit, {
    async *read(filter: object, signal: AbortSignal) {
      try {
        for await (const record of readAudit({ directory, filter, signal })) {
          seen.count++
          yield record
        }
      } finally {
        seen.ended = true
      }
    },
  })
  const server = serve({ fetch: world.app.fetch, hostname: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  return {
    world,
    read: () => seen.count,
    ended: () => seen.ended,
    async ask(path) {
      const request = get({ host: '127.0.0.1', port, path, headers: { authorization: `Bearer ${ADMIN_TOKEN}` } })
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      return response
    },
  }
}

const memory = (): number => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

describe('an export of 100,000 records', () => {
  it.each(['jsonl', 'csv'])(
    'as %s has every record in order, with memory that is bounded',
    { timeout: 60_000 },
    async (format) => {
      const { ask } = await served()
      const before = memory()
      const response = await ask(`/api/audit/export?format=${format}&type=tool.call`)
      expect(response.statusCode).toBe(200)
      expect(response.headers['content-disposition']).toBe(`attachment; filename="audit.${format}"`)
      let [most, lines, bytes] = [0, 0, 0]
      for await (const chunk of response as AsyncIterable<Buffer>) {
        for (const byte of chunk) if (byte === 10) lines++
        bytes += chunk.length
        if (lines % 64 === 0) most = Math.max(most, memory() - before)
      }
      expect(lines).toBe(RECORDS + (format === 'csv' ? 1 : 0))
      expect(bytes).toBeGreaterThan(MOST_BYTES)
      expect(most).toBeLessThan(MOST_BYTES)
    },
  )

  it('waits for a caller that does not read, and ends when it goes away', async () => {
    const { ask, read, ended } = await served()
    const response = await ask('/api/audit/export')
    let last = -1
    // Until nothing more is read of the log: then only the buffers on the way are full.
    await expect.poll(() => last === (last = read()), { interval: 200, timeout: 10_000 }).toBe(true)
    expect(last).toBeLessThan(RECORDS / 2)
    expect(ended()).toBe(false)
    response.destroy()
    await expect.poll(ended, { timeout: 10_000 }).toBe(true)
    expect(read()).toBeLessThan(RECORDS / 2)
  })

  it('breaks off where a line cannot be read, so that nobody takes it for whole', async () => {
    const lines = await room.lines(FIRST_SEGMENT)
    await room.rewrite((all) => all.map((line, index) => (index === 5 ? 'nonsense' : line)), FIRST_SEGMENT)
    onTestFinished(() => room.rewrite(() => lines, FIRST_SEGMENT))
    const { ask } = await served()
    const response = await ask('/api/audit/export?until=1010')
    const taken = (async () => {
      for await (const _ of response) continue
    })()
    await expect(taken).rejects.toMatchObject({ code: 'ECONNRESET' })
  })
})
