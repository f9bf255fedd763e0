import type { Question } from '../../src/kernel/policy.ts'
import { compilePolicy, type CompiledPolicy } from '../../src/policy/compile.ts'
import { decide } from '../../src/policy/decide.ts'
import { lintPolicy } from '../../src/policy/lint/lint-policy.ts'
import { planAccess } from '../../src/policy/plan/plan-access.ts'
import { project } from '../../src/policy/replay/projection.ts'
import { projectionPaths } from '../../src/policy/replay/projection-paths.ts'
import type { RecordedCall } from '../../src/policy/replay/recorded-call.ts'
import { replay } from '../../src/policy/replay/replay.ts'
import { viewOf } from '../../src/policy/view.ts'
import type { PolicyWorld } from '../../src/policy/world.ts'
import { benchGovernance, type GovernanceFigures } from './governance.ts'
import { AGENTS, toDocument, toPrincipal, toQuestions, toWorld } from './policy-world.ts'

const TOOLS = 1_000
const RULES = [10, 100, 1_000, 10_000] as const
const DECISIONS = 400_000
const CALLS = 100_000
/** Short work is measured so often, and the middle counts. */
const ROUNDS = 5

export interface PolicyFigures {
  readonly decisions: readonly RuleFigures[]
  readonly views: readonly ViewFigures[]
  /** A view of a principal object that was never seen before, but is like one that was. */
  readonly viewMicroseconds: number
  /** 100,000 recorded calls through two policies of 1,000 rules. */
  readonly replayMs: number
  /** Two policies of 1,000 rules over 1,000 tools and 50 agents, with fresh caches. */
  readonly planMs: number
  readonly lintMs: number
  readonly governance: GovernanceFigures
}

export interface RuleFigures {
  readonly rules: number
  readonly compileMs: number
  readonly decisionsPerSecond: number
}

export interface ViewFigures {
  readonly tools: number
  /** The first view of a principal whose like was never seen; 1,000 rules. */
  readonly firstMs: number
}

/**
 * Policy by itself, in CPU time, so that a busy machine does not change the figures: 1,000 tools and 50 agents unless
 * said otherwise.
 */
export async function benchPolicy(): Promise<PolicyFigures> {
  const world = toWorld(TOOLS)
  const questions = toQuestions(world)
  const decisions = RULES.map((rules) => benchRules(rules, world, questions))
  const compiled = (rules = 1_000): CompiledPolicy => compilePolicy(toDocument(rules), world).policy
  return {
    decisions,
    views: [TOOLS, 10_000].map(benchFirstView),
    viewMicroseconds: benchViews(compiled(), world),
    replayMs: await benchReplay(compiled(), compiled(990), questions),
    planMs: middleOf(
      () => [compiled(), compiled(990)],
      ([before, after]) => {
        const principals = world.agents.map((_, index) => toPrincipal(world, index))
        if (before && after) planAccess(before, after, { principals })
      },
    ),
    lintMs: middleOf(
      () => compiled(),
      (policy) => lintPolicy(policy),
    ),
    governance: await benchGovernance(),
  }
}

function benchRules(rules: number, world: PolicyWorld, questions: readonly Question[]): RuleFigures {
  const document = toDocument(rules)
  const compileMs = middleOf(
    () => document,
    () => compilePolicy(document, world),
  )
  const { policy } = compilePolicy(document, world)
  run(policy, questions, DECISIONS / 4)
  const ms = cpuMs(() => run(policy, questions, DECISIONS))
  return { rules, compileMs, decisionsPerSecond: Math.round((DECISIONS / ms) * 1_000) }
}

function run(policy: CompiledPolicy, questions: readonly Question[], count: number): number {
  let allowed = 0
  for (let index = 0; index < count; index++) {
    const question = questions[index % questions.length]
    if (question && decide(policy, question).effect === 'allow') allowed++
  }
  return allowed
}

function benchFirstView(tools: number): ViewFigures {
  const world = toWorld(tools)
  const document = toDocument(1_000)
  const firstMs = middleOf(
    () => compilePolicy(document, world).policy,
    (policy) => viewOf(policy, toPrincipal(world, 0)),
  )
  return { tools, firstMs }
}

function benchViews(policy: CompiledPolicy, world: PolicyWorld): number {
  const principals = Array.from({ length: 20_000 }, (_, index) => toPrincipal(world, index))
  for (let index = 0; index < AGENTS; index++) viewOf(policy, toPrincipal(world, index))
  const ms = cpuMs(() => principals.forEach((principal) => viewOf(policy, principal)))
  return rounded((ms / principals.length) * 1_000)
}

async function benchReplay(
  before: CompiledPolicy,
  after: CompiledPolicy,
  questions: readonly Question[],
): Promise<number> {
  const calls = Array.from({ length: CALLS }, (_, index) => toCall(before, questions[index % questions.length], index))
  const known = calls.filter((call) => call !== undefined)
  const started = process.cpuUsage()
  const { total, indeterminate } = await replay(before, after, known)
  const ms = sinceMs(started)
  if (total !== CALLS || indeterminate > 0) throw new Error(`the replay told of ${total - indeterminate} calls only`)
  return rounded(ms)
}

/** A record as the audit log would have it: read from JSON, so that no object is shared. */
function toCall(policy: CompiledPolicy, question: Question | undefined, index: number): RecordedCall | undefined {
  if (!question) return undefined
  const { principal, tool, input = {}, at } = question
  const projection = project(input, projectionPaths(policy, tool))
  const call = {
    at: at + index,
    agent: principal.agent,
    groups: principal.groups,
    claims: {},
    tool: tool.id,
    projection,
  }
  return JSON.parse(JSON.stringify(call)) as RecordedCall
}

function middleOf<T>(prepare: () => T, work: (prepared: T) => unknown): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const prepared = prepare()
    return cpuMs(() => work(prepared))
  })
  return rounded(times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0)
}

function cpuMs(work: () => unknown): number {
  const started = process.cpuUsage()
  work()
  return sinceMs(started)
}

function sinceMs(started: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(started)
  return (user + system) / 1_000
}

const rounded = (value: number): number => Math.round(value * 100) / 100
