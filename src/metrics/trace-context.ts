import { createTraceState, type SpanContext } from '@opentelemetry/api'
import type { JsonObject } from '../kernel/json.ts'

/** W3C Trace Context §3.2.2; of later versions only the part that they promise to keep is read. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|-)/
/** W3C Trace Context §3.3.1.5 asks for no more, characters. */
const LONGEST_STATE = 512

/** The span that a request's `_meta` says it belongs to (SEP-414); undefined when it says none that is valid. */
export function parentOf(meta: JsonObject | undefined): SpanContext | undefined {
  const { traceparent, tracestate } = meta ?? {}
  const match = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent) : null
  const [, traceId, spanId, flags] = match ?? []
  if (traceId === undefined || spanId === undefined || flags === undefined) return undefined
  const state = typeof tracestate === 'string' && tracestate.length <= LONGEST_STATE ? tracestate : undefined
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & 1,
    isRemote: true,
    ...(state !== undefined && { traceState: createTraceState(state) }),
  }
}

/** The same `_meta` with a span of ours as the parent of what comes next. */
export function withParent(
  meta: JsonObject | undefined,
  { traceId, spanId, traceFlags, traceState }: SpanContext,
): JsonObject {
  const { tracestate: _before, ...rest } = meta ?? {}
  const state = traceState?.serialize() ?? ''
  return {
    ...rest,
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    ...(state !== '' && { tracestate: state }),
  }
}
