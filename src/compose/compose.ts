import { randomUUID } from 'node:crypto'
import type { ComposeOptions, House } from '../cli/house.ts'
import type { Egress } from '../egress/egress.ts'
import { checkReferences } from '../config/check-references.ts'
import { declaredAgents } from '../config/declared-agents.ts'
import { processVariables, readEnvironment, type Variables } from '../config/env.ts'
import { loadConfig } from '../config/load-config.ts'
import { withOverrides } from '../config/overrides.ts'
import type { Config } from '../config/schema.ts'
import { newAttachToken } from '../identity/attach-token.ts'
import { mcpHttp } from '../mcp/streamable-http.ts'
import { openMetrics } from '../metrics/metrics.ts'
import type { PolicyWorld } from '../policy/world.ts'
import { realSchedule } from '../sources/schedule.ts'
import { storedVerdicts } from '../sources/stored.ts'
import { type Closing, closing } from './closing.ts'
import { configBook } from './config-book.ts'
import { type Connecting, openConnecting } from './connecting.ts'
import { type ConnectionHouseParts, openConnections } from './connection-house.ts'
import { type ConnectionDeps, declaredWorld as worldOfDeclared } from './connections.ts'
import { toConnectionsPort } from './connections-port.ts'
import { door } from './door.ts'
import { toAdminDeps, toMcpDeps } from './edges.ts'
import { type Engine, type EngineParts, startEngine } from './engine.ts'
import { openIdentities } from './identities.ts'
import { keepConnected } from './keep-connected.ts'
import { toReadings } from './readings.ts'
import { ownerSeat, ownShare } from './owner-seat.ts'
import { toHouse } from './running-house.ts'
import { shelf } from './shelf.ts'
import { VERSION } from './version.ts'
import { openWorld } from './world.ts'

const clock = Date.now
const newId = (): string => randomUUID()

/** What rules may speak of while nothing runs, for `gatehouse check`. Throws `config_invalid` for unknown providers. */
export async function declaredWorld(config: Config): Promise<PolicyWorld> {
  const manifests = shelf()
  checkReferences(config, { providers: manifests.ids })
  await manifests.loadFor(config.connections)
  return worldOfDeclared(config, declaredAgents(config).values(), manifests)
}

/**
 * Builds the house from its configuration; it closes in reverse order. Only this room names concrete drivers.
 * Throws GatewayError, and then nothing stays behind.
 */
export async function compose(options: ComposeOptions): Promise<House> {
  const open = closing()
  try {
    return await build(options, open)
  } catch (error) {
    await open.run()
    throw error
  }
}

async function build(options: ComposeOptions, open: Closing): Promise<House> {
  const { log, mode, lean = true } = options
  const origin = (): string => front.origin()
  const ground = await lay(options, open, { connectLink: (of) => linking.connectLink(of), origin })
  const { config, world, book, connections, identities, accept, metrics } = ground
  const { agents } = identities
  const engine = await engineOn(ground, options, { closing: open, origin })
  const { gateway, snapshots, supervisor } = engine

  const attachToken = newAttachToken()
  const mcpDeps = toMcpDeps({ gateway, snapshots, supervisor, seal: world.seal, clock, newId, log })
  const seat = options.owner && ownerSeat({ ...options.owner, clock, log })
  const mcp = mcpHttp(mcpDeps, { lean, ...(seat && { elsewhere: seat.elsewhere }) })
  metrics.watch(toReadings({ engine, egress: world.egress, mcp, clock }))
  if (seat) metrics.gather({ ...seat.measuring, schedule: realSchedule })
  const specDeps = connectionDeps(ground, lean ? world.egress.post : undefined)
  const linking: Connecting = openConnecting({ world, connections, specDeps, ...engine, agents, origin, clock, newId })
  const port = toConnectionsPort({ connections, supervisor, specDeps, config: connections.current })
  const admin = toAdminDeps({ world, identities, book, connections: port, mcp, seat, clock, newId, ...engine })
  const front = door({
    ...ground,
    config: book.current,
    admin,
    approvals: engine.approvals,
    connecting: linking,
    mcp,
    metrics,
    attachToken,
    seat: seat?.door({ world, engine, config: connections.current, mcp, attachToken, closing: open }),
    log,
    clock,
    newId,
  })
  open.add(front.close)

  const connect = await keepConnected({
    ...ground,
    mode,
    supervisor,
    snapshots,
    specDeps,
    accept: (next) => accept(overridden(next, options, ground.env)),
    onTaken: front.refresh,
    closing: open,
  })
  return toHouse({
    mode,
    connect,
    supervisor,
    snapshots,
    book,
    front,
    mcpDeps,
    agents,
    config,
    attachToken,
    closing: open,
  })
}

const engineOn = (
  { accept, config, world, identities, connections, metrics, manifests }: Ground,
  { log, mode, owner }: ComposeOptions,
  parts: Pick<EngineParts, 'closing' | 'origin'>,
): Promise<Engine> =>
  startEngine({
    ...parts,
    config: accept(config),
    world,
    shelf: manifests,
    agents: identities.agents,
    log,
    clock,
    current: ownShare(owner, connections.current),
    telemetry: metrics.telemetry,
    newId,
    mode,
  })

type Ground = Awaited<ReturnType<typeof lay>>

/** What everything else stands on: configuration, store, connections and who may call. */
async function lay(options: ComposeOptions, open: Closing, late: Pick<ConnectionHouseParts, 'connectLink' | 'origin'>) {
  const { log, configPath: path, mode } = options
  const env = processVariables()
  const config = overridden(await loadConfig({ path, env }), options, env)
  log.setLevel(config.log.level)
  const owner = `gatehouse ${mode}`
  const world = await openWorld({ config, environment: readEnvironment(env), owner, clock, closing: open, log })
  const book = configBook(config, { path, clock, log, audit: world.audit })
  const metrics = openMetrics({
    version: VERSION,
    tools: config.metrics.tools,
    now: () => performance.now(),
    ...(options.owner && { process: 'owner' }),
  })
  open.add(metrics.close)
  const manifests = shelf()
  const connections = await openConnections({
    shelf: manifests,
    tokenRefreshed: metrics.tokenRefreshed,
    world,
    clock,
    log,
    closing: open,
    declared: book.current,
    ...late,
  })
  const accept = (next: Config): Config => {
    const managed = [...connections.book.all().keys()]
    checkReferences(next, { providers: manifests.ids, connections: managed })
    return connections.withManaged(next)
  }
  await manifests.loadFor(connections.current().connections)
  const identities = await openIdentities({ store: world.store, book, clock, closing: open })
  return { env, config, world, book, connections, accept, identities, metrics, manifests }
}

const connectionDeps = (
  { world, env, manifests, connections: { credentials, listedAs } }: Ground,
  post: Egress['post'] | undefined,
): ConnectionDeps => ({
  shelf: manifests,
  credentialsOf: credentials.credentialsOf,
  listedAs,
  mcp: {
    clock,
    schedule: realSchedule,
    env,
    fetch: world.egress.fetch,
    ...(post && { post }),
    verdicts: storedVerdicts(world.store),
    ledger: world.processes,
    version: VERSION,
  },
  egress: world.egress,
  clock,
  version: VERSION,
})

const overridden = (config: Config, { listen = {} }: ComposeOptions, env: Variables): Config =>
  withOverrides(config, listen, readEnvironment(env))
