import type { AuditEvent } from '../kernel/audit.ts'
import type { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Decision } from '../kernel/policy.ts'
import type { Course } from '../kernel/telemetry.ts'
import type { Feature } from '../kernel/tool.ts'
import type { CompiledPolicy } from '../policy/compiled-policy.ts'
import { projectionPaths } from '../policy/replay/projection-paths.ts'
import { auditArguments, auditClaims, auditObligations, auditShadow, traceOf } from './audit-arguments.ts'
import type { GatewayDeps } from './gateway.ts'
import type { Act } from './perform.ts'

/** What is known so far; the ledger's lines are written from it. */
export interface Facts {
  readonly startedAt: number
  readonly policy: CompiledPolicy
  readonly course: Course | undefined
  /** The caller's, as far as it has been taken over: with the trace and the signal of this act. */
  exchange: Exchange
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

/**
 * The line of the ledger that tells of an act. Written out, members that are not there too: it is made for every call, and
 * objects that are put together from parts cost more than all that is in them.
 */
export function toEvent(
  deps: GatewayDeps,
  { type, asked, through }: Pick<Act<Feature, JsonObject>, 'type' | 'asked' | 'through'>,
  { startedAt, policy, exchange, feature, input, labels, decision, approval }: Facts,
  more: Pick<AuditEvent, 'phase'> & Partial<AuditEvent>,
): AuditEvent {
  const { principal, requestId, meta } = exchange
  const at = deps.clock()
  const { id: tool, connection } = feature ?? { id: asked.slice(0, 200), connection: undefined }
  const told = input ? auditArguments(input, decision, feature ? projectionPaths(policy, feature) : []) : {}
  return {
    type,
    phase: more.phase,
    at,
    requestId,
    principal: principal.id,
    agent: principal.agent,
    user: principal.user,
    groups: principal.groups.length > 0 ? principal.groups : undefined,
    claims: auditClaims(principal.claims),
    trace: traceOf(meta),
    labels: labels && labels.size > 0 ? [...labels] : undefined,
    tool,
    connection,
    decision: decision?.effect,
    rule: decision?.rule,
    obligations: auditObligations(decision),
    shadow: auditShadow(decision),
    argumentsHash: told.argumentsHash,
    arguments: told.arguments,
    projection: told.projection,
    policyVersion: policy.version,
    approval: more.approval ?? approval,
    detail: through && { through: through.tool.id },
    durationMs: more.phase === 'outcome' ? at - startedAt : undefined,
    outcome: more.outcome,
    code: more.code,
    reason: more.reason,
    result: more.result,
  }
}
