import type { Approval } from '../kernel/approval.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { isApprover, personOf } from '../policy/approvers.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import { may } from './authority.ts'

export interface Eligibility {
  /** The rules whose demand the person may satisfy. */
  readonly rules: readonly string[]
  /** Why there are none. */
  readonly whyNot?: string
}

/** For which rules a person's yes counts: by the groups of the policy in force, and never for oneself unasked. */
export function eligibilityOf(
  document: PolicyDocument,
  { demands, user, actor }: Approval,
  person: Principal,
): Eligibility {
  if (!may(person, 'approver')) return { rules: [], whyNot: 'Only people with the role approver or admin decide.' }
  const member = demands.filter(({ approvers }) => isApprover(document, approvers, person))
  if (member.length === 0) {
    const groups = [...new Set(demands.flatMap(({ approvers }) => approvers))].join(', ')
    return { rules: [], whyNot: `You are in none of the groups that are asked: ${groups}.` }
  }
  const isOwn = isSelf(user, person) || isSelf(actor?.replace(/^user:/, ''), person) || actor === personOf(person)
  const rules = member.filter(({ allowSelf }) => allowSelf || !isOwn).map(({ rule }) => rule)
  if (rules.length > 0) return { rules }
  return { rules, whyNot: 'The agent acts for you, or you asked in its name: the rule wants somebody else to approve.' }
}

/** By any name under which sign-in knows the person, in any case. */
function isSelf(user: string | undefined, { user: id, claims }: Principal): boolean {
  if (user === undefined) return false
  const names = [id, claims['sub'], claims['email'], claims['preferred_username']]
  return names.some((name) => typeof name === 'string' && folded(name) === folded(user))
}

const folded = (name: string): string => name.normalize('NFKC').trim().toLowerCase()

/** The rules for which a verdict counts. A no may come from any approver, also about oneself. Throws `forbidden`. */
export function refuseStranger(
  document: PolicyDocument,
  approval: Approval,
  person: Principal,
  verdict: 'approve' | 'deny',
): readonly string[] {
  const { rules, whyNot } = eligibilityOf(document, approval, person)
  if (rules.length > 0) return rules
  const { demands } = approval
  const member = demands.filter(({ approvers }) => isApprover(document, approvers, person)).map(({ rule }) => rule)
  if (verdict === 'deny' && member.length > 0) return member
  throw new GatewayError('forbidden', `You may not decide the approval ${approval.id}. ${whyNot ?? ''}`.trim())
}

/** Auditors read bodies, and so do those whose word is asked. */
export const mayReadArguments = (person: Principal, rules: readonly string[]): boolean =>
  rules.length > 0 || may(person, 'auditor')
