import type { Approval, ApprovalDemand, ApprovalGrant, ApprovalObligation } from '../../kernel/approval.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { closedTo } from '../../policy/closed-args.ts'
import { argumentsSchema } from '../../policy/condition-schema.ts'
import { compileConstraint } from '../../policy/constraint.ts'
import { type HashedCall, isSameHash } from './call-hash.ts'

export const toDemand = ({ rule, approvers, quorum, allowSelf }: ApprovalObligation): ApprovalDemand => ({
  rule,
  approvers,
  quorum,
  allowSelf,
})

/** The very demand, as it was then: one that was changed since is another. */
const isSame = (a: ApprovalDemand, b: ApprovalDemand): boolean =>
  a.rule === b.rule &&
  a.quorum === b.quorum &&
  a.allowSelf === b.allowSelf &&
  JSON.stringify(a.approvers.toSorted()) === JSON.stringify(b.approvers.toSorted())

/** Every one of these demands was put before people with the approval, or is waived by the grant. */
export const covers = ({ demands }: Pick<Approval, 'demands'>, asked: readonly ApprovalDemand[]): boolean =>
  asked.every((one) => demands.some((known) => isSame(known, one)))

/** Whether a grant in force is about this call: the same act, tool, fingerprint and connection, and the arguments fit. */
export function grants(grant: ApprovalGrant, call: HashedCall, callHash: string): boolean {
  const { feature, act, input } = call
  if (grant.act !== act || grant.tool !== feature.id || grant.connection !== feature.connection) return false
  if (grant.fingerprint !== feature.fingerprint) return false
  if (grant.callHash !== undefined) return isSameHash(grant.callHash, callHash)
  return grant.args !== undefined && fits(grant.args, input)
}

/** Like an allow rule with `closedArgs`: what is uncertain does not fit, and no argument is left unnamed. */
function fits(args: JsonObject, input: JsonObject): boolean {
  const constraints = argumentsSchema.safeParse(args)
  if (!constraints.success) return false
  try {
    const tests = Object.entries(constraints.data).map(([pointer, constraint]) =>
      compileConstraint(pointer, constraint, { effect: 'allow', validateSchema: undefined }),
    )
    return [...tests, closedTo(Object.keys(args))].every((test) => test(input) === undefined)
  } catch {
    return false
  }
}
