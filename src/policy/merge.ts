import { GatewayError } from '../kernel/errors.ts'
import type { PolicyProblem } from './problem.ts'
import type { PolicyDocument, Rule } from './schema.ts'

/** Where a rule or group stands: in the configuration file, or in the document that admins edit. */
export type Origin = 'declared' | 'managed'

export interface MergedPolicy {
  /** Both together, the declared rules first. */
  readonly document: PolicyDocument
  readonly origins: Origins
}

export interface Origins {
  /** Of a rule's id; undefined when there is no such rule. */
  ofRule(id: string): Origin | undefined
  /** Says of which document a problem of the merged one is, and where there. */
  locate<P extends PolicyProblem>(problem: P): P
}

/**
 * One document of the declared and the managed one, which are evaluated together. A managed document without a time zone
 * has the declared one's; another zone goes along with its rules. Throws GatewayError `policy_invalid` when both have a
 * rule or group of the same name: which of them is meant nobody could tell.
 */
export function mergeDocuments(declared: PolicyDocument, managed: PolicyDocument): MergedPolicy {
  refuseTwins(declared, managed)
  const zone = declared.timezone ?? 'UTC'
  const { timezone = zone } = managed
  const added = timezone === zone ? managed.rules : managed.rules.map((rule) => inZone(rule, timezone))
  return {
    document: {
      ...declared,
      ...(declared.groups || managed.groups ? { groups: { ...declared.groups, ...managed.groups } } : {}),
      rules: [...declared.rules, ...added],
      ...(declared.tests || managed.tests ? { tests: [...(declared.tests ?? []), ...(managed.tests ?? [])] } : {}),
    },
    origins: originsOf(declared, managed),
  }
}

/** Writes the zone of the document into a rule that goes to a document with another one. */
function inZone(rule: Rule, timezone: string): Rule {
  const { when, obligations } = rule
  return {
    ...rule,
    ...(when && { when: { timezone, ...when } }),
    ...(obligations?.quota && { obligations: { ...obligations, quota: { timezone, ...obligations.quota } } }),
  }
}

function originsOf(declared: PolicyDocument, managed: PolicyDocument): Origins {
  const rules = new Map<string, Origin>([
    ...declared.rules.map(({ id }) => [id, 'declared'] as const),
    ...managed.rules.map(({ id }) => [id, 'managed'] as const),
  ])
  const offsets: Readonly<Record<string, number>> = {
    rules: declared.rules.length,
    tests: declared.tests?.length ?? 0,
  }
  return {
    ofRule: (id) => rules.get(id),
    locate: (problem) => {
      const [, part = '', name = '', ...rest] = problem.path.split('/')
      const offset = offsets[part]
      if (offset === undefined) {
        const isManaged = Object.hasOwn(managed.groups ?? {}, name)
        return { ...problem, origin: isManaged ? 'managed' : 'declared' }
      }
      const index = Number(name) - offset
      if (index < 0) return { ...problem, origin: 'declared' }
      return { ...problem, origin: 'managed', path: ['', part, index, ...rest].join('/') }
    },
  }
}

function refuseTwins(declared: PolicyDocument, managed: PolicyDocument): void {
  const ids = new Set(declared.rules.map(({ id }) => id))
  const twins = managed.rules.flatMap(({ id }, index) =>
    ids.has(id) ? [twin('rule', id, { rule: id, path: `/rules/${index}/id` })] : [],
  )
  const groups = Object.keys(managed.groups ?? {})
    .filter((name) => Object.hasOwn(declared.groups ?? {}, name))
    .map((name) => twin('group', name, { path: `/groups/${name}` }))
  const problems = [...twins, ...groups]
  const [first] = problems
  if (!first) return
  const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`
  throw new GatewayError('policy_invalid', `The policy cannot be used: ${first.message}${more}`, { data: { problems } })
}

type Where = { readonly rule?: string; readonly path: string }

const twin = (noun: string, name: string, where: Where): PolicyProblem => ({
  ...where,
  origin: 'managed',
  message: `The managed ${noun} "${name}" has the name of a declared ${noun} in gateway.config.json. Give one of them another name.`,
})
