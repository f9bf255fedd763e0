import type { Feature } from '../kernel/tool.ts'
import { checkArguments } from './argument-references.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import type { ValidateSchema } from './constraint.ts'
import { factSheet, type FactSheet } from './facts.ts'
import { wallClock, type LocalTime } from './local-time.ts'
import type { Origins } from './merge.ts'
import { pointerIndex } from './pointers.ts'
import { checkRedactions, toObligations } from './obligations.ts'
import { problemLog, type Place, type PolicyProblem } from './problem.ts'
import { checkGroups, checkReferences, knownNames } from './references.ts'
import { compileCondition, type CompiledRule } from './rule.ts'
import type { PolicyDocument, Rule } from './schema.ts'
import { textOf, versionOf } from './version.ts'
import { indexTools, type ToolIndex } from './tool-index.ts'
import { viewCache } from './view-cache.ts'
import type { PolicyWorld } from './world.ts'

export type { CompiledPolicy } from './compiled-policy.ts'

export interface CompileOptions {
  /** The policy's version; without it, one made of the document's text. */
  readonly version?: string
  /** Makes the `schema` constraint available; without it, a rule that has one is refused. */
  readonly validateSchema?: ValidateSchema
  /**
   * For a policy that was accepted before and meets a catalog that has changed since: what no longer names anything is a
   * warning then, and selects nothing. A downstream server must not be able to take the policy out of force by dropping
   * a tool. Everything else is refused as ever.
   */
  readonly tolerant?: boolean
  /** Of a merged document: which of the two each part is from. */
  readonly origins?: Origins
}

export interface Compilation {
  readonly policy: CompiledPolicy
  /** What an admin should look at; the policy works nevertheless. */
  readonly warnings: readonly PolicyProblem[]
}

/**
 * Turns a document into a policy bound to the tools, agents and connections of one moment. Throws GatewayError
 * `policy_invalid` with every problem in `data.problems`: names that stand for nothing, arguments that no tool has,
 * zones and patterns that cannot be used. Rules that are switched off are not looked at.
 */
export function compilePolicy(document: PolicyDocument, world: PolicyWorld, options: CompileOptions = {}): Compilation {
  const log = problemLog({ tolerant: options.tolerant ?? false, locate: options.origins?.locate })
  const known = knownNames(document, world)
  const compiler: Compiler = {
    timezone: document.timezone ?? 'UTC',
    index: indexTools(world.tools),
    facts: factSheet(new Map(Object.entries(document.groups ?? {}))),
    clockOf: clocks(),
    validateSchema: options.validateSchema,
  }
  checkZone(document.timezone, compiler, log.root.at('timezone'))
  checkGroups(document.groups, known, log.root.at('groups'))
  const rules: CompiledRule[] = []
  for (const [position, rule] of document.rules.entries()) {
    if (rule.enabled === false) continue
    const place = log.rule(position, rule.id)
    checkReferences(rule, known, place)
    rules.push(compileRule(rule, compiler, place))
  }
  rules.sort((a, b) => (a.id < b.id ? -1 : 1))
  log.throwErrors()
  return { policy: assemble(document, { world, rules, compiler, options }), warnings: log.warnings }
}

interface Compiler {
  readonly timezone: string
  readonly index: ToolIndex
  readonly facts: FactSheet
  readonly clockOf: (zone: string) => (at: number) => LocalTime
  readonly validateSchema: ValidateSchema | undefined
}

function compileRule(rule: Rule, compiler: Compiler, place: Place): CompiledRule {
  const { index, facts } = compiler
  const places = index.placesOf(rule.tools, rule.effect === 'allow')
  checkArguments(rule, toolsAt(places, index), place)
  checkRedactions(rule, place)
  checkZone(rule.obligations?.quota?.timezone, compiler, place.at('obligations', 'quota', 'timezone'))
  const refuse = (path: readonly string[], message: string) => place.at(...path).error(message)
  return {
    id: rule.id,
    effect: rule.effect,
    spec: rule,
    selectsSubject: facts.selects(rule.subjects, rule.effect !== 'allow'),
    places,
    condition: compileCondition(rule, { ...compiler, refuse }),
    run: rule.run?.seen,
    obligations: toObligations(rule, compiler.timezone),
    match: { rule: rule.id, effect: rule.effect, matched: true, note: 'match' },
  }
}

const toolsAt = (places: Uint32Array, { tools }: ToolIndex): readonly Feature[] =>
  Array.from(places, (place) => tools[place]).filter((tool) => tool !== undefined)

function checkZone(zone: string | undefined, { clockOf }: Compiler, place: Place): void {
  try {
    clockOf(zone ?? 'UTC')
  } catch {
    place.error(`There is no time zone "${zone}". Use an IANA name, such as Europe/Berlin.`)
  }
}

/** One wall clock for each zone of a policy: making a formatter is slow, and the clock remembers what it showed. */
function clocks(): (zone: string) => (at: number) => LocalTime {
  const known = new Map<string, (at: number) => LocalTime>()
  return (zone) => {
    const clock = known.get(zone) ?? wallClock(zone)
    known.set(zone, clock)
    return clock
  }
}

interface Parts {
  readonly world: PolicyWorld
  readonly rules: readonly CompiledRule[]
  readonly compiler: Compiler
  readonly options: CompileOptions
}

const assemble = (document: PolicyDocument, { world, rules, compiler, options }: Parts): CompiledPolicy => ({
  version: options.version ?? versionOf(textOf(document)),
  document,
  locate: options.origins?.locate ?? ((problem) => problem),
  originOf: (id) => options.origins?.ofRule(id) ?? 'declared',
  agents: new Map(world.agents.map((agent) => [agent.id, agent])),
  rules,
  index: compiler.index,
  find: viewCache(rules, compiler.facts, compiler.index),
  pointersAt: lazily(() => pointerIndex(rules)),
})

/** A function that is made when it is first called. */
function lazily<A, R>(make: () => (argument: A) => R): (argument: A) => R {
  let made: ((argument: A) => R) | undefined
  return (argument) => (made ??= make())(argument)
}
