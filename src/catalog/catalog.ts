import { createHash } from 'node:crypto'
import type { Effect, Feature, Risk, SourceFeature, SourceTool, Tool, ToolDefinition, ToolId } from '../kernel/tool.ts'
import { buildFeatures, type Features } from './features.ts'
import { fingerprint } from './fingerprint.ts'
import { hashed, toAction, toToolId, toWireName } from './names.ts'
import type { Surroundings } from './search/tool-texts.ts'

/** An admin's word on a tool; it stands above what the source says. */
export interface ToolOverride {
  readonly effect?: Effect | undefined
  readonly external?: boolean | undefined
  /** May raise the derived risk, never lower it. */
  readonly risk?: Risk | undefined
  readonly tags?: readonly string[] | undefined
  /** Shown instead of the source's own. */
  readonly title?: string | undefined
  readonly description?: string | undefined
  /** Words by which search finds the tool too. */
  readonly aliases?: readonly string[] | undefined
}

/** The tools of one connection, as its source last listed them. */
export interface CatalogInput {
  readonly connection: string
  readonly provider: string
  /** Who serves them (URL or command, server name): part of each fingerprint. */
  readonly identity: string
  /** What people call the connection. */
  readonly title?: string | undefined
  /** The only person for whose agents the tools exist; absent: everybody's. */
  readonly owner?: string | undefined
  readonly tools: readonly SourceTool[]
  readonly features?: readonly SourceFeature[] | undefined
  readonly overrides?: Readonly<Record<string, ToolOverride>> | undefined
}

/** All tools known, immutable. Ordered by connection, then as the source listed them. */
export interface Catalog {
  /** Changes when any tool, fingerprint or quarantine changes. */
  readonly version: string
  readonly tools: ReadonlyMap<ToolId, Tool>
  /** Resources, templates and prompts. */
  readonly features: Features
  /** Tools and features: what policy is compiled for. */
  readonly governed: readonly Feature[]
  /** What search knows of the tools besides their definitions. */
  readonly surroundings: Surroundings
  /** By canonical id or portable name; undefined when there is none. */
  find(name: string): Tool | undefined
}

/** The accepted fingerprint of each tool that was seen before. */
export type Pins = ReadonlyMap<ToolId, string>

/** Builds the catalog. A tool whose fingerprint differs from its pin is quarantined. */
export function buildCatalog(inputs: readonly CatalogInput[], pins: Pins): Catalog {
  const ordered = inputs.toSorted((a, b) => (a.connection < b.connection ? -1 : 1))
  const named = ordered.flatMap((input) => nameTools(input).map(([id, tool]) => ({ id, tool, input })))
  const wireNames = toWireNames(named.map(({ id }) => id))
  const tools = new Map(
    named.map(({ id, tool, input }) => [id, toTool({ id, wireName: wireNames.get(id) ?? id, tool, input, pins })]),
  )
  const byWireName = new Map([...tools.values()].map((tool) => [tool.wireName, tool]))
  const features = buildFeatures(ordered)
  const governed = [...tools.values(), ...features.all]
  const surroundings = toSurroundings(ordered, named)
  return {
    version: versionOf(governed, surroundings),
    tools,
    features,
    governed,
    surroundings,
    find: (name) => tools.get(name as ToolId) ?? byWireName.get(name),
  }
}

/** Names that are slugs already come first, so that an upstream's odd spelling can never take the id of a plain one. */
function nameTools({ connection, tools }: CatalogInput): readonly (readonly [ToolId, SourceTool])[] {
  const taken = new Map<string, string>()
  const plainFirst = tools.toSorted((a, b) => Number(isLossy(a)) - Number(isLossy(b)))
  for (const { definition } of plainFirst) {
    const action = toAction(definition.name)
    if (!taken.has(action)) taken.set(action, definition.name)
  }
  return tools.map((tool) => {
    const { name } = tool.definition
    const action = toAction(name)
    return [toToolId(connection, taken.get(action) === name ? action : hashed(action, name)), tool]
  })
}

const isLossy = ({ definition }: SourceTool): boolean => toAction(definition.name) !== definition.name

function toWireNames(ids: readonly ToolId[]): ReadonlyMap<ToolId, string> {
  const owners = new Map<string, ToolId>()
  for (const id of ids) {
    const current = owners.get(toWireName(id))
    if (current === undefined || (current.includes('-') && !id.includes('-'))) owners.set(toWireName(id), id)
  }
  return new Map(ids.map((id) => [id, owners.get(toWireName(id)) === id ? toWireName(id) : hashed(toWireName(id), id)]))
}

interface Named {
  readonly id: ToolId
  readonly tool: SourceTool
  readonly input: CatalogInput
}

function toSurroundings(inputs: readonly CatalogInput[], named: readonly Named[]): Surroundings {
  const aliases = named.flatMap(({ id, tool, input }) => {
    const texts = [...(tool.keywords ?? []), ...(input.overrides?.[tool.definition.name]?.aliases ?? [])]
    return texts.length === 0 ? [] : [[id, { texts }] as const]
  })
  return {
    connections: new Map(inputs.map(({ connection, title }) => [connection, { title }])),
    aliases: new Map(aliases),
  }
}

interface ToolParts {
  readonly id: ToolId
  readonly wireName: string
  readonly tool: SourceTool
  readonly input: CatalogInput
  readonly pins: Pins
}

function toTool({ id, wireName, tool: { definition, traits }, input, pins }: ToolParts): Tool {
  const override = input.overrides?.[definition.name] ?? {}
  const effect = override.effect ?? traits.effect
  const external = override.external ?? traits.external
  const print = fingerprint(definition, input.identity)
  const shown = shownAs(definition, override)
  return {
    kind: 'tool',
    id,
    wireName,
    connection: input.connection,
    provider: input.provider,
    ...(input.owner !== undefined && { owner: input.owner }),
    name: definition.name,
    effect,
    external,
    idempotent: traits.idempotent,
    tags: override.tags ?? traits.tags,
    risk: highest(derivedRisk(effect, external), override.risk),
    definition: shown,
    ...(shown !== definition && { original: definition }),
    fingerprint: print,
    quarantined: pins.has(id) && pins.get(id) !== print,
  }
}

function shownAs(definition: ToolDefinition, { title, description }: ToolOverride): ToolDefinition {
  if (title === undefined && description === undefined) return definition
  return { ...definition, ...(title !== undefined && { title }), ...(description !== undefined && { description }) }
}

const RISKS: readonly Risk[] = ['low', 'medium', 'high', 'critical']
const RISK_OF: Record<Effect, Risk> = { read: 'low', write: 'medium', unclassified: 'high', destructive: 'critical' }

/** read = low, write = medium, external or unclassified = high, destructive = critical (DESIGN §5). */
const derivedRisk = (effect: Effect, external: boolean): Risk => highest(RISK_OF[effect], external ? 'high' : undefined)

const highest = (a: Risk, b: Risk | undefined): Risk => (b !== undefined && RISKS.indexOf(b) > RISKS.indexOf(a) ? b : a)

function versionOf(governed: readonly Feature[], { connections, aliases }: Surroundings): string {
  const hash = createHash('sha256')
  for (const { id, fingerprint: print, quarantined, effect, external, risk, tags, owner, definition } of governed) {
    const { title, description } = definition
    hash.update(JSON.stringify([id, print, quarantined, effect, external, risk, tags, owner, title, description]))
  }
  hash.update(JSON.stringify([[...(connections ?? [])], [...(aliases ?? [])]]))
  return hash.digest('hex').slice(0, 16)
}
