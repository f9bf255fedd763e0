import { hash } from 'node:crypto'
import type { AuditEvent } from '../kernel/audit.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Decision } from '../kernel/policy.ts'
import { project } from '../policy/replay/projection.ts'
import { canonicalJson } from '../catalog/canonical-json.ts'

/** A longer result is left out of the log, and the line says so. Characters of JSON. */
const MOST_RESULT = 65_536
const DETAIL = ['meta', 'hash', 'args', 'full'] as const

/**
 * What the audit says of the arguments: nothing, their hash and what rules refer to (default), or themselves, as the
 * strictest `log` obligation asks.
 */
export function auditArguments(
  input: JsonObject,
  decision: Decision | undefined,
  pointers: readonly string[],
): Pick<AuditEvent, 'argumentsHash' | 'arguments' | 'projection'> {
  const level = logLevel(decision)
  if (level === 'meta') return {}
  const argumentsHash = hash('sha256', canonicalJson(input), 'base64url')
  return level === 'hash'
    ? { argumentsHash, projection: project(input, pointers) }
    : { argumentsHash, arguments: input }
}

/** What the audit says of a decision besides its effect. */
export const auditDecision = (decision: Decision): Pick<AuditEvent, 'obligations' | 'shadow'> => ({
  ...(decision.effect === 'allow' &&
    decision.obligations.length > 0 && {
      obligations: decision.obligations.map(({ kind, rule }) => `${kind}:${rule}`),
    }),
  ...(decision.shadow && { shadow: decision.shadow.map(({ would, rule }) => `${would}:${rule}`) }),
})

/** Claims whose JSON is longer are left out: calls with them cannot be judged by another policy later. */
const MOST_CLAIMS = 2_048
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/

/** What the audit says of the caller besides its name. */
export function auditCaller({
  principal: { groups, claims },
  meta,
}: Exchange): Pick<AuditEvent, 'groups' | 'claims' | 'trace'> {
  const traceparent = meta?.['traceparent']
  const trace = typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined
  return {
    ...(groups.length > 0 && { groups }),
    ...(hasShortClaims(claims) && { claims }),
    ...(trace !== undefined && { trace }),
  }
}

/** No claims are written as such: where nothing is written, nobody knows. */
const hasShortClaims = (claims: JsonObject): boolean => JSON.stringify(claims).length <= MOST_CLAIMS

/** The result as the agent saw it, where a `log` obligation asks for everything and it is small enough for a log line. */
export function auditResult(result: JsonObject, decision: Decision | undefined): Pick<AuditEvent, 'result'> {
  if (logLevel(decision) !== 'full') return {}
  const bytes = JSON.stringify(result).length
  return { result: bytes <= MOST_RESULT ? result : { omitted: `${bytes} characters` } }
}

/** Several rules may ask; the one that shows least wins, and without any it is the hash. */
export function logLevel(decision: Decision | undefined): (typeof DETAIL)[number] {
  if (decision?.effect !== 'allow') return 'hash'
  const asked = decision.obligations.flatMap((obligation) =>
    obligation.kind === 'log' ? [DETAIL.indexOf(obligation.level)] : [],
  )
  return asked.length === 0 ? 'hash' : (DETAIL[Math.min(...asked)] ?? 'hash')
}
