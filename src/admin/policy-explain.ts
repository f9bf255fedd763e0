import type { JsonObject } from '../kernel/json.ts'
import type { Decision, Obligation } from '../kernel/policy.ts'
import type { Principal } from '../kernel/principal.ts'
import { decide } from '../policy/decide.ts'
import { explainForAgent } from '../policy/explain-for-agent.ts'
import { type RuleExplanation, explain } from '../policy/explain.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { type Subject, principalOf } from './subject.ts'
import { knownTool } from './tools.ts'

export interface PolicyQuestion extends Subject {
  readonly tool: string
  readonly arguments: JsonObject
  /** When the call would be made, in milliseconds since the epoch; now when left out. */
  readonly at?: number | undefined
  /** Labels that the run has seen; none when left out. */
  readonly seen?: readonly string[] | undefined
}

export interface PolicyAnswer {
  readonly principal: string
  readonly tool: string
  readonly decision: Decision['effect']
  /** The deciding rule; absent when no rule spoke. */
  readonly rule?: string
  readonly reason?: string
  /** One sentence for people. */
  readonly summary: string
  /** What the agent may read about it; absent where it must not learn that the tool exists. */
  readonly forAgent?: string
  /** Whether the agent knows of the tool at all. */
  readonly visible: boolean
  readonly obligations: readonly Obligation[]
  /** What every enabled rule had to do with it. */
  readonly rules: readonly RuleExplanation[]
  /** The rules that stand in the way, and the argument that each is about. */
  readonly failed: readonly FailedRule[]
  readonly policyVersion: string
}

export interface FailedRule {
  readonly rule: string
  readonly effect: RuleExplanation['effect']
  /** JSON Pointer into the arguments; absent when it is about something else. */
  readonly pointer?: string
  readonly note: string
}

/** What the policy says to a call, and why. Nothing is called. */
export async function explainCall(
  deps: AdminDeps,
  principal: Principal,
  { tool: name, arguments: input, at = deps.clock(), seen = [], ...subject }: PolicyQuestion,
): Promise<PolicyAnswer> {
  return asAdmin(deps, principal, { type: 'policy.explained', kind: 'look' }, () => {
    const snapshot = deps.snapshot()
    const caller = principalOf(snapshot, principal, subject)
    const tool = knownTool(snapshot, name)
    const question = { principal: caller, tool, verb: 'invoke', input, at, labels: new Set(seen) } as const
    const { decision, summary, rules } = explain(snapshot.policy, question)
    const forAgent = explainForAgent(snapshot.policy, question)
    const sight = decide(snapshot.policy, { ...question, verb: 'see' })
    return {
      principal: caller.id,
      tool: tool.id,
      decision: decision.effect,
      ...(decision.rule !== undefined && { rule: decision.rule }),
      ...(decision.effect === 'deny' && { reason: decision.reason }),
      summary,
      ...(forAgent !== undefined && { forAgent }),
      visible: sight.effect === 'allow',
      obligations: decision.effect === 'allow' ? decision.obligations : [],
      rules,
      failed: rules.filter(isInTheWay).map(toFailed),
      policyVersion: snapshot.policy.version,
    }
  })
}

/** A deny that matched, or an allow or require about the call whose conditions do not hold. */
const isInTheWay = ({ selected, effect, matched }: RuleExplanation): boolean =>
  selected && (effect === 'deny') === matched

function toFailed({ rule, effect, note }: RuleExplanation): FailedRule {
  const pointer = /^(\/[^:]*): /.exec(note)?.[1]
  return { rule, effect, ...(pointer !== undefined && { pointer }), note }
}
