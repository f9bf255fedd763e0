import { setTimeout as wait } from 'node:timers/promises'
import { GatewayError } from '../kernel/errors.ts'
import { type Json, type JsonObject, isJsonObject } from '../kernel/json.ts'
import { modernVersion } from './attach-headers.ts'
import { type Link, type LinkOptions, gatewayLink } from './attach-link.ts'
import { messagesOf, relay } from './attach-relay.ts'
import { linesOf } from './lines.ts'
import type { Shell } from './shell.ts'
import { aborted } from './signals.ts'

export interface AttachOptions extends Pick<LinkOptions, 'agent' | 'toolset' | 'locate'> {
  readonly shell: Pick<Shell, 'stdin' | 'stdout' | 'stderr' | 'fetch'>
  /** Ends the bridge as the end of the input does. */
  readonly signal: AbortSignal
}

const MAX_LINE_BYTES = 64 * 1024 * 1024
/** What is under way when the input ends gets this long to finish. */
const DRAIN_MS = 5_000
const LEAVE_MS = 1_000
const BETWEEN_STREAMS_MS = 1_000
const BROKEN =
  'The connection to the gateway broke before the answer came. The call may have been made: look before you repeat it.'

/** What one bridge is made of. */
interface Bridge {
  readonly link: Link
  readonly write: (message: Json) => void
  readonly warn: (text: string) => void
  /** Modern requests under way, by their id in JSON. */
  readonly underWay: Map<string, AbortController>
  /** Aborted when the input has ended. */
  readonly ended: AbortController
  /** The `initialize` of a legacy client, to open its session again at a gateway that was started again. */
  initialize?: JsonObject
  reopening?: Promise<void> | undefined
}

/**
 * A bridge between MCP on stdin and stdout and the gateway that runs on the store: JSON-RPC lines become requests to
 * `/mcp`, JSON and SSE answers become lines, for both eras (MCP Streamable HTTP). Resolves when the input ends.
 */
export async function attach({ shell, agent, toolset, locate, signal }: AttachOptions): Promise<void> {
  const bridge: Bridge = {
    link: gatewayLink({ agent, toolset, locate, fetch: shell.fetch }),
    write: (message) => shell.stdout(`${JSON.stringify(message)}\n`),
    warn: (text) => shell.stderr(`${text}\n`),
    underWay: new Map(),
    ended: new AbortController(),
  }
  const running = new Set<Promise<void>>()
  const track = (work: Promise<void>): void => {
    running.add(work)
    void work.finally(() => running.delete(work))
  }
  await Promise.race([readAll(bridge, shell.stdin, track), aborted(signal)])
  await Promise.race([Promise.all(running), wait(signal.aborted ? 0 : DRAIN_MS, undefined, { ref: false })])
  bridge.ended.abort()
  await bridge.link.leave(AbortSignal.timeout(LEAVE_MS)).catch(() => undefined)
}

async function readAll(bridge: Bridge, input: Shell['stdin'], track: (work: Promise<void>) => void): Promise<void> {
  for await (const line of linesOf(input, MAX_LINE_BYTES)) {
    if ('text' in line && line.text.trim() === '') continue
    const message = 'text' in line ? parsed(line.text) : undefined
    if (!isJsonObject(message)) {
      const words =
        'text' in line ? 'This line is no JSON-RPC message.' : `A line is longer than ${MAX_LINE_BYTES} bytes.`
      bridge.write({ jsonrpc: '2.0', id: null, error: { code: -32700, message: words } })
      continue
    }
    if (isCancelled(bridge, message)) continue
    const work = carry(bridge, message)
    if (message['method'] === 'initialize') await work
    else if (message['method'] !== 'subscriptions/listen') track(work)
  }
}

/** Over HTTP a modern request is cancelled by closing its stream, and nothing is sent. */
function isCancelled({ underWay }: Bridge, { method, params }: JsonObject): boolean {
  if (method !== 'notifications/cancelled' || !isJsonObject(params)) return false
  const request = underWay.get(JSON.stringify(params['requestId']))
  request?.abort()
  return request !== undefined
}

/** Takes one message to the gateway and its answers back. Every request gets an answer, whatever happens. */
async function carry(bridge: Bridge, message: JsonObject): Promise<void> {
  const { id, method } = message
  const isRequest = id !== undefined && typeof method === 'string'
  const cancel = new AbortController()
  const key = JSON.stringify(id)
  if (isRequest && modernVersion(message) !== undefined) bridge.underWay.set(key, cancel)
  try {
    const signal = AbortSignal.any([cancel.signal, bridge.ended.signal])
    await relay(bridge, await post(bridge, message, signal), message)
    if (method === 'initialize') bridge.initialize = message
    if (method === 'notifications/initialized') void listen(bridge)
  } catch (error) {
    if (cancel.signal.aborted || bridge.ended.signal.aborted) return
    const words = error instanceof GatewayError ? error.message : BROKEN
    if (isRequest) bridge.write({ jsonrpc: '2.0', id, error: { code: -32603, message: words } })
    else bridge.warn(words)
  } finally {
    if (bridge.underWay.get(key) === cancel) bridge.underWay.delete(key)
  }
}

/** A 404 to a legacy message says that its session is gone (MCP 2025-11-25, Session Management): a new one is opened. */
async function post(bridge: Bridge, message: JsonObject, signal: AbortSignal): Promise<Response> {
  const response = await bridge.link.post(message, signal)
  if (response.status !== 404 || !bridge.initialize || modernVersion(message) !== undefined) return response
  await response.body?.cancel()
  bridge.reopening ??= reopen(bridge, bridge.initialize).finally(() => (bridge.reopening = undefined))
  await bridge.reopening
  return bridge.link.post(message, signal)
}

async function reopen(bridge: Bridge, initialize: JsonObject): Promise<void> {
  const { link, ended } = bridge
  await relay({ link, write: () => undefined }, await link.post(initialize, ended.signal), initialize)
  const response = await link.post({ jsonrpc: '2.0', method: 'notifications/initialized' }, ended.signal)
  await response.body?.cancel()
  void listen(bridge)
}

/** What the server says unasked, for as long as the session lives and the server offers the stream. */
async function listen({ link, write, ended }: Bridge): Promise<void> {
  const { signal } = ended
  while (link.hasSession && !signal.aborted) {
    try {
      const stream = await link.listen(signal)
      if (!stream) return
      for await (const message of messagesOf(stream)) write(message)
    } catch {
      if (signal.aborted) return
    }
    await wait(BETWEEN_STREAMS_MS, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
