import type { Json, JsonObject } from '../../src/kernel/json.ts'
import type { Question } from '../../src/kernel/policy.ts'
import type { Principal } from '../../src/kernel/principal.ts'
import type { Feature } from '../../src/kernel/tool.ts'
import type { PolicyDocument, Rule } from '../../src/policy/schema.ts'

/**
 * The semantics once more, read off the document rule by rule and without an index, a cache or a closure, so that a
 * mistake in the compiler does not repeat itself here. Knows the part of the language that the properties generate.
 */
export function referenceDecision(
  document: PolicyDocument,
  { principal, tool, verb, input = {}, at, labels }: Question,
): boolean {
  if (tool.quarantined) return false
  const rules = document.rules.filter((rule) => rule.enabled !== false && isAbout(document, rule, principal, tool))
  const of = (effect: string) => rules.filter((rule) => rule.effect === effect)
  if (verb === 'see') return of('allow').length > 0 && !of('deny').some((rule) => !rule.when && !rule.args && !rule.run)
  const truth = (rule: Rule) => conditionOf(rule, input, at)
  const scope = (rule: Rule) => scopeOf(rule, labels)
  if (of('deny').some((rule) => and([scope(rule), truth(rule)]) !== 'false')) return false
  if (of('require').some((rule) => scope(rule) !== 'false' && truth(rule) !== 'true')) return false
  return of('allow').some((rule) => and([scope(rule), truth(rule)]) === 'true')
}

/** Whether a rule is about the run at all. */
function scopeOf({ run }: Rule, labels: ReadonlySet<string> | undefined): Truth {
  if (!run) return 'true'
  return labels ? truthOf(run.seen.some((label) => labels.has(label))) : 'unknown'
}

type Truth = 'true' | 'false' | 'unknown'

const and = (truths: readonly Truth[]): Truth =>
  truths.includes('false') ? 'false' : truths.includes('unknown') ? 'unknown' : 'true'
const or = (truths: readonly Truth[]): Truth =>
  truths.includes('true') ? 'true' : truths.includes('unknown') ? 'unknown' : 'false'
const not = (truth: Truth): Truth => (truth === 'unknown' ? truth : truth === 'true' ? 'false' : 'true')
const truthOf = (holds: boolean): Truth => (holds ? 'true' : 'false')

function isAbout(document: PolicyDocument, rule: Rule, principal: Principal, tool: Feature): boolean {
  const { subjects, tools } = rule
  const who = subjects
    ? and([
        subjectTruth(document, subjects, principal),
        subjects.except ? not(subjectTruth(document, subjects.except, principal)) : 'true',
      ])
    : 'true'
  const which = !tools || (toolMatches(tools, tool) && !(tools.except && toolMatches(tools.except, tool)))
  return which && (rule.effect === 'allow' ? who === 'true' : who !== 'false')
}

type Subjects = Omit<NonNullable<Rule['subjects']>, 'except'>

function subjectTruth(
  document: PolicyDocument,
  { agents, users, groups, claims }: Subjects,
  principal: Principal,
): Truth {
  return and([
    agents ? truthOf(agents.includes('*') || agents.includes(principal.agent)) : 'true',
    users ? truthOf(principal.user !== undefined && users.includes(principal.user)) : 'true',
    groups ? or(groups.map((group) => memberTruth(document, group, principal))) : 'true',
    claims ? or(claims.map((claim) => claimTruth(principal.claims[claim.path.slice(1)], claim.equals))) : 'true',
  ])
}

function memberTruth(document: PolicyDocument, group: string, principal: Principal): Truth {
  if (principal.groups.includes(group)) return 'true'
  const { agents = [], users = [], claims = [] } = document.groups?.[group] ?? {}
  const parts: readonly Subjects[] = [
    ...agents.map((one) => ({ agents: [one] })),
    ...users.map((one) => ({ users: [one] })),
    ...claims.map((one) => ({ claims: [one] })),
  ]
  return or(parts.map((part) => subjectTruth(document, part, principal)))
}

function claimTruth(claim: Json | undefined, wanted: unknown): Truth {
  if (claim === undefined || claim === null) return 'false'
  return typeof claim === typeof wanted ? truthOf(claim === wanted) : 'unknown'
}

function toolMatches(selector: Omit<NonNullable<Rule['tools']>, 'except'>, tool: Feature): boolean {
  const { connections, names, effects } = selector
  return (
    (!connections || connections.includes(tool.connection)) &&
    (!names || names.includes(tool.name)) &&
    (!effects || effects.includes(tool.effect))
  )
}

function conditionOf(rule: Rule, input: JsonObject, at: number): Truth {
  const { when, args = {}, closedArgs, effect } = rule
  const hour = new Date(at).getUTCHours()
  const inTime = truthOf(hour >= Number(when?.from?.slice(0, 2) ?? 0) && hour < Number(when?.to?.slice(0, 2) ?? 24))
  const named = Object.entries(args).map(([pointer, constraint]) =>
    argumentTruth(input[pointer.slice(1)], constraint, effect),
  )
  const closed = truthOf(!closedArgs || Object.keys(input).every((key) => Object.keys(args).includes(`/${key}`)))
  return and([inTime, ...named, closed])
}

type Constraint = NonNullable<Rule['args']>[string]

function argumentTruth(value: Json | undefined, constraint: Constraint, effect: Rule['effect']): Truth {
  if (constraint.absent) return truthOf(value === undefined)
  if (value === undefined) return constraint.optional ? 'true' : 'unknown'
  const { maxItems, in: among, max } = constraint
  const items: readonly Json[] = Array.isArray(value) ? (value as readonly Json[]) : [value]
  const perItem = items.map((item) =>
    and([
      among === undefined ? 'true' : typeof item === 'string' ? truthOf(among.includes(item)) : 'unknown',
      max === undefined ? 'true' : typeof item === 'number' ? truthOf(item <= max) : 'unknown',
    ]),
  )
  const isScalarTest = among !== undefined || max !== undefined
  const overItems = items.length === 0 ? 'unknown' : effect === 'deny' ? or(perItem) : and(perItem)
  return and([
    maxItems === undefined ? 'true' : Array.isArray(value) ? truthOf(items.length <= maxItems) : 'unknown',
    isScalarTest ? overItems : 'true',
  ])
}
