import type { Question } from '../../src/kernel/policy.ts'
import type { PolicyDocument, Rule } from '../../src/policy/schema.ts'

/**
 * The part of the language that Cedar can say too, as a Cedar policy set: who, which tool, when, which run, and scalar
 * arguments. Cedar skips an expression that errs, so that everything that may be missing is asked for first: what is
 * missing satisfies a forbid and fails a permit.
 */
export function toCedar({ rules, groups = {} }: PolicyDocument): string {
  return rules
    .filter(({ enabled }) => enabled !== false)
    .map((rule) => toStatement(rule, groups))
    .join('\n')
}

type Groups = NonNullable<PolicyDocument['groups']>

function toStatement(rule: Rule, groups: Groups): string {
  const about = all([who(rule, groups), which(rule), runOf(rule)])
  const conditions = all([...timesOf(rule), ...argumentsOf(rule)])
  if (rule.effect === 'allow') return `permit(principal, action, resource) when { ${all([about, conditions])} };`
  if (rule.effect === 'deny') return `forbid(principal, action, resource) when { ${all([about, conditions])} };`
  return `forbid(principal, action, resource) when { ${about} } unless { ${conditions} };`
}

const text = (value: unknown): string => JSON.stringify(value)
const set = (values: readonly unknown[]): string => `[${values.map(text).join(', ')}]`
const all = (parts: readonly string[]): string =>
  parts.length === 0 ? 'true' : parts.map((part) => `(${part})`).join(' && ')
const any = (parts: readonly string[]): string =>
  parts.length === 0 ? 'false' : parts.map((part) => `(${part})`).join(' || ')
/** A test of an attribute that may be missing. */
const present = (of: string, name: string, test: string): string => `${of} has ${name} && ${test}`
const missingOr = (of: string, name: string, test: string): string => `!(${of} has ${name}) || ${test}`

function who({ subjects }: Rule, groups: Groups): string {
  if (!subjects) return 'true'
  const { except, ...keys } = subjects
  return all([subject(keys, groups), ...(except ? [`!(${subject(except, groups)})`] : [])])
}

type Subjects = Omit<NonNullable<Rule['subjects']>, 'except'>

function subject({ agents, users, groups: names, claims }: Subjects, groups: Groups): string {
  return all([
    ...(agents ? [any(agents.map((agent) => `principal.agent like ${text(agent)}`))] : []),
    ...(users ? [present('principal', 'user', `${set(users)}.contains(principal.user)`)] : []),
    ...(names ? [any(names.map((name) => member(name, groups)))] : []),
    ...(claims ? [any(claims.map(({ equals }) => present('principal', 'k', `principal.k == ${text(equals)}`)))] : []),
  ])
}

function member(name: string, groups: Groups): string {
  const { agents, users, claims } = groups[name] ?? {}
  const ways = [agents && { agents }, users && { users }, claims && { claims }].filter((way) => way !== undefined)
  return any([`principal.groups.contains(${text(name)})`, ...ways.map((way) => subject(way, groups))])
}

function which({ tools, effect }: Rule): string {
  if (!tools) return 'true'
  const { except, ...keys } = tools
  const isNarrow = effect === 'allow' || keys.names !== undefined
  return all([...(isNarrow ? ['true'] : []), toolKeys(keys), ...(except ? [`!(${toolKeys(except)})`] : [])])
}

function toolKeys({ connections, names, effects, tags, external }: Omit<NonNullable<Rule['tools']>, 'except'>): string {
  return all([
    ...(connections ? [any(connections.map((one) => `resource.connection like ${text(one)}`))] : []),
    ...(names ? [any(names.map((one) => `resource.name like ${text(one)}`))] : []),
    ...(effects ? [`${set(effects)}.contains(resource.effect)`] : []),
    ...(tags ? [`resource.tags.containsAny(${set(tags)})`] : []),
    ...(external === undefined ? [] : [`resource.external == ${external}`]),
  ])
}

function runOf({ run, effect }: Rule): string {
  if (!run) return 'true'
  const seen = `context.labels.containsAny(${set(run.seen)})`
  return effect === 'allow' ? present('context', 'labels', seen) : missingOr('context', 'labels', seen)
}

function timesOf({ when }: Rule): readonly string[] {
  if (!when) return []
  const hour = (time: string): number => Number(time.slice(0, 2))
  return [`context.hour >= ${hour(when.from ?? '00:00')} && context.hour < ${hour(when.to ?? '24:00')}`]
}

type Constraint = NonNullable<Rule['args']>[string]

function argumentsOf({ args = {}, closedArgs, effect }: Rule): readonly string[] {
  const names = Object.keys(args).map((pointer) => pointer.slice(1))
  return [
    ...Object.entries(args).map(([pointer, constraint]) => argumentOf(pointer.slice(1), constraint, effect)),
    ...(closedArgs ? [`${set(names)}.containsAll(context.names)`] : []),
  ]
}

function argumentOf(name: string, constraint: Constraint, effect: Rule['effect']): string {
  if (constraint.absent) return `!(context has ${name})`
  const { equals, in: among, notIn, min, max, emailDomains, optional } = constraint
  const value = `context.${name}`
  const test = all([
    ...(equals === undefined ? [] : [`${value} == ${text(equals)}`]),
    ...(among ? [`${set(among)}.contains(${value})`] : []),
    ...(notIn ? [`!(${set(notIn)}.contains(${value}))`] : []),
    ...(min === undefined ? [] : [`${value} >= ${min}`]),
    ...(max === undefined ? [] : [`${value} <= ${max}`]),
    ...(emailDomains ? [any(emailDomains.map((domain) => `${value} like ${text(`*@${domain}`)}`))] : []),
  ])
  return optional || effect === 'deny' ? missingOr('context', name, test) : present('context', name, test)
}

/** A question as Cedar's request. */
export function toRequest({ principal, tool, input = {}, at, labels }: Question) {
  const { agent, user, groups, claims } = principal
  const who = { type: 'Agent', id: 'a' }
  const what = { type: 'Tool', id: 't' }
  const { connection, name, effect, tags, external } = tool
  return {
    principal: who,
    action: { type: 'Action', id: 'invoke' },
    resource: what,
    context: {
      ...(input as Record<string, string | number>),
      names: Object.keys(input),
      hour: new Date(at).getUTCHours(),
      ...(labels && { labels: [...labels] }),
    },
    entities: [
      {
        uid: who,
        attrs: {
          agent,
          groups: [...groups],
          ...(user && { user }),
          ...(typeof claims['k'] === 'string' && { k: claims['k'] }),
        },
        parents: [],
      },
      { uid: what, attrs: { connection, name, effect, tags: [...tags], external }, parents: [] },
    ],
  }
}
