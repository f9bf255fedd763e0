import { hash } from 'node:crypto'
import type { AuditEvent } from '../kernel/audit.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Decision } from '../kernel/policy.ts'
import { canonicalJson } from '../catalog/canonical-json.ts'

/** A longer result is left out of the log, and the line says so. Characters of JSON. */
const MOST_RESULT = 65_536
const DETAIL = ['meta', 'hash', 'args', 'full'] as const

/** What the audit says of the arguments: nothing, their hash (default), or themselves, as the strictest `log` obligation asks. */
export function auditArguments(
  input: JsonObject,
  decision: Decision | undefined,
): Pick<AuditEvent, 'argumentsHash' | 'arguments'> {
  const level = logLevel(decision)
  if (level === 'meta') return {}
  const argumentsHash = hash('sha256', canonicalJson(input), 'base64url')
  return level === 'hash' ? { argumentsHash } : { argumentsHash, arguments: input }
}

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
