import type { Obligation, Question } from '../kernel/policy.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { decide } from './decide.ts'

/**
 * One or two sentences that an agent may read before or after a call: whether it may be made, what it waits for, what
 * to change. Undefined for what the agent may not see: answer as for a tool that does not exist. Speaks of the rules
 * about this tool alone, and never of values, other tools or other people's rights.
 */
export function explainForAgent(policy: CompiledPolicy, question: Question): string | undefined {
  if (decide(policy, { ...question, verb: 'see' }).effect === 'deny') return undefined
  const decision = decide(policy, { ...question, verb: 'invoke' })
  if (decision.effect === 'deny') return decision.reason
  const duties = decision.obligations.map(dutyOf).filter((duty) => duty !== undefined)
  const allowed = `Rule "${decision.rule}" allows this call of ${question.tool.id}.`
  return [allowed, ...new Set(duties)].join(' ')
}

const SECOND = 1_000

/** What of an obligation concerns the caller; what the gateway does by itself needs no words. */
function dutyOf(obligation: Obligation): string | undefined {
  const { kind, rule } = obligation
  if (kind === 'approval') {
    const { quorum, approvers } = obligation
    const who = quorum === 1 ? 'A person' : `${quorum} people`
    return `${who} of ${approvers.join(' or ')} must approve it first (rule "${rule}").`
  }
  if (kind === 'rateLimit') {
    return `At most ${obligation.limit} calls in ${obligation.windowMs / SECOND} s (rule "${rule}").`
  }
  if (kind === 'quota') return `At most ${obligation.limit} calls in a calendar ${obligation.window} (rule "${rule}").`
  if (kind === 'redact') return `Parts of the result may be taken out (rule "${rule}").`
  return undefined
}
