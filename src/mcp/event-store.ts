import type { EventStore } from '@modelcontextprotocol/server'

type Message = Parameters<EventStore['storeEvent']>[1]

export interface EventLimits {
  /** Of one session. */
  readonly events: number
  readonly bytes: number
  /** Of all sessions. */
  readonly totalBytes: number
}

export const EVENT_LIMITS: EventLimits = { events: 256, bytes: 1024 * 1024, totalBytes: 64 * 1024 * 1024 }

/**
 * What a session sent lately, for clients that lost a stream (MCP 2025-11-25, Resumability and Redelivery). It does not
 * tell the SDK's transport which stream an event is of, so that a client that comes back takes over from a connection that
 * nobody has noticed to be dead, instead of being refused.
 */
export interface Events extends EventStore {
  /** False when something that came after that event is no longer here: a replay would have a gap. */
  canReplayAfter(id: string): boolean
  end(): void
}

interface Event {
  readonly sequence: number
  readonly stream: string
  readonly message: Message
  readonly bytes: number
}

/** Makes the stores of all sessions, which share one bound. The oldest events of a session go first. */
export function eventBook(limits: EventLimits): { open(): Events } {
  let total = 0
  return { open: () => open(limits, { read: () => total, add: (bytes) => (total += bytes) }) }
}

interface Total {
  read(): number
  add(bytes: number): void
}

function open(limits: EventLimits, total: Total): Events {
  const events: Event[] = []
  let sequence = 0
  let bytes = 0
  let isEnded = false
  /** The newest event that was forgotten, of each stream that lost some. */
  const lost = new Map<string, number>()
  /** The newest event of the streams that are not remembered in `lost`. */
  let floor = 0
  const forgetOldest = (): void => {
    const oldest = events.shift()
    if (!oldest) return
    bytes -= oldest.bytes
    total.add(-oldest.bytes)
    lost.delete(oldest.stream)
    lost.set(oldest.stream, oldest.sequence)
    if (lost.size <= limits.events) return
    const [stream, newest] = lost.entries().next().value ?? ['', 0]
    lost.delete(stream)
    floor = Math.max(floor, newest)
  }
  const isFull = (): boolean =>
    events.length > limits.events || bytes > limits.bytes || (total.read() > limits.totalBytes && events.length > 0)
  return {
    async storeEvent(stream, message) {
      const size = JSON.stringify(message).length
      sequence += 1
      if (isEnded) return `${sequence}.${stream}`
      events.push({ sequence, stream, message, bytes: size })
      bytes += size
      total.add(size)
      while (isFull()) forgetOldest()
      return `${sequence}.${stream}`
    },
    async replayEventsAfter(id, { send }) {
      const after = parse(id)
      if (!after) throw new Error('this is no event id')
      const missed = events.filter((event) => event.stream === after.stream && event.sequence > after.sequence)
      for (const event of missed) {
        if ('jsonrpc' in event.message) await send(`${event.sequence}.${event.stream}`, event.message)
      }
      return after.stream
    },
    canReplayAfter(id) {
      const after = parse(id)
      const isKnown = after && after.sequence <= sequence
      return isKnown ? (lost.get(after.stream) ?? floor) <= after.sequence : false
    },
    end() {
      isEnded = true
      total.add(-bytes)
      bytes = 0
      events.length = 0
    },
  }
}

/** Ids are `<sequence>.<stream>`: visible ASCII without the comma, unique within a session. */
function parse(id: string): { readonly sequence: number; readonly stream: string } | undefined {
  const match = /^(\d{1,15})\.([\w-]{1,100})$/.exec(id)
  return match ? { sequence: Number(match[1]), stream: match[2] ?? '' } : undefined
}
