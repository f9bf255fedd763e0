import { describe, expect, it } from 'vitest'
import { type Events, eventBook } from '../../../src/mcp/event-store.ts'

const LIMITS = { events: 3, bytes: 1_000, totalBytes: 1_500 }
const message = (note: string) => ({ jsonrpc: '2.0', method: 'x', params: { note } }) as const
const replay = async (events: Events, after: string): Promise<unknown[]> => {
  const sent: unknown[] = []
  await events.replayEventsAfter(after, {
    send: async (_id, message) => void sent.push('params' in message && message.params?.['note']),
  })
  return sent
}

describe('what a session sent lately', () => {
  it('is sent again, of one stream, in order', async () => {
    const events = eventBook(LIMITS).open()
    const first = await events.storeEvent('a', message('1'))
    await events.storeEvent('b', message('2'))
    const third = await events.storeEvent('a', message('3'))
    expect(await replay(events, first)).toEqual(['3'])
    expect(await replay(events, third)).toEqual([])
  })

  it('is forgotten when there is too much of it, and then a gap is known', async () => {
    const events = eventBook(LIMITS).open()
    const ids = []
    for (const note of ['1', '2', '3', '4', '5']) ids.push(await events.storeEvent('a', message(note)))
    expect(ids.map((id) => events.canReplayAfter(id))).toEqual([false, true, true, true, true])
    expect(await replay(events, ids[1] ?? '')).toEqual(['3', '4', '5'])
  })

  it('is forgotten by size, the sessions together too', async () => {
    const book = eventBook(LIMITS)
    const [one, two] = [book.open(), book.open()]
    const first = await one.storeEvent('a', message('x'.repeat(600)))
    const second = await one.storeEvent('a', message('y'.repeat(600)))
    expect([one.canReplayAfter(first), one.canReplayAfter(second)]).toEqual([true, true])
    expect(await replay(one, first)).toHaveLength(1)
    const other = await two.storeEvent('a', message('z'.repeat(900)))
    expect(two.canReplayAfter(other)).toBe(true)
    one.end()
    const last = await two.storeEvent('a', message('z'.repeat(50)))
    expect(await replay(two, other)).toHaveLength(1)
    expect(two.canReplayAfter(last)).toBe(true)
  })

  it('keeps nothing after the session has ended', async () => {
    const book = eventBook({ events: 9, bytes: 1_000, totalBytes: 100 })
    const [one, two] = [book.open(), book.open()]
    one.end()
    for (const note of ['1', '2', '3', '4']) await one.storeEvent('a', message(note))
    const first = await two.storeEvent('a', message('1'))
    await two.storeEvent('a', message('2'))
    expect(await replay(two, first)).toEqual(['2'])
  })

  it('knows the gaps of many streams', async () => {
    const events = eventBook(LIMITS).open()
    const first = await events.storeEvent('s0', message('0'))
    for (let index = 0; index < 20; index += 1) await events.storeEvent(`s${index}`, message(String(index)))
    expect(events.canReplayAfter(first)).toBe(false)
  })

  it.each(['', 'x', '1', '1.', '.a', '9.a', '1.a b', '-1.a', '1e3.a'])('has nothing after %j', async (id) => {
    const events = eventBook(LIMITS).open()
    await events.storeEvent('a', message('1'))
    expect(events.canReplayAfter(id)).toBe(false)
  })
})
