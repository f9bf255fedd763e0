import type { When } from '../condition-schema.ts'
import type { CompiledPolicy } from '../compiled-policy.ts'
import { wallClock } from '../local-time.ts'
import type { CompiledRule } from '../rule.ts'
import { compileWhen } from '../when.ts'
import type { Draft } from './finding.ts'

/** Rules that hold no more, and rules that never hold. */
export function lintTimes(
  { document }: CompiledPolicy,
  rules: readonly CompiledRule[],
  at: number | undefined,
): readonly Draft[] {
  return rules.flatMap(({ id, spec: { when } }) => {
    if (!when) return []
    if (at !== undefined && when.notAfter !== undefined && Date.parse(when.notAfter) < at) {
      return [expired(id, when.notAfter)]
    }
    return isEmpty(when, when.timezone ?? document.timezone ?? 'UTC') ? [neverHolds(id)] : []
  })
}

const QUARTER = 15 * 60_000
/** In a longer time every window comes round. */
const MAX_SPAN = 8 * 24 * 60 * 60_000

/** Whether no moment between `notBefore` and `notAfter` is in the window of hours and days. */
function isEmpty(when: When, zone: string): boolean {
  const { days, from, to, notBefore, notAfter } = when
  if (notBefore === undefined || notAfter === undefined || !(days ?? from ?? to)) return false
  const [begin, end] = [Date.parse(notBefore), Date.parse(notAfter)]
  if (end - begin > MAX_SPAN) return false
  const test = compileWhen(when, zone, wallClock(zone))
  if (!test(begin)) return false
  // A window opens at `from`; offsets of zones are whole quarters of an hour.
  const minutes = Number((from ?? '00:00').slice(3)) * 60_000
  for (let at = Math.floor(begin / QUARTER) * QUARTER + (minutes % QUARTER); at <= end; at += QUARTER) {
    if (at >= begin && !test(at)) return false
  }
  return true
}

const expired = (id: string, notAfter: string): Draft => ({
  code: 'rule_expired',
  rule: id,
  path: '/when/notAfter',
  message: `Rule "${id}" holds no more since ${notAfter}.`,
  fix: 'Remove the rule.',
})

const neverHolds = (id: string): Draft => ({
  code: 'window_empty',
  rule: id,
  path: '/when',
  message: `Rule "${id}" never holds: its days and hours do not come between notBefore and notAfter.`,
  fix: 'Fix the times, or remove the rule.',
})
