import type { Decision, Question } from '../kernel/policy.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { quarantinedReason, undecidableReason, unknownToolReason } from './reasons.ts'
import { NOWHERE } from './tool-index.ts'

/**
 * The one decision: may this principal see this tool, or call it with these arguments, now. Never throws: what cannot
 * be decided is denied. `input` must be the object that is sent on, already valid for the tool's input schema.
 */
export function decide(policy: CompiledPolicy, question: Question): Decision {
  try {
    return answer(policy, question)
  } catch {
    return denied(undecidableReason)
  }
}

function answer(policy: CompiledPolicy, { principal, tool, verb, input = {}, at, labels }: Question): Decision {
  if (tool.quarantined) return denied(quarantinedReason(tool))
  const cell = policy.find(principal).cell(policy.index.placeOf(tool) ?? NOWHERE)
  if (!cell) return denied(unknownToolReason)
  return verb === 'see' ? cell.sight : cell.call({ input, at, labels })
}

const denied = (reason: string): Decision => ({ effect: 'deny', rule: undefined, reason, trace: [] })
