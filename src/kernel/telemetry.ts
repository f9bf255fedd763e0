import type { AuditEvent } from './audit.ts'
import type { Exchange } from './exchange.ts'
import type { JsonObject } from './json.ts'
import type { Feature } from './tool.ts'

/** What operators measure of calls: times, outcomes, traces. It sees no arguments, no results and no credentials. */
export interface Telemetry {
  /** `type` is the audit event's, such as `tool.call`. */
  begin(type: string, exchange: Exchange): Course
  /** Around the making of a list, such as `tools/list`: no connection is asked for it. Gives and throws what the work does. */
  listing<T>(method: string, exchange: Exchange, list: () => T): T
}

/** One act, from its beginning to its outcome. */
export interface Course {
  /** The caller's `_meta` with the trace context of this act in the place of the caller's own, where it is traced. */
  readonly meta: JsonObject | undefined
  /**
   * Around what is sent to a source. `meta` is what travels on: it has the trace context of this hop, where it is traced.
   * Gives and throws what the work does.
   */
  sending<T>(feature: Feature, work: (meta: JsonObject | undefined) => Promise<T>): Promise<T>
  /** The act is over. `event` is the line that the audit log gets. */
  ended(event: AuditEvent): void
}
