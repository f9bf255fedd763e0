import { describe, expect, it } from 'vitest'
import { eventReader, type StreamEvent } from '../../../src/sources/event-reader.ts'

/** The events of a text that comes in pieces of so many bytes. */
function read(text: string, pieceBytes: number, maxLength = 1_000): StreamEvent[] {
  const events: StreamEvent[] = []
  const take = eventReader((event) => events.push(event), maxLength)
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += pieceBytes) take(bytes.subarray(at, at + pieceBytes))
  return events
}

const STREAM = [
  '\uFEFF: a comment\n',
  'data: one\n\n',
  'data:two\r\ndata:  three ✓\r\n\r\n',
  'id: 7\rretry: 250\rdata\r\r',
  'event: message\ndata: named\n\n',
  'event: other\ndata: not for us\n\n',
  'id: a\0b\nretry: soon\nunknown: field\nnothing\n\n',
  'data: without its end\n',
].join('')

describe('the reader of event streams', () => {
  it.each([1, 2, 3, 7, 1_000])('reads the same in pieces of %i bytes', (size) => {
    expect(read(STREAM, size)).toEqual([
      { data: 'one' },
      { data: 'two\n three ✓' },
      { id: '7', retry: 250, data: '' },
      { data: 'named' },
      {},
      {},
    ])
  })

  it('gives up on an event that does not end, in one line or in many', () => {
    expect(() => read(`data: ${'x'.repeat(2_000)}`, 100)).toThrow('an event of more than 1000 characters')
    expect(() => read('data: xxxxxxxx\n'.repeat(200), 100)).toThrow('an event of more than 1000 characters')
    expect(read('data: xxxxxxxx\n\n'.repeat(200), 100)).toHaveLength(200)
  })
})
