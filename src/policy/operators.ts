import type { Json } from '../kernel/json.ts'
import { isAddressAt, isUrlOn, type Verdict } from './address.ts'
import { no, unsure, type Test } from './condition.ts'
import type { Constraint } from './condition-schema.ts'
import { compilePattern, MAX_PATTERN_INPUT } from './pattern.ts'
import type { Scalar } from './selector-schema.ts'

/** Tests one scalar. Its notes begin with the verb: who knows where the scalar stands puts the pointer before them. */
export type Operator = Test<Json>

/** The operators of a constraint that look at one scalar each. Throws an Error when the pattern is not RE2. */
export function scalarOperators(constraint: Constraint): readonly Operator[] {
  const { equals, in: among, notIn, pattern, emailDomains, hosts, min, max, maxLength } = constraint
  return [
    equals === undefined ? undefined : oneOf([equals]),
    among && oneOf(among),
    notIn && noneOf(notIn),
    pattern === undefined ? undefined : matching(pattern),
    emailDomains && text((value) => isAddressAt(value, emailDomains), `an email address at ${list(emailDomains)}`),
    hosts && text((value) => isUrlOn(value, hosts), `a plain http or https URL on ${list(hosts)}`),
    min === undefined ? undefined : number((value) => value >= min, `at least ${min}`),
    max === undefined ? undefined : number((value) => value <= max, `at most ${max}`),
    maxLength === undefined ? undefined : shorter(maxLength),
  ].filter((operator) => operator !== undefined)
}

const kindOf = (value: Json): string => (value === null ? 'null' : typeof value)

function oneOf(allowed: readonly Scalar[]): Operator {
  const values = new Set<Json>(allowed)
  const kinds = new Set(allowed.map(kindOf))
  const demand = allowed.length === 1 ? `must be ${quoted(allowed)}` : `must be one of ${quoted(allowed)}`
  return (value) => {
    if (values.has(value)) return undefined
    return kinds.has(kindOf(value)) ? no(demand) : unsure(demand)
  }
}

function noneOf(refused: readonly Scalar[]): Operator {
  const values = new Set<Json>(refused)
  const kinds = new Set(refused.map(kindOf))
  return (value) => {
    if (values.has(value)) return no('must have another value: this one is ruled out')
    return kinds.has(kindOf(value)) ? undefined : unsure(`must be a ${[...kinds].join(' or ')}`)
  }
}

function matching(pattern: string): Operator {
  const matches = compilePattern(pattern)
  return (value) => {
    if (typeof value !== 'string') return unsure('must be a text')
    const outcome = matches(value)
    if (outcome === 'match') return undefined
    if (outcome === 'no_match') return no(`must match the pattern ${pattern}`)
    return unsure(`must have at most ${MAX_PATTERN_INPUT} characters`)
  }
}

const text =
  (test: (value: string) => Verdict, what: string): Operator =>
  (value) => {
    const verdict = typeof value === 'string' ? test(value) : 'unsure'
    if (verdict === 'yes') return undefined
    return verdict === 'no' ? no(`must be ${what}`) : unsure(`must be ${what}, and nothing else`)
  }

const number =
  (test: (value: number) => boolean, what: string): Operator =>
  (value) => {
    if (typeof value !== 'number' || Number.isNaN(value)) return unsure(`must be a number, ${what}`)
    return test(value) ? undefined : no(`must be ${what}`)
  }

const shorter =
  (most: number): Operator =>
  (value) => {
    if (typeof value !== 'string') return unsure('must be a text')
    return value.length <= most ? undefined : no(`must have at most ${most} characters`)
  }

const SHOWN = 5
const list = (values: readonly string[]): string =>
  values.length <= SHOWN ? values.join(', ') : `${values.slice(0, SHOWN).join(', ')} or ${values.length - SHOWN} more`
const quoted = (values: readonly Scalar[]): string => list(values.map((value) => JSON.stringify(value)))
