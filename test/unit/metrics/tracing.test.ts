import { ending } from '../../../src/kernel/ending.ts'
import {
  type Attributes,
  type Context,
  type Link,
  type Span,
  type SpanContext,
  type SpanOptions,
  trace,
} from '@opentelemetry/api'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openMetrics } from '../../../src/metrics/metrics.ts'
import { adminPrincipal } from '../../../src/identity/principals.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { Exchange } from '../../../src/kernel/exchange.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { type FakeConnection, testGateway } from '../../helpers/test-gateway.ts'
import { sourceTool } from '../../helpers/tools.ts'

interface Recorded {
  name: string
  readonly kind: number | undefined
  readonly context: SpanContext
  readonly parent: SpanContext | undefined
  readonly links: readonly Link[]
  readonly attributes: Attributes
  status?: number
  ended: boolean
}

const TRACE = '0af7651916cd43dd8448eb211c80319c'
const CALLER = `00-${TRACE}-b7ad6b7169203331-01`
let spans: Recorded[] = []

/** A provider that keeps what it is told. */
function recorder() {
  const startSpan = (name: string, { kind, attributes, links }: SpanOptions = {}, around?: Context): Span => {
    const parent = around && trace.getSpanContext(around)
    const spanId = String(spans.length + 1).padStart(16, '0')
    const traceId = parent?.traceId ?? 'f'.repeat(32)
    const traceState = parent?.traceState
    const context = { traceId, spanId, traceFlags: 1, ...(traceState && { traceState }) }
    const one: Recorded = {
      name,
      kind,
      context,
      parent,
      links: links ?? [],
      attributes: { ...attributes },
      ended: false,
    }
    spans.push(one)
    const span: Span = {
      spanContext: () => one.context,
      setAttribute(key, value) {
        one.attributes[key] = value
        return span
      },
      setAttributes: () => span,
      addEvent: () => span,
      addLink: () => span,
      addLinks: () => span,
      setStatus({ code }) {
        one.status = code
        return span
      },
      updateName(next) {
        one.name = next
        return span
      },
      end() {
        one.ended = true
      },
      isRecording: () => true,
      recordException: () => undefined,
    }
    return span
  }
  return { getTracer: () => ({ startSpan, startActiveSpan: () => undefined as never }) }
}

beforeEach(() => {
  spans = []
})
afterEach(() => {
  trace.disable()
})

const EXCHANGE: Exchange = {
  principal: adminPrincipal('acme'),
  requestId: 'r-1',
  ending: ending(),
  protocol: { era: 'modern', version: '2026-07-28', capabilities: {} },
}
const ERROR = 2
const SERVER = 1
const CLIENT = 2

function traced(run?: FakeConnection['run']) {
  const seen: (JsonObject | undefined)[] = []
  const notes: FakeConnection = {
    tools: [sourceTool('read_note', { effect: 'read' })],
    run: (name, input, exchange) => {
      seen.push(exchange.meta)
      return run?.(name, input, exchange) ?? { content: [] }
    },
  }
  const { telemetry } = openMetrics({ version: '1.2.3', tools: false, now: () => performance.now() })
  const gateway = testGateway({ connections: { notes }, telemetry })
  const call = (meta?: JsonObject, name = 'conn:notes:read_note') =>
    gateway.call('sidekick', name, {}, { ...(meta && { meta }) })
  return { ...gateway, call, seen }
}

describe('without a tracer provider', () => {
  it('passes the trace of the caller on as it came', async () => {
    const { call, seen } = traced()
    const meta = { traceparent: CALLER, tracestate: 'a=1', other: 1 }
    await call(meta)
    await call()
    expect(seen).toEqual([meta, undefined])
  })
})

describe('with a tracer provider', () => {
  beforeEach(() => {
    trace.setGlobalTracerProvider(recorder())
  })

  it('makes a span for the call under the span of the caller, one under it for what is sent, and sends that on', async () => {
    const { call, seen, events } = traced()
    await call({ traceparent: CALLER, tracestate: 'vendor=7', other: 1 })
    const [server, client] = spans
    expect(server).toMatchObject({
      name: 'tools/call conn:notes:read_note',
      kind: SERVER,
      parent: { traceId: TRACE, spanId: 'b7ad6b7169203331', isRemote: true },
      attributes: {
        'mcp.method.name': 'tools/call',
        'mcp.protocol.version': '2026-07-28',
        'gen_ai.operation.name': 'execute_tool',
        'gen_ai.tool.name': 'conn:notes:read_note',
        'gw.connection': 'notes',
      },
      ended: true,
    })
    expect(client).toMatchObject({
      name: 'tools/call conn:notes:read_note',
      kind: CLIENT,
      parent: { spanId: server?.context.spanId },
      attributes: { 'gen_ai.tool.name': 'read_note', 'gw.connection': 'notes' },
      ended: true,
    })
    expect(spans.map(({ status }) => status)).toEqual([undefined, undefined])
    expect(seen).toEqual([
      { traceparent: `00-${TRACE}-${client?.context.spanId}-01`, tracestate: 'vendor=7', other: 1 },
    ])
    expect(events[0]?.trace).toBe(TRACE)
  })

  it('begins a trace where the caller has none, and the audit log has its number', async () => {
    const { call, events } = traced()
    await call()
    expect(spans[0]?.parent).toBeUndefined()
    expect(events[0]?.trace).toBe('f'.repeat(32))
  })

  it.each([
    '00-00000000000000000000000000000000-b7ad6b7169203331-01',
    `00-${TRACE}-0000000000000000-01`,
    `ff-${TRACE}-b7ad6b7169203331-01`,
    `00-${TRACE.toUpperCase()}-b7ad6b7169203331-01`,
    `00-${TRACE}-b7ad6b7169203331-01extra`,
    'nonsense',
    7,
  ])('takes no trace from %s', async (traceparent) => {
    const { call } = traced()
    await call({ traceparent })
    expect(spans[0]?.parent).toBeUndefined()
  })

  it('says how it failed: by code, and tool_error for a result that says so of itself', async () => {
    const { call } = traced(() => ({ content: [], isError: true }))
    await call()
    const broken = traced(() => {
      throw new Error('boom')
    })
    await expect(broken.call()).rejects.toMatchObject({ code: 'internal' })
    expect(spans.map(({ attributes, status }) => [attributes['error.type'], status])).toEqual([
      ['tool_error', ERROR],
      ['tool_error', ERROR],
      ['internal', ERROR],
      ['internal', ERROR],
    ])
    expect(spans.every(({ ended }) => ended)).toBe(true)
  })

  it('makes one span for a list, under the span of the caller', () => {
    const { telemetry } = openMetrics({ version: '1.2.3', tools: false, now: () => 0 })
    const exchange = { ...EXCHANGE, meta: { traceparent: CALLER } }
    expect(telemetry.listing('tools/list', exchange, () => 'a page')).toBe('a page')
    const refused = (): never => {
      throw new GatewayError('invalid_cursor', 'No such cursor.')
    }
    expect(() => telemetry.listing('tools/list', exchange, refused)).toThrow('No such cursor.')
    expect(spans).toMatchObject([
      { name: 'tools/list', kind: SERVER, parent: { traceId: TRACE }, ended: true },
      { name: 'tools/list', ended: true, status: ERROR, attributes: { 'error.type': 'invalid_cursor' } },
    ])
    expect(spans[0]?.attributes).toEqual({ 'mcp.method.name': 'tools/list', 'mcp.protocol.version': '2026-07-28' })
  })

  it('does not take a name that an agent has made up', async () => {
    const { call } = traced()
    await expect(call({}, 'conn:made:up')).rejects.toMatchObject({ code: 'tool_not_found' })
    expect(spans.map(({ name }) => name)).toEqual(['tools/call'])
    expect(JSON.stringify(spans)).not.toContain('made')
  })
})
