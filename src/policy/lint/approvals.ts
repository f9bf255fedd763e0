import type { Obligation } from '../../kernel/policy.ts'
import { ADMINS } from '../approvers.ts'
import type { CompiledPolicy } from '../compiled-policy.ts'
import { isGlob } from '../glob.ts'
import type { CompiledRule } from '../rule.ts'
import type { Draft } from './finding.ts'
import type { LintFacts } from './lint-policy.ts'

type Approval = Extract<Obligation, { kind: 'approval' }>

/** Approvals that nobody can give, and limits that people share without knowing. */
export function lintApprovals(
  policy: CompiledPolicy,
  rules: readonly CompiledRule[],
  people: LintFacts['people'],
): readonly Draft[] {
  return rules.flatMap((rule) =>
    rule.obligations.flatMap((obligation) => {
      if (obligation.kind === 'approval') return people ? lintApproval(policy, obligation, people) : []
      const isLimit = obligation.kind === 'rateLimit' || obligation.kind === 'quota'
      return isLimit && obligation.per.includes('user') && !namesUsers(rule) ? [shared(rule.id, obligation.kind)] : []
    }),
  )
}

function lintApproval(
  { document: { groups = {} } }: CompiledPolicy,
  { rule, approvers, quorum }: Approval,
  people: NonNullable<LintFacts['people']>,
): readonly Draft[] {
  const known = approvers.map((name) => groups[name] ?? {})
  // Whoever holds the machine is an admin.
  if (approvers.includes(ADMINS) && !Object.hasOwn(groups, ADMINS)) return []
  // Who has a claim is known only when they sign in.
  if (known.some(({ claims, users }) => claims ?? users?.some(isGlob))) return []
  const members = new Set([
    ...known.flatMap(({ users = [] }) => users),
    ...people.filter((person) => person.groups.some((group) => approvers.includes(group))).map(({ user }) => user),
  ])
  if (members.size >= quorum) return []
  const code = members.size === 0 ? 'approvers_empty' : 'quorum_unreachable'
  const who = members.size === 0 ? 'nobody is' : `only ${[...members].join(', ')} is`
  return [
    {
      code,
      rule,
      path: '/obligations/approval',
      message: `Rule "${rule}" asks for ${quorum} of ${approvers.join(', ')} to approve, and ${who} in there.`,
      fix: 'Add people to the group, name another one, or lower the quorum.',
    },
  ]
}

/** Whether the rule is about callers with a user alone. */
const namesUsers = ({ spec: { subjects } }: CompiledRule): boolean =>
  subjects?.users !== undefined || subjects?.claims !== undefined

const shared = (id: string, kind: string): Draft => ({
  code: 'limit_shared',
  rule: id,
  path: `/obligations/${kind}/per`,
  message: `Rule "${id}" counts by user; agents that act for no user share one budget.`,
  fix: 'Add `agent` to `per`, or select only callers with a user.',
})
