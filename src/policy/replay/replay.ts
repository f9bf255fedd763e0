import type { CompiledPolicy } from '../compiled-policy.ts'
import type { Outcome } from '../outcome.ts'
import { restore, type Projection } from './projection.ts'
import { callers, type RecordedCall } from './recorded-call.ts'
import { sideOf, type Replayed } from './side.ts'

/** One call that would come out otherwise. */
export interface ReplayChange {
  readonly at: number
  readonly agent: string
  readonly user?: string
  readonly tool: string
  readonly before: ReplayOutcome
  readonly after: ReplayOutcome
  /** More would be allowed than before: an approval is more than a denial, and a plain allow more than both. */
  readonly widening: boolean
}

/** `rule` is the one that decides; absent when none speaks. */
export type ReplayOutcome = Pick<Outcome, 'kind' | 'because'> & { readonly rule?: string }

export interface ReplayReport {
  readonly total: number
  readonly changed: number
  readonly widened: number
  /** Calls that turn on something that was not recorded, or whose tool is gone: nobody can say. */
  readonly indeterminate: number
  /** The first changes, in order; at most as many as asked for. */
  readonly changes: readonly ReplayChange[]
  /** How many changes each rule makes: by denying or allowing anew, or by having allowed or denied before. */
  readonly byRule: Readonly<Record<string, number>>
}

export interface ReplayOptions {
  /** How many changes are listed; all are counted. 100 when left out. */
  readonly listed?: number
}

/**
 * Asks two policies about calls of the past, oldest first, each at its own time and with its own caller: what would the
 * second have decided otherwise? Limits are counted along on both sides. Both policies are compiled for today's catalog;
 * what was held back by quarantine is judged as if it were not.
 */
export async function replay(
  before: CompiledPolicy,
  after: CompiledPolicy,
  calls: AsyncIterable<RecordedCall> | Iterable<RecordedCall>,
  { listed = 100 }: ReplayOptions = {},
): Promise<ReplayReport> {
  const recall = recaller(after, asksClaims(before) || asksClaims(after))
  const [old, next] = [sideOf(before), sideOf(after)]
  const sums = tally(listed)
  for await (const call of calls) {
    const replayed = recall(call)
    sums.add(call, replayed && old.ask(replayed), replayed && next.ask(replayed))
  }
  return sums.report()
}

function tally(listed: number) {
  const changes: ReplayChange[] = []
  const byRule = new Map<string, number>()
  const counts = { total: 0, changed: 0, widened: 0, indeterminate: 0 }
  return {
    add(call: RecordedCall, was: Outcome | undefined, is: Outcome | undefined): void {
      counts.total++
      if (!was || !is) counts.indeterminate++
      if (!was || !is || was.kind === is.kind) return
      const change = toChange(call, was, is)
      counts.changed++
      if (change.widening) counts.widened++
      if (changes.length < listed) changes.push(change)
      const rule = is.rule ?? was.rule ?? 'no rule'
      byRule.set(rule, (byRule.get(rule) ?? 0) + 1)
    },
    report: (): ReplayReport => ({ ...counts, changes, byRule: Object.fromEntries(byRule) }),
  }
}

const NOTHING: Projection = {}

/** Puts a record together again; undefined when its tool is gone, or its claims are needed and were not recorded. */
function recaller({ index }: CompiledPolicy, needsClaims: boolean): (call: RecordedCall) => Replayed | undefined {
  const tools = new Map<string, (typeof index.tools)[number]>(index.tools.map((tool) => [tool.id, tool]))
  const callerOf = callers()
  return (call) => {
    const tool = tools.get(call.tool)
    if (!tool || (needsClaims && !call.claims)) return undefined
    const { arguments: input, projection = NOTHING } = call
    const known = input ? { value: input } : projection
    const labels = call.labels && new Set(call.labels)
    return {
      principal: callerOf(call),
      tool,
      projection: known,
      circumstances: { input: restore(known), at: call.at, labels },
    }
  }
}

const MORE: Readonly<Record<Outcome['kind'], number>> = { deny: 0, approval: 1, allow: 2 }

function toChange({ at, agent, user, tool }: RecordedCall, was: Outcome, is: Outcome): ReplayChange {
  return {
    at,
    agent,
    ...(user === undefined ? {} : { user }),
    tool,
    before: brief(was),
    after: brief(is),
    widening: MORE[is.kind] > MORE[was.kind],
  }
}

const brief = ({ kind, because, rule }: Outcome): ReplayOutcome => ({
  kind,
  because,
  ...(rule === undefined ? {} : { rule }),
})

/** Whether any rule or group tests claims, so that a call without them cannot be judged. */
function asksClaims({ document: { groups = {} }, rules }: CompiledPolicy): boolean {
  return (
    Object.values(groups).some(({ claims }) => claims) ||
    rules.some(({ spec: { subjects } }) => subjects?.claims ?? subjects?.except?.claims)
  )
}
