import { isJsonObject, type Json } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import { toGlob } from './glob.ts'
import { locate, parsePointer } from './pointer.ts'
import type { ClaimTest, GroupDefinition, Scalar, SubjectSelector } from './selector-schema.ts'

/** One thing that may be so of a principal; `unsure` is a claim of a type that its test cannot compare. */
export type Fact = 'yes' | 'no' | 'unsure'
type Question = (principal: Principal) => Fact

/**
 * Everything that the rules ask of principals, each question once. Two principals with the same answers are the same
 * to the policy, so that the answers are the key under which views are kept.
 */
export interface FactSheet {
  /** One character per question. */
  read(principal: Principal): string
  /** Compiles a selector to a test of such a text. `lenient`: what is unsure counts as a match. */
  selects(selector: SubjectSelector | undefined, lenient: boolean): (facts: string) => boolean
}

const CODE = { no: '0', yes: '1', unsure: '?' } as const satisfies Record<Fact, string>

/** An empty sheet; compiling selectors adds their questions to it. */
export function factSheet(groups: ReadonlyMap<string, GroupDefinition>): FactSheet {
  const questions: Question[] = []
  const places = new Map<string, number>()

  const ask = (key: string, toQuestion: () => Question): number => {
    const known = places.get(key)
    if (known !== undefined) return known
    places.set(key, questions.length)
    return questions.push(toQuestion()) - 1
  }

  const placesOf = (selector: Omit<SubjectSelector, 'except'>): readonly (readonly number[])[] =>
    [
      selector.agents?.map((agent) => ask(`agent ${agent}`, () => ofAgent(agent))),
      selector.users?.map((user) => ask(`user ${user}`, () => ofUser(user))),
      selector.groups?.map((group) => ask(`group ${group}`, () => ofGroup(group, groups))),
      selector.claims?.map((claim) => ask(`claim ${JSON.stringify(claim)}`, () => ofClaim(claim))),
    ].filter((list) => list !== undefined)

  return {
    read: (principal) => questions.map((question) => CODE[question(principal)]).join(''),
    selects: (selector, lenient) => {
      if (!selector) return () => true
      const keys = placesOf(selector)
      const except = selector.except && placesOf(selector.except)
      return (facts) => holdsAll(facts, keys, lenient) && !(except && holdsAll(facts, except, !lenient))
    },
  }
}

function holdsAll(facts: string, keys: readonly (readonly number[])[], lenient: boolean): boolean {
  return keys.every((places) =>
    places.some((place) => facts[place] === CODE.yes || (lenient && facts[place] === CODE.unsure)),
  )
}

const toFact = (holds: boolean): Fact => (holds ? 'yes' : 'no')

function ofAgent(pattern: string): Question {
  const matches = toGlob(pattern)
  return ({ agent }) => toFact(matches(agent))
}

function ofUser(pattern: string): Question {
  const matches = toGlob(pattern)
  return ({ user }) => toFact(user !== undefined && matches(user))
}

function ofGroup(pattern: string, groups: ReadonlyMap<string, GroupDefinition>): Question {
  const matches = toGlob(pattern)
  const defined = [...groups].filter(([name]) => matches(name)).flatMap(([, group]) => membersOf(group))
  return (principal) => {
    if (principal.groups.some(matches)) return 'yes'
    const facts = defined.map((question) => question(principal))
    return facts.includes('yes') ? 'yes' : facts.includes('unsure') ? 'unsure' : 'no'
  }
}

const membersOf = ({ agents = [], users = [], claims = [] }: GroupDefinition): readonly Question[] => [
  ...agents.map(ofAgent),
  ...users.map(ofUser),
  ...claims.map(ofClaim),
]

/** A claim that is missing or null does not match. One that cannot be compared is unsure: it must not lift a deny. */
function ofClaim({ path, equals, in: among, contains }: ClaimTest): Question {
  const tokens = parsePointer(path)
  const wanted = among ?? [equals ?? contains ?? null]
  return ({ claims }) => {
    const located = locate(claims, tokens)
    if (located.kind !== 'found' || (located.value === null && !wanted.includes(null))) return 'no'
    if (contains !== undefined && Array.isArray(located.value)) return toFact(located.value.includes(contains))
    return compare(located.value, wanted)
  }
}

function compare(value: Json, wanted: readonly Scalar[]): Fact {
  if (Array.isArray(value) || isJsonObject(value)) return 'unsure'
  if (wanted.some((candidate) => candidate === value)) return 'yes'
  return wanted.some((candidate) => typeof candidate === typeof value) ? 'no' : 'unsure'
}
