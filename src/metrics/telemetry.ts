import { afterwards } from '../kernel/afterwards.ts'
import type { Course, Telemetry } from '../kernel/telemetry.ts'
import { toGatewayError } from '../kernel/errors.ts'
import type { Meter } from './call-meter.ts'
import type { Tracing } from './tracing.ts'

export interface TelemetryDeps {
  readonly meter: Meter
  readonly tracing: Tracing
  /** Milliseconds with fractions; only differences count. */
  readonly now: () => number
}

/** The words of MCP for what the audit log calls otherwise. */
const METHODS: Readonly<Record<string, string>> = {
  'tool.call': 'tools/call',
  'resource.read': 'resources/read',
  'resource.subscribe': 'resources/subscribe',
  'prompt.get': 'prompts/get',
  completion: 'completion/complete',
}

/** Times and traces acts. */
export const telemetry = ({ meter, tracing, now }: TelemetryDeps): Telemetry => ({
  begin(type, exchange): Course {
    const method = METHODS[type] ?? type
    const startedAt = now()
    const span = tracing.begin(method, exchange)
    let upstreamMs: number | undefined
    return {
      meta: span ? span.meta : exchange.meta,
      sending(feature, work) {
        const sentAt = now()
        const send = () => (span ? span.sending(feature, work) : work(exchange.meta))
        return afterwards(send, () => {
          upstreamMs = (upstreamMs ?? 0) + now() - sentAt
        })
      },
      ended(event) {
        meter.act({ method, event, totalMs: now() - startedAt, upstreamMs })
        span?.ended(event)
      },
    }
  },
  listing(method, exchange, list) {
    const startedAt = now()
    const span = tracing.begin(method, exchange)
    let errorType = ''
    try {
      return list()
    } catch (error) {
      errorType = toGatewayError(error).code
      throw error
    } finally {
      meter.list({ method, errorType, totalMs: now() - startedAt })
      span?.over(errorType)
    }
  },
})
