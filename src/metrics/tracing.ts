import {
  type Attributes,
  context,
  isSpanContextValid,
  ProxyTracerProvider,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api'
import type { AuditEvent } from '../kernel/audit.ts'
import { toGatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { Course } from '../kernel/telemetry.ts'
import type { Feature } from '../kernel/tool.ts'
import { errorTypeOf } from './call-meter.ts'
import { parentOf, withParent } from './trace-context.ts'

/** Spans by the semantic conventions for MCP of OpenTelemetry's GenAI group (2026, status Development). */
export interface Tracing {
  /** Undefined while nobody has registered a tracer provider. */
  begin(method: string, exchange: Exchange): Traced | undefined
}

export interface Traced extends Course {
  /** Ends what is no act of the audit log: with an empty text when all went well. */
  over(errorType: string): void
}

const NAME = 'gatehouse'

/** Traces over whatever provider is registered with OpenTelemetry's API, also one that comes later. */
export const tracing = (version: string): Tracing => ({
  begin(method, exchange) {
    const tracer = registered(version)
    return tracer && course(tracer, method, exchange)
  },
})

function registered(version: string): Tracer | undefined {
  const provider = trace.getTracerProvider()
  return provider instanceof ProxyTracerProvider
    ? provider.getDelegateTracer(NAME, version)
    : provider.getTracer(NAME, version)
}

/**
 * A span SERVER for the act and a span CLIENT for what is sent. The parent is what the caller's `_meta` says; what HTTP
 * instrumentation has under way is linked then, and else the parent.
 */
function course(tracer: Tracer, method: string, exchange: Exchange): Traced {
  const active = context.active()
  const parent = parentOf(exchange.meta)
  const around = trace.getSpanContext(active)
  const links = parent && around && isSpanContextValid(around) ? [{ context: around }] : []
  const span = tracer.startSpan(
    method,
    { kind: SpanKind.SERVER, attributes: serverAttributes(method, exchange), links },
    parent ? trace.setSpanContext(active, parent) : active,
  )
  const inside = trace.setSpan(active, span)
  const meta = metaFor(span, exchange.meta)
  return {
    meta,
    sending(feature, work) {
      const name = `${method} ${feature.id}`
      const options = { kind: SpanKind.CLIENT, attributes: clientAttributes(method, feature) }
      const hop = tracer.startSpan(name, options, inside)
      return context.with(trace.setSpan(inside, hop), () => watched(hop, () => work(metaFor(hop, meta))))
    },
    ended(event) {
      name(span, method, event)
      end(span, errorTypeOf(event))
    },
    over: (errorType) => end(span, errorType),
  }
}

/** Without a valid context of its own (no sampling, no SDK) the caller's goes on. */
function metaFor(span: Span, meta: JsonObject | undefined): JsonObject | undefined {
  const own = span.spanContext()
  return isSpanContextValid(own) ? withParent(meta, own) : meta
}

/** A name that an agent has made up is no name for a span: there would be no end of them. */
function name(span: Span, method: string, { connection, tool }: AuditEvent): void {
  if (connection === undefined || tool === undefined) return
  span.updateName(`${method} ${tool}`)
  span.setAttribute(method === 'tools/call' ? 'gen_ai.tool.name' : 'gw.feature', tool)
  span.setAttribute('gw.connection', connection)
}

const serverAttributes = (method: string, { protocol, session }: Exchange): Attributes => ({
  'mcp.method.name': method,
  'mcp.protocol.version': protocol.version,
  ...(method === 'tools/call' && { 'gen_ai.operation.name': 'execute_tool' }),
  ...(session !== undefined && { 'mcp.session.id': session }),
})

const clientAttributes = (method: string, { name: tool, connection }: Feature): Attributes => ({
  'mcp.method.name': method,
  'gw.connection': connection,
  ...(method === 'tools/call' && { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': tool }),
})

async function watched<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work()
    end(span, isJsonObject(result) && result['isError'] === true ? 'tool_error' : '')
    return result
  } catch (error) {
    end(span, toGatewayError(error).code)
    throw error
  }
}

function end(span: Span, errorType: string): void {
  if (errorType !== '') {
    span.setAttribute('error.type', errorType)
    span.setStatus({ code: SpanStatusCode.ERROR })
  }
  span.end()
}
