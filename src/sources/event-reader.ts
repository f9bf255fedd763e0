import { GatewayError } from '../kernel/errors.ts'

/** One event of a stream. */
export interface StreamEvent {
  readonly id?: string
  /** Milliseconds that the server wants a client to wait before it comes back for more. */
  readonly retry?: number
  /** The data of a `message` event; other events have none for us. */
  readonly data?: string
}

const LINE_END = /\r\n|\n|\r/g

/**
 * Reads `text/event-stream` as it comes (WHATWG HTML §9.2.6), whatever the pieces. Throws `upstream_invalid` when more than
 * `maxLength` characters wait for the end of their event.
 */
export function eventReader(onEvent: (event: StreamEvent) => void, maxLength: number): (chunk: Uint8Array) => void {
  const decoder = new TextDecoder()
  let line = ''
  let event = newEvent()
  let endedInCr = false
  const takeLine = (): void => {
    if (line !== '') takeField(event, line)
    else {
      onEvent(toStreamEvent(event))
      event = newEvent()
    }
    line = ''
  }
  return (chunk) => {
    const text = decoder.decode(chunk, { stream: true })
    if (text === '') return
    let start = endedInCr && text.startsWith('\n') ? 1 : 0
    endedInCr = text.endsWith('\r')
    for (const { index, 0: end } of text.matchAll(LINE_END)) {
      if (index < start) continue
      line += text.slice(start, index)
      start = index + end.length
      takeLine()
    }
    line += text.slice(start)
    if (line.length + event.length > maxLength) throw tooLong(maxLength)
  }
}

const tooLong = (maxLength: number): GatewayError =>
  new GatewayError('upstream_invalid', `The server sent an event of more than ${maxLength} characters.`)

interface OpenEvent {
  data: string[]
  length: number
  id?: string
  retry?: number
  name?: string
}

const newEvent = (): OpenEvent => ({ data: [], length: 0 })

function takeField(event: OpenEvent, line: string): void {
  const colon = line.indexOf(':')
  const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
  switch (colon === -1 ? line : line.slice(0, colon)) {
    case 'data':
      event.data.push(value)
      event.length += value.length + 1
      break
    case 'id':
      if (value !== '' && !value.includes('\0')) event.id = value
      break
    case 'event':
      event.name = value
      break
    case 'retry':
      if (/^[0-9]{1,9}$/.test(value)) event.retry = Number(value)
  }
}

const toStreamEvent = ({ data, id, retry, name = '' }: OpenEvent): StreamEvent => ({
  ...(id !== undefined && { id }),
  ...(retry !== undefined && { retry }),
  ...(data.length > 0 && (name === '' || name === 'message') && { data: data.join('\n') }),
})
