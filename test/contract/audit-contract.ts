import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AuditEvent, AuditLog, AuditRecord } from '../../src/kernel/audit.ts'

/** An empty log, and how to look at what it holds, oldest first, the log's own records (`audit.…`) left out. */
export interface AuditBench {
  readonly log: AuditLog
  records(): Promise<readonly AuditRecord[]>
  remove(): Promise<void>
}

const event = (n: number): AuditEvent => ({ type: 'tool.call', phase: 'outcome', at: 1_000 + n, requestId: `r${n}` })

/** Every audit log must pass this one suite. */
export function describeAuditLog(name: string, open: () => Promise<AuditBench>): void {
  describe(`audit log: ${name}`, () => {
    let bench: AuditBench
    beforeEach(async () => {
      bench = await open()
    })
    afterEach(async () => {
      await bench.log.close()
      await bench.remove()
    })

    it('has an event as soon as append has resolved', async () => {
      await bench.log.append(event(1))
      expect(await bench.records()).toMatchObject([event(1)])
    })

    it('keeps every member of an event', async () => {
      const whole: AuditEvent = {
        ...event(1),
        phase: 'intent',
        principal: 'agent:a/user:ü',
        agent: 'a',
        user: 'ü\u2028"\\\n\u0000😀',
        tool: 'conn:gmail:send_message',
        connection: 'gmail',
        decision: 'deny',
        rule: 'no-mail',
        outcome: 'denied',
        code: 'denied',
        reason: 'because',
        durationMs: 0.5,
        argumentsHash: 'abc',
        arguments: { to: ['x', null, { y: 1 }] },
        result: [],
        policyVersion: '7',
        detail: JSON.parse('{"__proto__":{"a":1},"seq":9,"hash":"x"}'),
      }
      await bench.log.append(whole)
      const [record] = await bench.records()
      const { seq, prev, hash, ...kept } = record ?? { seq: 0 }
      expect(JSON.stringify(kept)).toBe(JSON.stringify(whole))
      expect([seq, prev, hash]).toEqual([expect.any(Number), expect.any(String), expect.any(String)])
    })

    it('keeps the order of appends, and numbers and chains them without a gap', async () => {
      await Promise.all(Array.from({ length: 200 }, (_, n) => bench.log.append(event(n))))
      const records = await bench.records()
      expect(records.map((record) => record.requestId)).toEqual(Array.from({ length: 200 }, (_, n) => `r${n}`))
      for (const [index, record] of records.slice(1).entries()) {
        expect(record.seq).toBe((records[index]?.seq ?? 0) + 1)
        expect(record.prev).toBe(records[index]?.hash)
      }
    })

    it('does not let one event that cannot be written harm the others', async () => {
      const impossible = { ...event(2), durationMs: 1n } as unknown as AuditEvent
      const outcomes = await Promise.allSettled([event(1), impossible, event(3)].map((one) => bench.log.append(one)))
      expect(outcomes.map((one) => one.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      expect((await bench.records()).map((record) => record.requestId)).toEqual(['r1', 'r3'])
    })

    it('keeps the facts of an event whose payload is too large, and says that it is missing', async () => {
      const huge = { ...event(1), tool: 't'.repeat(2_000_000), arguments: { text: 'x'.repeat(3_000_000) } }
      await bench.log.append(huge)
      const [record] = await bench.records()
      expect(record).toMatchObject({ requestId: 'r1', at: 1_001, arguments: { omittedBytes: 3_000_011 } })
      expect(record?.tool).toHaveLength(4_096)
    })

    it('finishes what was appended before close, and refuses what comes after', async () => {
      const before = bench.log.append(event(1))
      await Promise.all([bench.log.close(), bench.log.close()])
      await before
      await expect(bench.log.append(event(2))).rejects.toMatchObject({ code: 'audit_unavailable' })
      expect(await bench.records()).toHaveLength(1)
    })
  })
}
