import type { AuditEvent } from '../kernel/audit.ts'
import type { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Decision } from '../kernel/policy.ts'
import type { Course } from '../kernel/telemetry.ts'
import type { Feature } from '../kernel/tool.ts'
import type { CompiledPolicy } from '../policy/compiled-policy.ts'
import { projectionPaths } from '../policy/replay/projection-paths.ts'
import { auditArguments, auditCaller, auditDecision } from './audit-arguments.ts'
import type { GatewayDeps } from './gateway.ts'
import type { Act } from './perform.ts'

/** What is known so far; the ledger's lines are written from it. */
export interface Facts {
  readonly startedAt: number
  readonly policy: CompiledPolicy
  readonly course: Course | undefined
  feature?: Feature
  input?: JsonObject
  /** What the run had seen when it asked. */
  labels?: ReadonlySet<string>
  decision?: Decision
  /** The approval that it is made with. */
  approval?: string
}

const OUTCOMES: Readonly<Record<string, AuditEvent['outcome']>> = { denied: 'denied', cancelled: 'cancelled' }

/** What the record says of a failure. */
export function outcomeOf({ code, message, data }: GatewayError, { feature, input }: Facts): Partial<AuditEvent> {
  const isUnknown = code === 'tool_not_found' || (code === 'not_found' && (!feature || !input))
  return {
    outcome: isUnknown ? 'unknown_tool' : (OUTCOMES[code] ?? 'error'),
    code,
    reason: message,
    ...waitsFor(code, data),
  }
}

const named = (approval: string | undefined): Pick<AuditEvent, 'approval'> =>
  approval === undefined ? {} : { approval }

/** The approval that a refused call waits for. */
function waitsFor(code: string, data: GatewayError['data']): Pick<AuditEvent, 'approval'> {
  const approval = code === 'approval_required' ? data['approval'] : undefined
  return named(typeof approval === 'string' ? approval : undefined)
}

/** The line of the ledger that tells of an act. */
export function toEvent(
  deps: GatewayDeps,
  { type, asked, exchange, through }: Pick<Act<Feature, JsonObject>, 'type' | 'asked' | 'exchange' | 'through'>,
  { startedAt, policy, feature, input, labels, decision, approval }: Facts,
  more: Pick<AuditEvent, 'phase'> & Partial<AuditEvent>,
): AuditEvent {
  const { principal, requestId } = exchange
  return {
    type,
    at: deps.clock(),
    requestId,
    principal: principal.id,
    agent: principal.agent,
    ...(principal.user !== undefined && { user: principal.user }),
    ...auditCaller(exchange),
    ...(labels && labels.size > 0 && { labels: [...labels] }),
    tool: feature?.id ?? asked.slice(0, 200),
    ...(feature && { connection: feature.connection }),
    ...(decision && { decision: decision.effect }),
    ...(decision?.rule !== undefined && { rule: decision.rule }),
    ...(decision && auditDecision(decision)),
    ...(input && auditArguments(input, decision, feature ? projectionPaths(policy, feature) : [])),
    policyVersion: policy.version,
    ...named(approval),
    ...(through && { detail: { through: through.tool.id } }),
    ...(more.phase === 'outcome' && { durationMs: deps.clock() - startedAt }),
    ...more,
  }
}
