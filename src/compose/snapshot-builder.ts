import type { ManagedOverrides } from '../admin/override-book.ts'
import type { ActivePolicy } from '../admin/policy-book.ts'
import type { PolicyControl } from '../admin/policy-control.ts'
import { policyText } from '../admin/policy-document.ts'
import type { PolicyLayers } from '../admin/policy-layers.ts'
import { testPolicy, testsFailed } from '../admin/policy-tests.ts'
import { buildCatalog, type Catalog } from '../catalog/catalog.ts'
import { declaredWorld, toCatalogInputs, worldOf } from './connections.ts'
import { declaredAgents } from '../config/declared-agents.ts'
import type { Config } from '../config/schema.ts'
import type { Log } from '../gateway/gateway.ts'
import type { Snapshot } from '../gateway/snapshot.ts'
import { isBuiltIn } from '../gateway/meta/definitions.ts'
import { type Snapshots, snapshots } from '../gateway/snapshots.ts'
import { type Toolsets, toToolsets } from '../gateway/toolset.ts'
import type { Validator } from '../gateway/validator.ts'
import type { Clock } from '../kernel/clock.ts'
import type { Agent } from '../kernel/principal.ts'
import type { Source } from '../kernel/source.ts'
import type { Tool, ToolId } from '../kernel/tool.ts'
import type { CompiledPolicy } from '../policy/compile.ts'
import type { PolicyProblem } from '../policy/problem.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import type { PolicyWorld } from '../policy/world.ts'
import type { ConnectionTools } from '../sources/connection-spec.ts'
import type { Supervisor } from '../sources/supervisor.ts'
import { layeredPolicy, type LayeredPolicy, managedDocument } from './policy-layers.ts'
import type { Shelf } from './shelf.ts'

export interface SnapshotParts {
  readonly supervisor: Pick<Supervisor, 'tools' | 'sources' | 'statuses'>
  readonly validator: Validator
  readonly shelf: Pick<Shelf, 'get'>
  agents(): ReadonlyMap<string, Agent>
  pins(): ReadonlyMap<ToolId, string>
  overrides(): ManagedOverrides
  pinNew(tools: Iterable<Tool>): Promise<void>
  /** Answers the gateway's own tools. */
  readonly builtIn: Source
  /** Hears of every catalog that comes into force. */
  onCatalog(catalog: Catalog): void
  /** The managed policy that the store says is in force. */
  managed(): ActivePolicy
  /** Denies everything, instead of failing, while the managed policy cannot be used. */
  readonly denyWhenBroken: boolean
  readonly clock: Clock
  readonly log: Log
}

/** The snapshot in force and the one way to a new one. */
export interface SnapshotBuilder extends Snapshots {
  /**
   * Throws `policy_invalid` when the configuration's policy cannot be used, and `policy_tests_failed` when it is another one
   * and its tests fail; nothing changes then.
   */
  accept(config: Config): void
  /** The document that the configuration in force declares. */
  declared(): PolicyDocument
  /** Why everything is denied: the managed policy cannot be used. */
  policyProblem(): string | undefined
  /** Compiles documents for the tools, agents and connections of now. */
  readonly compilePolicy: PolicyControl['compile']
  /** Takes over other connections of the same configuration: rules that name what is gone stand for nothing. */
  follow(config: Config): void
  /** Builds the snapshot anew from what is known now; changes that come while it builds are in the next one. */
  rebuild(): Promise<void>
}

/** Joins configuration, agents, tools and pins into snapshots, one at a time. */
export function snapshotBuilder(first: Config, parts: SnapshotParts): SnapshotBuilder {
  const layered = layeredPolicy({
    managed: parts.managed,
    denyWhenBroken: parts.denyWhenBroken,
    compile: { validateSchema: (schema, value) => parts.validator.fits(JSON.stringify(schema), schema, value) },
  })
  const check = (config: Config): CompiledPolicy =>
    layered.check(config.policy, declaredWorld(config, agentsWith(config, parts.agents()), parts.shelf)).policy
  let config = first
  const catalog = buildCatalog([], new Map())
  const policy = check(config)
  const start = { catalog, policy, agents: parts.agents(), toolsets: toToolsets(config.toolsets) }
  const held = snapshots(toSnapshot(start, connectionsNow(parts)))
  tellBroken(layered, parts)
  let built: Built | undefined
  let work: Promise<void> = Promise.resolve()
  let isWaiting = false
  const told = new Set<string>()

  const build = async (): Promise<void> => {
    isWaiting = false
    // Taken before anything is awaited: a connection must not show as active before its tools are in the catalog.
    const connections = connectionsNow(parts)
    const seen: Seen = {
      config,
      agents: parts.agents(),
      tools: parts.supervisor.tools(),
      pins: parts.pins(),
      overrides: parts.overrides(),
      managed: parts.managed(),
    }
    if (!built || !isSame(built, seen)) built = await toBuilt(seen, { ...parts, told, layered })
    held.swap(toSnapshot(built, connections))
    parts.onCatalog(built.catalog)
  }
  return {
    ...held,
    accept(next) {
      check(next)
      const isOther = policyText(next.policy) !== policyText(config.policy)
      if (isOther) refuseFailing(next, held.current(), { ...parts, layered })
      config = next
    },
    declared: () => config.policy,
    policyProblem: layered.problem,
    compilePolicy: (layers, accepted) =>
      layered.compileOther(bothOf(config, parts, layers), worldNow(config, held.current()), accepted),
    follow(next) {
      config = next
    },
    rebuild() {
      if (isWaiting) return work
      isWaiting = true
      work = work.then(build).catch((error: unknown) => {
        parts.log.error({}, 'the tools could not be taken over; the last known ones stay in force', error)
      })
      return work
    },
  }
}

/** The agents that there will be once this configuration is in force. */
function agentsWith(config: Config, now: ReadonlyMap<string, Agent>): Iterable<Agent> {
  const managed = [...now].filter(([, agent]) => agent.origin === 'managed')
  return new Map([...managed, ...declaredAgents(config)]).values()
}

function tellBroken({ problem }: LayeredPolicy, { log }: Pick<SnapshotParts, 'log'>): void {
  const words = problem()
  if (words !== undefined) log.error({}, `everything is denied: ${words}`)
}

const bothOf = (
  { policy }: Config,
  { managed }: Pick<SnapshotParts, 'managed'>,
  layers: Partial<PolicyLayers>,
): PolicyLayers => ({ declared: policy, managed: managedDocument(managed()), ...layers })

const worldNow = (config: Config, { agents, catalog }: Snapshot): PolicyWorld => ({
  ...worldOf(config, agents.values()),
  tools: catalog.governed,
})

/** Tests of declared rules must hold when they are edited, and an edit must not break tests of managed ones. */
function refuseFailing(
  next: Config,
  { catalog, policy: before }: Snapshot,
  { layered, ...parts }: SnapshotParts & { readonly layered: LayeredPolicy },
): void {
  const world = declaredWorld(next, agentsWith(next, parts.agents()), parts.shelf)
  const known = catalog.governed.filter(({ connection }) => world.connections.some(({ slug }) => slug === connection))
  const listed = new Set(known.map(({ connection }) => connection))
  const tools = [...known, ...world.tools.filter(({ connection }) => !listed.has(connection))]
  const { policy } = layered.compile(next.policy, { ...world, tools })
  const options = { connections: world.connections.map(({ slug }) => slug), at: parts.clock() }
  const declared = new Set(next.policy.tests?.map(({ name }) => name))
  const failing = testPolicy(before, options).results.filter(({ passed }) => !passed)
  const failed = new Set(failing.map(({ name }) => name))
  const { results } = testPolicy(policy, options)
  const grave = results.filter(({ name, passed }) => !passed && (declared.has(name) || !failed.has(name)))
  if (grave.length > 0) throw testsFailed(grave, 'Correct the policy or the tests in the configuration.')
}

interface Seen {
  readonly config: Config
  readonly managed: ActivePolicy
  readonly agents: ReadonlyMap<string, Agent>
  readonly tools: ReadonlyMap<string, ConnectionTools>
  readonly pins: ReadonlyMap<ToolId, string>
  readonly overrides: ManagedOverrides
}

interface Built extends Seen {
  readonly catalog: Catalog
  readonly policy: CompiledPolicy
  readonly toolsets: Toolsets
}

/** A tool that nobody has seen before is pinned, durably, before anyone can see it. */
async function toBuilt(
  seen: Seen,
  parts: SnapshotParts & { readonly told: Set<string>; readonly layered: LayeredPolicy },
): Promise<Built> {
  const inputs = toCatalogInputs(seen.config, seen.tools, seen.overrides)
  const catalog = buildCatalog(inputs, seen.pins)
  // Our own tools change with our version: nobody has to accept that.
  await parts.pinNew([...catalog.tools.values()].filter((tool) => !isBuiltIn(tool)))
  const world = { ...worldOf(seen.config, seen.agents.values()), tools: catalog.governed }
  const { policy, warnings } = parts.layered.compile(seen.config.policy, world)
  if (isComplete(seen)) tellOnce(warnings, parts)
  return { ...seen, pins: parts.pins(), catalog, policy, toolsets: toToolsets(seen.config.toolsets) }
}

/** Before every source has listed its tools, a name that stands for nothing says little. */
const isComplete = ({ config, tools }: Seen): boolean =>
  Object.entries(config.connections).every(([slug, { enabled }]) => !enabled || tools.has(slug))

function tellOnce(
  warnings: readonly PolicyProblem[],
  { told, log }: Pick<SnapshotParts, 'log'> & { readonly told: Set<string> },
): void {
  for (const { rule = '', path, message } of warnings) {
    const key = `${rule} ${path} ${message}`
    if (!told.has(key)) log.warn({ rule, path }, message)
    told.add(key)
  }
}

const isSame = (built: Seen, seen: Seen): boolean =>
  built.config === seen.config &&
  built.agents === seen.agents &&
  built.overrides === seen.overrides &&
  built.managed === seen.managed &&
  built.tools.size === seen.tools.size &&
  [...seen.tools].every(([slug, tools]) => built.tools.get(slug) === tools) &&
  built.pins.size === seen.pins.size &&
  [...seen.pins].every(([id, fingerprint]) => built.pins.get(id) === fingerprint)

const connectionsNow = ({ supervisor, builtIn }: SnapshotParts): Pick<Snapshot, 'sources' | 'connections'> => ({
  sources: new Map([...supervisor.sources(), [builtIn.connection, builtIn]]),
  connections: new Map(supervisor.statuses().map((status) => [status.connection, status])),
})

const toSnapshot = (
  { catalog, policy, agents, toolsets }: Pick<Built, 'catalog' | 'policy' | 'agents' | 'toolsets'>,
  connections: Pick<Snapshot, 'sources' | 'connections'>,
): Snapshot => ({
  version: `${catalog.version}.${policy.version}`,
  policy,
  catalog,
  agents,
  toolsets,
  ...connections,
})
