import type { Obligation } from '../../kernel/policy.ts'
import { ADMINS, sameName } from '../approvers.ts'
import type { CompiledPolicy } from '../compiled-policy.ts'
import { isGlob } from '../glob.ts'
import { isLimit } from '../limit.ts'
import type { CompiledRule } from '../rule.ts'
import type { Draft } from './finding.ts'
import type { LintFacts } from './lint-policy.ts'

type Approval = Extract<Obligation, { kind: 'approval' }>
type People = NonNullable<LintFacts['people']>

/** Approvals that nobody can give, and limits that people share without knowing. */
export function lintApprovals(
  policy: CompiledPolicy,
  rules: readonly CompiledRule[],
  people: LintFacts['people'],
): readonly Draft[] {
  return rules.flatMap((rule) =>
    rule.obligations.flatMap((obligation) => {
      if (obligation.kind === 'approval') return people ? lintApproval(policy, rule, obligation, people) : []
      return isLimit(obligation) && obligation.per.includes('user') && !namesUsers(rule)
        ? [shared(rule.id, obligation.kind)]
        : []
    }),
  )
}

function lintApproval(
  policy: CompiledPolicy,
  rule: CompiledRule,
  approval: Approval,
  people: People,
): readonly Draft[] {
  const { approvers, quorum, allowSelf } = approval
  // Whoever holds the machine is an admin.
  if (approvers.includes(ADMINS) && !Object.hasOwn(policy.document.groups ?? {}, ADMINS)) return []
  const members = membersOf(policy, approvers, people)
  if (!members) return []
  if (members.size < quorum) return [tooFew(approval, members)]
  const stuck = allowSelf ? [] : callersOf(rule).filter((user) => members.has(user) && members.size - 1 < quorum)
  return stuck.length === 0 ? [] : [onlySelf(approval, stuck)]
}

/** The people in some groups, each by one name; undefined where nobody can know before they sign in. */
function membersOf(
  { document: { groups = {} } }: CompiledPolicy,
  names: readonly string[],
  people: People,
): ReadonlySet<string> | undefined {
  const known = names.map((name) => groups[name] ?? {})
  if (known.some(({ claims, users }) => claims ?? users?.some(isGlob))) return undefined
  const users = [
    ...known.flatMap(({ users = [] }) => users),
    ...people.filter((person) => person.groups.some((group) => names.includes(group))).map(({ user }) => user),
  ]
  return new Set(users.map(sameName))
}

/** The people that a rule names, and patterns, which are nobody's name. */
const callersOf = ({ spec: { subjects } }: CompiledRule): readonly string[] => (subjects?.users ?? []).map(sameName)

const tooFew = ({ rule, approvers, quorum }: Approval, members: ReadonlySet<string>): Draft => ({
  code: members.size === 0 ? 'approvers_empty' : 'quorum_unreachable',
  rule,
  path: '/obligations/approval',
  message: `Rule "${rule}" asks for ${quorum} of ${approvers.join(', ')} to approve, and ${members.size === 0 ? 'nobody is' : `only ${[...members].join(', ')} is`} in there.`,
  fix: 'Add people to the group, name another one, or lower the quorum.',
})

const onlySelf = ({ rule, approvers, quorum }: Approval, stuck: readonly string[]): Draft => ({
  code: 'approvers_only_self',
  rule,
  path: '/obligations/approval',
  message: `Rule "${rule}" asks for ${quorum} of ${approvers.join(', ')} to approve, and calls for ${stuck.join(', ')} cannot be: nobody approves their own, and too few others are in there.`,
  fix: 'Add people to the group, name another one, or say `"allowSelf": true`.',
})

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
