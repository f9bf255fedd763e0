import { hash } from 'node:crypto'
import type { AuditEvent } from '../kernel/audit.ts'
import type { JsonObject } from '../kernel/json.ts'
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

/** What policy asked for besides, by kind and rule; undefined where that is nothing. */
export const auditObligations = (decision: Decision | undefined): readonly string[] | undefined =>
  decision?.effect === 'allow' && decision.obligations.length > 0
    ? decision.obligations.map(({ kind, rule }) => `${kind}:${rule}`)
    : undefined

/** What rules in shadow mode would have done. */
export const auditShadow = (decision: Decision | undefined): readonly string[] | undefined =>
  decision?.shadow?.map(({ would, rule }) => `${would}:${rule}`)

/** Claims whose JSON is longer are left out: calls with them cannot be judged by another policy later. */
const MOST_CLAIMS = 2_048
const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/

/** The trace that the caller says its request belongs to (W3C Trace Context). */
export function traceOf(meta: JsonObject | undefined): string | undefined {
  const traceparent = meta?.['traceparent']
  return typeof traceparent === 'string' ? TRACEPARENT.exec(traceparent)?.[1] : undefined
}

/** No claims are written as such: where nothing is written, nobody knows. */
export function auditClaims(claims: JsonObject): JsonObject | undefined {
  const isShort = shortClaims.get(claims) ?? JSON.stringify(claims).length <= MOST_CLAIMS
  shortClaims.set(claims, isShort)
  return isShort ? claims : undefined
}

/** A principal's claims stay the same while its credential is remembered. */
const shortClaims = new WeakMap<JsonObject, boolean>()

/** The result as the agent saw it, where a `log` obligation asks for everything and it is small enough for a log line. */
export function auditResult(result: JsonObject, decision: Decision | undefined): AuditEvent['result'] {
  if (logLevel(decision) !== 'full') return undefined
  const bytes = JSON.stringify(result).length
  return bytes <= MOST_RESULT ? result : { omitted: `${bytes} characters` }
}

/** Several rules may ask; the one that shows least wins, and without any it is the hash. */
export function logLevel(decision: Decision | undefined): (typeof DETAIL)[number] {
  if (decision?.effect !== 'allow' || !decision.obligations.some(({ kind }) => kind === 'log')) return 'hash'
  const asked = decision.obligations.flatMap((obligation) =>
    obligation.kind === 'log' ? [DETAIL.indexOf(obligation.level)] : [],
  )
  return asked.length === 0 ? 'hash' : (DETAIL[Math.min(...asked)] ?? 'hash')
}
