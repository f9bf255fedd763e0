import { parseDuration } from '../kernel/duration.ts'
import type { Obligation, Redaction } from '../kernel/policy.ts'
import type { Place } from './problem.ts'
import { problemOfPattern } from './pattern.ts'
import type { ObligationsSpec } from './obligations-schema.ts'
import type { Rule } from './schema.ts'

const APPROVAL_TTL = '15m'
/** A form in the agent's own client proves no person; a rule must name that channel to use it. */
const CHANNELS = ['console', 'elicitation-url'] as const

/** What a rule asks for besides allowing, with its defaults filled in; `timezone` is the policy's. */
export function toObligations({ id, obligations }: Rule, timezone: string): readonly Obligation[] {
  const { approval, rateLimit, quota, label, redact, maxResponseBytes, log } = obligations ?? {}
  return [
    approval && toApproval(id, approval),
    rateLimit && toRateLimit(id, rateLimit),
    quota && toQuota(id, quota, timezone),
    label && ({ kind: 'label', rule: id, labels: label } as const),
    redact && ({ kind: 'redact', rule: id, redactions: redact.map(toRedaction) } as const),
    maxResponseBytes === undefined
      ? undefined
      : ({ kind: 'maxResponseBytes', rule: id, bytes: maxResponseBytes } as const),
    log && ({ kind: 'log', rule: id, level: log } as const),
  ].filter((obligation) => obligation !== undefined)
}

function toApproval(rule: string, approval: NonNullable<ObligationsSpec['approval']>): Obligation {
  const { approvers, quorum = 1, allowSelf = false, ttl = APPROVAL_TTL, channels = CHANNELS } = approval
  return { kind: 'approval', rule, approvers, quorum, allowSelf, ttlMs: toMilliseconds(ttl), channels }
}

function toRateLimit(rule: string, rateLimit: NonNullable<ObligationsSpec['rateLimit']>): Obligation {
  const { limit, window, per = ['agent'], burst = limit } = rateLimit
  return { kind: 'rateLimit', rule, limit, windowMs: toMilliseconds(window), per, burst }
}

function toQuota(rule: string, quota: NonNullable<ObligationsSpec['quota']>, zone: string): Obligation {
  const { limit, window, timezone = zone, per = ['agent'] } = quota
  return { kind: 'quota', rule, limit, window, timezone, per }
}

function toRedaction(spec: NonNullable<ObligationsSpec['redact']>[number]): Redaction {
  const replaced = spec.with === undefined ? {} : { with: spec.with }
  if (spec.preset !== undefined) return { preset: spec.preset, ...replaced }
  if (spec.pattern !== undefined) return { pattern: spec.pattern, ...replaced }
  return { pointer: spec.pointer ?? '', ...replaced }
}

function toMilliseconds(text: string): number {
  const duration = parseDuration(text)
  if (duration === undefined) throw new Error(`"${text}" is not a duration`)
  return duration
}

/** Notes an error for every redaction whose pattern is not linear-time. */
export function checkRedactions({ obligations }: Rule, at: Place): void {
  for (const [index, { pattern }] of (obligations?.redact ?? []).entries()) {
    if (pattern === undefined) continue
    const problem = problemOfPattern(pattern)
    if (problem !== undefined) at.at('obligations', 'redact', index, 'pattern').error(problem)
  }
}

const LEVELS = ['meta', 'hash', 'args', 'full'] as const
type Log = Extract<Obligation, { kind: 'log' }>
type Cap = Extract<Obligation, { kind: 'maxResponseBytes' }>

/**
 * The union of what all holding rules ask for: every approval, limit and redaction stays; of the size caps the smallest
 * and of the log levels the one that keeps least remain.
 */
export function uniteObligations(all: readonly Obligation[]): readonly Obligation[] {
  const cap = least(
    all.filter((one): one is Cap => one.kind === 'maxResponseBytes'),
    ({ bytes }) => bytes,
  )
  const log = least(
    all.filter((one): one is Log => one.kind === 'log'),
    ({ level }) => LEVELS.indexOf(level),
  )
  return all.filter((one) => (one.kind !== 'maxResponseBytes' && one.kind !== 'log') || one === cap || one === log)
}

const least = <T>(values: readonly T[], measure: (value: T) => number): T | undefined =>
  values.reduce<T | undefined>(
    (best, value) => (best === undefined || measure(value) < measure(best) ? value : best),
    undefined,
  )
