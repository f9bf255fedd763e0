import type { When } from '../condition-schema.ts'
import type { CompiledPolicy } from '../compiled-policy.ts'
import { wallClock } from '../local-time.ts'
import type { CompiledRule } from '../rule.ts'
import { boundsOf, compileWhen } from '../when.ts'
import type { Draft } from './finding.ts'

/** Rules that hold no more, and rules that never hold. */
export function lintTimes(
  { document }: CompiledPolicy,
  rules: readonly CompiledRule[],
  at = -Infinity,
): readonly Draft[] {
  return rules.flatMap(({ id, spec: { when } }) => {
    if (!when) return []
    const [, last] = boundsOf(when)
    if (last < at) return [expired(id, last)]
    return isEmpty(when, when.timezone ?? document.timezone ?? 'UTC') ? [neverHolds(id)] : []
  })
}

const QUARTER = 15 * 60_000
/** In a longer time every window comes round. */
const MAX_SPAN = 8 * 24 * 60 * 60_000

/** Whether no moment between `notBefore` and `notAfter` is in the window of hours and days. */
function isEmpty(when: When, zone: string): boolean {
  const [first, last] = boundsOf(when)
  if (last - first > MAX_SPAN) return false
  const fails = compileWhen(when, zone, wallClock(zone))
  if (!fails(first)) return false
  // A window opens at `from`; offsets of zones are whole quarters of an hour.
  const opening = Number(when.from?.slice(3) ?? 0) * 60_000
  for (let at = Math.ceil((first - opening) / QUARTER) * QUARTER + opening; at <= last; at += QUARTER) {
    if (!fails(at)) return false
  }
  return true
}

const expired = (id: string, last: number): Draft => ({
  code: 'rule_expired',
  rule: id,
  path: '/when/notAfter',
  message: `Rule "${id}" holds no more since ${new Date(last).toISOString()}.`,
  fix: 'Remove the rule.',
})

const neverHolds = (id: string): Draft => ({
  code: 'window_empty',
  rule: id,
  path: '/when',
  message: `Rule "${id}" never holds: its days and hours do not come between notBefore and notAfter.`,
  fix: 'Fix the times, or remove the rule.',
})
