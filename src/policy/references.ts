import { ADMINS } from './approvers.ts'
import { isGlob, toGlob } from './glob.ts'
import { suggest } from './near-name.ts'
import type { Place } from './problem.ts'
import type { PolicyDocument, Rule } from './schema.ts'
import type { SubjectSelector, ToolSelector } from './selector-schema.ts'
import type { PolicyWorld } from './world.ts'

interface KnownConnection {
  readonly provider: string
  readonly names: Set<string>
  readonly tags: Set<string>
}

/** The names that selectors may use. */
interface KnownNames {
  readonly agents: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
  readonly connections: ReadonlyMap<string, KnownConnection>
  readonly slugs: ReadonlySet<string>
  readonly providers: ReadonlySet<string>
}

type SubjectKeys = Omit<SubjectSelector, 'except'>
type ToolKeys = Omit<ToolSelector, 'except'>

/** Collects what a document and its world know by name. */
export function knownNames(document: PolicyDocument, world: PolicyWorld): KnownNames {
  const connections = knownConnections(world)
  return {
    agents: new Set(world.agents.map(({ id }) => id)),
    groups: new Set([...Object.keys(document.groups ?? {}), ...world.agents.flatMap(({ groups }) => groups)]),
    connections,
    slugs: new Set(connections.keys()),
    providers: new Set([...[...connections.values()].map(({ provider }) => provider), ...(world.providers ?? [])]),
  }
}

function knownConnections({ connections, tools }: PolicyWorld): ReadonlyMap<string, KnownConnection> {
  const known = new Map<string, KnownConnection>()
  const connectionOf = (slug: string, provider: string): KnownConnection => {
    const connection = known.get(slug) ?? { provider, names: new Set(), tags: new Set() }
    known.set(slug, connection)
    return connection
  }
  for (const { slug, provider } of connections) connectionOf(slug, provider)
  for (const { connection, provider, name, tags } of tools) {
    const { names, tags: seen } = connectionOf(connection, provider)
    names.add(name)
    for (const tag of tags) seen.add(tag)
  }
  return known
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
  checkNames(approvers, new Set([...known.groups, ADMINS]), GROUP, at.at('obligations', 'approval', 'approvers'))
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

/** `scope` says of which connections the tools are; complete: each of them has listed its tools. */
function checkTools(selector: ToolKeys, scope: ToolKeys, known: KnownNames, at: Place): void {
  checkNames(selector.connections, known.slugs, CONNECTION, at.at('connections'))
  checkNames(selector.providers, known.providers, PROVIDER, at.at('providers'))
  if (!selector.names && !selector.tags) return
  const selected = connectionsIn(scope, known)
  const complete = selected.length > 0 && selected.every(({ names }) => names.size > 0)
  const names = selected.map((connection) => connection.names)
  const tags = selected.map((connection) => connection.tags)
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
  known: readonly ReadonlySet<string>[],
  { noun, complete, at }: ToolNameCheck,
): void {
  for (const [index, name] of (written ?? []).entries()) {
    if (known.some((names) => isKnown(name, names))) continue
    const problem = `No tool that the rule selects ${noun} "${name}".${suggest(
      name,
      known.flatMap((names) => [...names]),
    )}`
    if (complete) at.at(index).reference(`${problem} Fix it, or remove it.`)
    else
      at.at(index).pending(
        `${problem} Not all of its connections have listed their tools yet; check it when they have.`,
      )
  }
}

function connectionsIn(scope: ToolKeys, known: KnownNames): readonly KnownConnection[] {
  const isSelected = toFilter(scope.connections)
  const isOfProvider = toFilter(scope.providers)
  return [...known.connections]
    .filter(([slug, { provider }]) => isSelected(slug) && isOfProvider(provider))
    .map(([, connection]) => connection)
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
