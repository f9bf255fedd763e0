import type { JsonObject } from '../kernel/json.ts'
import type { Decision, Obligation } from '../kernel/policy.ts'
import type { Principal } from '../kernel/principal.ts'
import { decide } from '../policy/decide.ts'
import { type RuleExplanation, explain } from '../policy/explain.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { type Subject, principalOf } from './subject.ts'
import { knownTool } from './tools.ts'

export interface PolicyQuestion extends Subject {
  readonly tool: string
  readonly arguments: JsonObject
  /** When the call would be made, in milliseconds since the epoch; now when left out. */
  readonly at?: number | undefined
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
  /** Whether the agent knows of the tool at all. */
  readonly visible: boolean
  readonly obligations: readonly Obligation[]
  /** What every enabled rule had to do with it. */
  readonly rules: readonly RuleExplanation[]
  readonly policyVersion: string
}

/** What the policy says to a call, and why. Nothing is called. */
export async function explainCall(
  deps: AdminDeps,
  principal: Principal,
  { tool: name, arguments: input, at = deps.clock(), ...subject }: PolicyQuestion,
): Promise<PolicyAnswer> {
  return asAdmin(deps, principal, { type: 'policy.explained', kind: 'look' }, () => {
    const snapshot = deps.snapshot()
    const caller = principalOf(snapshot, principal, subject)
    const tool = knownTool(snapshot, name)
    const { decision, summary, rules } = explain(snapshot.policy, {
      principal: caller,
      tool,
      verb: 'invoke',
      input,
      at,
    })
    const sight = decide(snapshot.policy, { principal: caller, tool, verb: 'see', at })
    return {
      principal: caller.id,
      tool: tool.id,
      decision: decision.effect,
      ...(decision.rule !== undefined && { rule: decision.rule }),
      ...(decision.effect === 'deny' && { reason: decision.reason }),
      summary,
      visible: sight.effect === 'allow',
      obligations: decision.effect === 'allow' ? decision.obligations : [],
      rules,
      policyVersion: snapshot.policy.version,
    }
  })
}

/** The policy in force, as it is declared. */
export async function effectivePolicy(
  deps: AdminDeps,
  principal: Principal,
): Promise<{ readonly version: string; readonly document: PolicyDocument }> {
  return asAdmin(deps, principal, { type: 'policy.read', kind: 'look' }, () => {
    const { version, document } = deps.snapshot().policy
    return { version, document }
  })
}
