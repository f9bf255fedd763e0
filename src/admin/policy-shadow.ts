import type { Principal } from '../kernel/principal.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { decidedCalls, MOST_RECORDED } from './policy-recorded.ts'

/** What a rule in shadow mode would have done. */
export interface ShadowedRule {
  readonly rule: string
  /** It may be in force by now, or gone. */
  readonly mode: 'shadow' | 'enforce' | 'gone'
  readonly calls: number
  readonly would: Readonly<Record<'deny' | 'allow' | 'obligations', number>>
  /** The most frequent ones. */
  readonly agents: readonly Count[]
  readonly tools: readonly Count[]
  /** Milliseconds since the epoch. */
  readonly first: number
  readonly last: number
}

export interface Count {
  readonly name: string
  readonly calls: number
}

export interface ShadowReport {
  readonly since: number
  /** Calls that were decided in this time. */
  readonly calls: number
  /** There were more, and older ones were not looked at. */
  readonly isCut: boolean
  /** The most busy first; rules in shadow mode that would have done nothing are there with 0 calls. */
  readonly rules: readonly ShadowedRule[]
}

export const SHADOW_SPAN_MS = 7 * 86_400_000
const BATCH = 100

/** What rules in shadow mode would have done to the calls of agents, as the audit log has it. The last 7 days without `since`. */
export async function shadowReport(
  deps: AdminDeps,
  principal: Principal,
  {
    since = deps.clock() - SHADOW_SPAN_MS,
    signal,
  }: { readonly since?: number | undefined; readonly signal: AbortSignal },
): Promise<ShadowReport> {
  return asAdmin(deps, principal, { type: 'policy.shadow_read', kind: 'look' }, async () => {
    const modes = new Map(deps.snapshot().policy.rules.map(({ id, spec }) => [id, spec.mode ?? 'enforce']))
    const tallies = new Map<string, Tally>()
    for (const [id, mode] of modes) if (mode === 'shadow') tallies.set(id, tally())
    let calls = 0
    for await (const { at, agent = '', tool = '', shadow = [] } of decidedCalls(deps, since, signal)) {
      calls++
      for (const text of shadow) note(tallies, text, { at, agent, tool })
      if (calls >= MOST_RECORDED) break
      if (calls % BATCH === 0) await deps.policy.pause()
    }
    const rules = [...tallies].map(([rule, sums]): ShadowedRule => ({
      rule,
      mode: modes.get(rule) ?? 'gone',
      ...shown(sums),
    }))
    return { since, calls, isCut: calls >= MOST_RECORDED, rules: rules.toSorted((a, b) => b.calls - a.calls) }
  })
}

interface Tally {
  readonly would: { deny: number; allow: number; obligations: number }
  readonly agents: Map<string, number>
  readonly tools: Map<string, number>
  calls: number
  first: number
  last: number
}

const tally = (): Tally => ({
  would: { deny: 0, allow: 0, obligations: 0 },
  agents: new Map(),
  tools: new Map(),
  calls: 0,
  first: 0,
  last: 0,
})

/** Rules of the past that are counted. */
const MOST_RULES = 10_000

function note(
  tallies: Map<string, Tally>,
  text: string,
  { at, agent, tool }: { readonly at: number; readonly agent: string; readonly tool: string },
): void {
  const [, would, rule = ''] = /^(deny|allow|obligations):(.+)$/.exec(text) ?? []
  if (would !== 'deny' && would !== 'allow' && would !== 'obligations') return
  const sums = tallies.get(rule) ?? tally()
  if (!tallies.has(rule) && tallies.size >= MOST_RULES) return
  tallies.set(rule, sums)
  sums.calls++
  sums.would[would]++
  sums.agents.set(agent, (sums.agents.get(agent) ?? 0) + 1)
  sums.tools.set(tool, (sums.tools.get(tool) ?? 0) + 1)
  sums.first = sums.first === 0 ? at : Math.min(sums.first, at)
  sums.last = Math.max(sums.last, at)
}

const MOST_SHOWN = 20

const mostOf = (counts: ReadonlyMap<string, number>): readonly Count[] =>
  [...counts]
    .map(([name, calls]) => ({ name, calls }))
    .toSorted((a, b) => b.calls - a.calls || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_SHOWN)

const shown = ({ would, agents, tools, calls, first, last }: Tally): Omit<ShadowedRule, 'rule' | 'mode'> => ({
  calls,
  would,
  agents: mostOf(agents),
  tools: mostOf(tools),
  first,
  last,
})
