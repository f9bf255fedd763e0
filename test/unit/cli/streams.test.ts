import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { linesOf } from '../../../src/cli/lines.ts'
import { serverSentEvents } from '../../../src/cli/sse.ts'

async function* chunks(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0
  for (const size of sizes) {
    yield bytes.subarray(from, (from += size))
  }
  yield bytes.subarray(from)
}

const all = async <T>(items: AsyncIterable<T>): Promise<readonly T[]> => {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

const cuts = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 20 })
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
const eventsIn = (text: string, sizes: readonly number[] = []) => all(serverSentEvents(chunks(encode(text), sizes)))

describe('an event stream', () => {
  it('is read as the HTML standard says', async () => {
    const text =
      ': hello\r\n\r\nid: 7\nevent: record\ndata: one\ndata:two\n\ndata\n\nretry: 5\n\n\ufeffodd\rdata: last\r\rdata: cut off'
    expect(await eventsIn(text)).toEqual([
      { id: '7', event: 'record', data: 'one\ntwo' },
      { event: 'message', data: '' },
      { event: 'message', data: 'last' },
    ])
  })

  it('is the same however its bytes arrive', async () => {
    const text = 'data: grüße\r\n\r\nevent: x\r\ndata: 1\r\ndata: 2\r\n\r\n'
    const whole = await eventsIn(text)
    await fc.assert(
      fc.asyncProperty(cuts, async (sizes) => {
        expect(await eventsIn(text, sizes)).toEqual(whole)
      }),
    )
  })
})

describe('lines', () => {
  const linesIn = (text: string, sizes: readonly number[] = [], most = 1_000) =>
    all(linesOf(chunks(encode(text), sizes), most))

  it('come without their ends, the last one too when it has none', async () => {
    expect(await linesIn('a\r\n\nü\nlast')).toEqual([{ text: 'a' }, { text: '' }, { text: 'ü' }, { text: 'last' }])
    expect(await linesIn('')).toEqual([])
  })

  it('are the same however their bytes arrive', async () => {
    await fc.assert(
      fc.asyncProperty(cuts, async (sizes) => {
        expect(await linesIn('grüße\nzwei\n\ndrei', sizes)).toEqual(await linesIn('grüße\nzwei\n\ndrei'))
      }),
    )
  })

  it('that are too long are skipped, and the next one is read', async () => {
    expect(await linesIn(`${'x'.repeat(50)}\nok\n`, [10, 10, 10], 20)).toEqual([{ tooLong: true }, { text: 'ok' }])
  })
})
