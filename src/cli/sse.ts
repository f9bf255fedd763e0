/** One event of a stream. `event` is `message` when the server names none. */
export interface ServerSentEvent {
  readonly event: string
  readonly id?: string
  readonly data: string
}

/** A line longer than this (in UTF-16 code units) is no event of ours. */
const MAX_LINE = 64 * 1024 * 1024

/**
 * The events of a `text/event-stream` body, as the WHATWG HTML standard reads it (§9.2.6): any line end, comments
 * skipped, data lines joined, an event without data dropped. Ends with the body.
 */
export async function* serverSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let fields: Record<string, string> = {}
  for await (const line of eventLines(body)) {
    if (line !== '') {
      fields = withLine(fields, line)
      continue
    }
    const { data, event, id } = fields
    fields = {}
    if (data !== undefined) yield { event: event ?? 'message', data, ...(id !== undefined && { id }) }
  }
}

function withLine(fields: Record<string, string>, line: string): Record<string, string> {
  if (line.startsWith(':')) return fields
  const colon = line.indexOf(':')
  const name = colon === -1 ? line : line.slice(0, colon)
  const value = colon === -1 ? '' : line.slice(colon + 1).replace(/^ /, '')
  if (name === 'data' && fields['data'] !== undefined) return { ...fields, data: `${fields['data']}\n${value}` }
  return { ...fields, [name]: value }
}

/** Lines that end in CRLF, LF or CR. A CR at the end of a chunk waits for the next one: an LF may belong to it. */
async function* eventLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true })
    const held = rest.endsWith('\r') ? '\r' : ''
    const lines = rest.slice(0, rest.length - held.length).split(/\r\n|\n|\r/)
    rest = (lines.pop() ?? '') + held
    if (rest.length > MAX_LINE) throw new RangeError('A line of the event stream is too long.')
    yield* lines
  }
}
