import type { Exchange } from '../kernel/exchange.ts'

/** W3C Trace Context, version 00 and what later versions promise to keep. */
const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/

/** The trace that a call belongs to, as a header of the requests to the service; nothing where there is none. */
export function traceHeaders(meta: Exchange['meta']): Readonly<Record<string, string>> {
  const traceparent = meta?.['traceparent']
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? { traceparent } : {}
}
