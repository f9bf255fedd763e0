import type { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject } from '../kernel/json.ts'
import { callsInFlight, type CallsInFlight } from './calls-in-flight.ts'
import type { Link, LinkEvents } from './mcp-link.ts'
import { ask } from './relay.ts'

/** A link with the calls on it. */
export interface Line {
  readonly link: Link
  readonly calls: CallsInFlight
  /** Why the link closed, once it has. */
  closed(): GatewayError | undefined
  /**
   * Asks a legacy server, once, for its log messages: it sends none before (MCP 2025-11-25, Logging). Never rejects; undefined
   * when there is nothing to wait for.
   */
  hearLogs(): Promise<void> | undefined
}

export interface LineEvents {
  /** What is not of a call: lists and resources that changed. */
  onNotification?(method: string, params: unknown): void
  onClosed?(error: GatewayError): void
}

const SET_LEVEL_MS = 5_000

/** Opens a line with `open`. `opener` is the call that it is opened for: a server may ask at once. */
export async function openLine(
  open: (events: LinkEvents) => Promise<Link>,
  { onNotification, onClosed }: LineEvents = {},
  opener?: Exchange,
): Promise<Line> {
  const calls = callsInFlight()
  const first = opener && calls.enter(opener)
  let closed: GatewayError | undefined
  let hearing: Promise<void> | 'heard' | undefined
  try {
    const link = await open({
      onRequest: (request) => calls.answer(request),
      onNotification(method, params) {
        if (method === 'notifications/message' && isJsonObject(params)) calls.log(params)
        else onNotification?.(method, params)
      },
      onClosed(error) {
        closed = error
        onClosed?.(error)
      },
    })
    return {
      link,
      calls,
      closed: () => closed,
      hearLogs() {
        hearing ??= hearLogs(link).then(() => void (hearing = 'heard'))
        return hearing === 'heard' ? undefined : hearing
      },
    }
  } finally {
    if (first) calls.leave(first)
  }
}

async function hearLogs({ client, era, capabilities }: Link): Promise<void> {
  if (era !== 'legacy' || !capabilities.logging) return
  // Callers want different levels and the session has one: each edge keeps what its own caller wants.
  await ask(client, 'logging/setLevel', { level: 'debug' }, { timeout: SET_LEVEL_MS }).catch(() => undefined)
}
