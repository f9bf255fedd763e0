import type { Tool } from '../kernel/tool.ts'
import { isGlob, toGlob } from './glob.ts'
import { suggest } from './near-name.ts'
import type { Place } from './problem.ts'
import type { PolicyDocument, Rule } from './schema.ts'
import type { SubjectSelector, ToolSelector } from './selector-schema.ts'
import type { PolicyWorld } from './world.ts'

/** The names that selectors may use. */
interface KnownNames {
  readonly agents: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
  readonly connections: ReadonlyMap<string, string>
  readonly providers: ReadonlySet<string>
  readonly tools: readonly Tool[]
}

type SubjectKeys = Omit<SubjectSelector, 'except'>
type ToolKeys = Omit<ToolSelector, 'except'>

/** Collects what a document and its world know by name. */
export function knownNames(document: PolicyDocument, world: PolicyWorld): KnownNames {
  const { tools, agents } = world
  const connections = new Map(tools.map(({ connection, provider }) => [connection, provider]))
  for (const { slug, provider } of world.connections) connections.set(slug, provider)
  return {
    agents: new Set(agents.map(({ id }) => id)),
    groups: new Set([...Object.keys(document.groups ?? {}), ...agents.flatMap(({ groups }) => groups)]),
    connections,
    providers: new Set([...connections.values(), ...(world.providers ?? [])]),
    tools,
  }
}

/** Notes a problem for every agent of a group that is not registered. */
export function checkGroups(groups: PolicyDocument['groups'], known: KnownNames, at: Place): void {
  for (const [name, { agents }] of Object.entries(groups ?? {})) {
    checkNames(agents, known.agents, AGENT, at.at(name, 'agents'))
  }
}

/** Notes a problem for every name in a rule's selectors and approvals that stands for nothing. */
export function checkReferences(rule: Rule, known: KnownNames, at: Place): void {
  const { subjects, tools, obligations } = rule
  if (subjects) {
    checkSubjects(subjects, known, at.at('subjects'))
    if (subjects.except) checkSubjects(subjects.except, known, at.at('subjects', 'except'))
  }
  if (tools) {
    checkTools(tools, tools, known, at.at('tools'))
    if (tools.except) checkTools(tools.except, { ...tools, ...tools.except }, known, at.at('tools', 'except'))
  }
  const approvers = obligations?.approval?.approvers
  checkNames(approvers, known.groups, GROUP, at.at('obligations', 'approval', 'approvers'))
}

interface Kind {
  readonly noun: string
  readonly remedy: string
}
const AGENT: Kind = { noun: 'agent', remedy: 'Fix the name, or register the agent first.' }
const GROUP: Kind = {
  noun: 'group',
  remedy: 'Fix the name, or define it under `groups`; {} is enough for a group that comes from sign-in.',
}
const CONNECTION: Kind = { noun: 'connection', remedy: 'Fix the name, or add the connection first.' }
const PROVIDER: Kind = { noun: 'provider', remedy: 'Fix the name, or connect the provider first.' }

function checkSubjects(selector: SubjectKeys, known: KnownNames, at: Place): void {
  checkNames(selector.agents, known.agents, AGENT, at.at('agents'))
  checkNames(selector.groups, known.groups, GROUP, at.at('groups'))
}

/** `scope` says of which connections the tools are, which is wider than the selector itself inside `except`. */
function checkTools(selector: ToolKeys, scope: ToolKeys, known: KnownNames, at: Place): void {
  checkNames(selector.connections, new Set(known.connections.keys()), CONNECTION, at.at('connections'))
  checkNames(selector.providers, known.providers, PROVIDER, at.at('providers'))
  const { tools, complete } = toolsInScope(scope, known)
  const names = new Set(tools.map(({ name }) => name))
  const tags = new Set(tools.flatMap((tool) => tool.tags))
  checkToolNames(selector.names, names, { noun: 'is named', complete, at: at.at('names') })
  checkToolNames(selector.tags, tags, { noun: 'has the tag', complete, at: at.at('tags') })
}

function checkNames(written: readonly string[] | undefined, known: ReadonlySet<string>, kind: Kind, at: Place): void {
  for (const [index, name] of (written ?? []).entries()) {
    if (isKnown(name, known)) continue
    const problem = isGlob(name) ? `No ${kind.noun} matches "${name}".` : `There is no ${kind.noun} "${name}".`
    at.at(index).reference(`${problem}${suggest(name, known)} ${kind.remedy}`)
  }
}

interface ToolNameCheck {
  readonly noun: string
  readonly complete: boolean
  readonly at: Place
}

function checkToolNames(
  written: readonly string[] | undefined,
  known: ReadonlySet<string>,
  { noun, complete, at }: ToolNameCheck,
): void {
  for (const [index, name] of (written ?? []).entries()) {
    if (isKnown(name, known)) continue
    const problem = `No tool that the rule selects ${noun} "${name}".${suggest(name, known)}`
    if (complete) at.at(index).reference(`${problem} Fix it, or remove it.`)
    else
      at.at(index).warn(`${problem} Not all of its connections have listed their tools yet; check it when they have.`)
  }
}

/** The tools of the selected connections. Complete: each of these connections has listed its tools. */
function toolsInScope(scope: ToolKeys, known: KnownNames): { tools: readonly Tool[]; complete: boolean } {
  const inScope = toFilter(scope.connections)
  const ofProvider = toFilter(scope.providers)
  const slugs = [...known.connections].filter(([slug, provider]) => inScope(slug) && ofProvider(provider))
  const tools = known.tools.filter(({ connection, provider }) => inScope(connection) && ofProvider(provider))
  const listed = new Set(tools.map(({ connection }) => connection))
  return { tools, complete: slugs.length > 0 && slugs.every(([slug]) => listed.has(slug)) }
}

function toFilter(patterns: readonly string[] | undefined): (name: string) => boolean {
  const globs = patterns?.map(toGlob)
  return (name) => !globs || globs.some((matches) => matches(name))
}

function isKnown(written: string, known: ReadonlySet<string>): boolean {
  if (!isGlob(written)) return known.has(written)
  if (written === '*') return true
  const matches = toGlob(written)
  return [...known].some(matches)
}
