import { describe, expect, it } from 'vitest'
import type { AuditFilter } from '../../../src/audit/filter.ts'
import { queryAudit } from '../../../src/audit/query.ts'
import type { AuditEvent } from '../../../src/kernel/audit.ts'
import { auditEvent, auditRoom, type AuditRoom } from '../../helpers/audit.ts'

const EVENTS: readonly AuditEvent[] = [
  auditEvent(1, {
    agent: 'a',
    user: 'ann',
    tool: 'conn:gmail:send_message',
    connection: 'gmail',
    decision: 'allow',
    outcome: 'ok',
  }),
  auditEvent(2, {
    agent: 'b',
    user: 'ann',
    tool: 'conn:slack:post_message',
    connection: 'slack',
    decision: 'deny',
    outcome: 'denied',
  }),
  auditEvent(3, { type: 'connection.state_changed', phase: 'event', connection: 'gmail', reason: 'Token EXPIRED' }),
  auditEvent(4, {
    agent: 'a',
    tool: 'conn:gmail:search_messages',
    connection: 'gmail',
    decision: 'allow',
    outcome: 'error',
  }),
]

async function roomOf(events: readonly AuditEvent[], maxBytes = 100_000): Promise<AuditRoom> {
  const room = await auditRoom()
  const log = await room.open({ maxBytes })
  for (const event of events) await log.append(event)
  await log.close()
  return room
}

async function found(room: AuditRoom, filter: AuditFilter = {}, limit = 100): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const record of queryAudit({ directory: room.directory, filter, limit }))
    ids.push(record.requestId ?? record.type)
  return ids
}

describe('queryAudit', () => {
  it('gives the newest first, across segments, as many as asked for', async () => {
    const room = await roomOf(
      Array.from({ length: 20 }, (_, n) => auditEvent(n)),
      700,
    )
    const all = (await found(room)).filter((id) => id !== 'audit.segment')
    expect(all).toEqual(Array.from({ length: 20 }, (_, n) => `r${19 - n}`))
    expect(await found(room, { type: 'tool.call' }, 3)).toEqual(['r19', 'r18', 'r17'])
    expect(await found(room, {}, 0)).toEqual([])
  })

  it.each<[AuditFilter, readonly string[]]>([
    [{ type: 'connection.state_changed' }, ['r3']],
    [{ agent: 'a' }, ['r4', 'r1']],
    [{ user: 'ann' }, ['r2', 'r1']],
    [{ tool: 'conn:gmail:send_message' }, ['r1']],
    [{ connection: 'gmail' }, ['r4', 'r3', 'r1']],
    [{ decision: 'deny' }, ['r2']],
    [{ outcome: 'error' }, ['r4']],
    [{ requestId: 'r2' }, ['r2']],
    [{ since: 1_003 }, ['r4', 'r3']],
    [{ since: 1_002, until: 1_004 }, ['r3', 'r2']],
    [{ text: 'token expired' }, ['r3']],
    [{ beforeSeq: 3 }, ['r1', 'audit.segment']],
    [{ connection: 'gmail', decision: 'allow', outcome: 'ok' }, ['r1']],
    [{ agent: 'a', user: 'bob' }, []],
  ])('filters by %j', async (filter, ids) => {
    expect(await found(await roomOf(EVENTS), filter)).toEqual(ids)
  })

  it('finds lines that lie across the blocks in which the file is read', async () => {
    const text = 'ä€😀'.repeat(9_000)
    const room = await roomOf(
      [1, 2, 3].map((n) => auditEvent(n, { arguments: { text, n } })),
      1_000_000,
    )
    const records = await room.records()
    const whole = records
      .slice(1)
      .map((record) => JSON.stringify(record.arguments) === JSON.stringify({ text, n: record.at - 1_000 }))
    expect(whole).toEqual([true, true, true])
  })

  it('does not read older segments than it must', async () => {
    const room = await roomOf(
      Array.from({ length: 20 }, (_, n) => auditEvent(n, { at: n * 1_000 })),
      700,
    )
    await room.rewrite((lines) => lines.map(() => 'never read'))
    expect(await found(room, { since: 18_000, type: 'tool.call' })).toEqual(['r19', 'r18'])
    expect(await found(room, { type: 'tool.call' }, 2)).toEqual(['r19', 'r18'])
  })

  it('gives what can be read and then names the file with lines that cannot', async () => {
    const room = await roomOf(EVENTS)
    await room.rewrite((lines) => lines.map((line, index) => (index === 2 ? 'nonsense' : line)))
    const ids: (string | undefined)[] = []
    const read = async (): Promise<void> => {
      for await (const record of queryAudit({ directory: room.directory, limit: 9 })) ids.push(record.requestId)
    }
    await expect(read()).rejects.toMatchObject({
      code: 'audit_unavailable',
      message: 'Some lines of audit-000001.jsonl cannot be read. Run `gatehouse audit verify` to find them.',
    })
    expect(ids).toEqual(['r4', 'r3', 'r1', undefined])
  })

  it('passes over the line that is being written', async () => {
    const room = await roomOf(EVENTS)
    await room.add('{"seq":6,"prev"')
    expect(await found(room, {}, 1)).toEqual(['r4'])
  })

  it('finds nothing where there is no log, and stops when asked', async () => {
    const room = await roomOf(EVENTS)
    const stopped = queryAudit({ directory: room.directory, limit: 9, signal: AbortSignal.abort() })
    await expect(stopped.next()).rejects.toMatchObject({ code: 'cancelled' })
    expect(await found(await auditRoom())).toEqual([])
  })
})
