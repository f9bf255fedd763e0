import type { Exchange } from '../../kernel/exchange.ts'
import { isJsonObject, type Json } from '../../kernel/json.ts'
import type { Agent, Principal } from '../../kernel/principal.ts'
import { isApprover, personOf } from '../../policy/approvers.ts'
import type { PolicyDocument } from '../../policy/schema.ts'
import type { Approvals } from './approvals.ts'

export interface SelfApproval {
  readonly approvals: Approvals
  readonly document: PolicyDocument
  readonly exchange: Exchange
  readonly agents: ReadonlyMap<string, Agent>
}

/**
 * Counts a filled-in form as the word of the user that the agent acts for, and of nobody else: only where that user is
 * an approver and the rules allow self-approval. A client can fill in forms by itself, so no other person's word comes this
 * way, and its "no" is nobody's.
 */
export async function approveSelf(
  { approvals, document, exchange: { principal }, agents }: SelfApproval,
  id: string,
  answer: Json | undefined,
): Promise<void> {
  const approval = approvals.queue.find(id)
  if (!isYes(answer) || approval?.state !== 'pending' || principal.user === undefined) return
  if (approval.principal !== principal.id || approval.organisation !== principal.organisation) return
  const person = personBehind(principal, agents)
  const rules = approval.demands
    .filter(({ allowSelf, approvers }) => allowSelf && isApprover(document, approvers, person))
    .map(({ rule }) => rule)
  if (rules.length === 0) return
  await approvals.queue.vote(id, { by: personOf(principal), verdict: 'approve', channel: 'elicitation-form', rules })
}

const isYes = (answer: Json | undefined): boolean =>
  isJsonObject(answer) &&
  answer['action'] === 'accept' &&
  isJsonObject(answer['content']) &&
  answer['content']['approve'] === true

/** Without what belongs to the agent: its groups make no approver of whoever uses it. */
function personBehind(principal: Principal, agents: ReadonlyMap<string, Agent>): Principal {
  const own = agents.get(principal.agent)?.groups ?? []
  return { ...principal, agent: '', groups: principal.groups.filter((group) => !own.includes(group)), roles: [] }
}
