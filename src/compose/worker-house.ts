import { remotePorts } from '../cluster/ports.ts'
import type { Link } from '../cluster/link.ts'
import { freezeBook } from '../admin/freeze-book.ts'
import { resourceUrl } from '../config/server-urls.ts'
import { createEgress, type Egress } from '../egress/egress.ts'
import { freezeSwitch } from '../gateway/freeze.ts'
import type { GatewayDeps, Log } from '../gateway/gateway.ts'
import { ledger } from '../gateway/ledger.ts'
import { listingFor } from '../gateway/list-tools.ts'
import { listings } from '../gateway/listing.ts'
import { isBuiltIn } from '../gateway/meta/definitions.ts'
import type { Snapshot } from '../gateway/snapshot.ts'
import { schemaValidator } from '../gateway/validator.ts'
import { createIdentity } from '../identity/identity.ts'
import { jwtVerifier } from '../identity/jwt-verifier.ts'
import type { Clock, NewId } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Source } from '../kernel/source.ts'
import type { Tool } from '../kernel/tool.ts'
import { leanHttp, type LeanHttp } from '../mcp/lean-http.ts'
import type { SessionFacts } from '../mcp/streamable-http.ts'
import type { Figures } from '../metrics/gather.ts'
import { type Metrics, openMetrics } from '../metrics/metrics.ts'
import type { CompiledPolicy } from '../policy/compiled-policy.ts'
import { noLedger } from '../sources/process-ledger.ts'
import { realSchedule } from '../sources/schedule.ts'
import { storedVerdicts } from '../sources/stored.ts'
import type { Driver } from '../store/driver.ts'
import { openStore, type Store } from '../store/store.ts'
import { seal } from '../vault/seal.ts'
import type { Closing } from './closing.ts'
import type { ConnectionDeps } from './connections.ts'
import { configuredConcurrency } from './configured-concurrency.ts'
import { toMcpDeps } from './edges.ts'
import type { Ground, Welcome } from './ground.ts'
import { openIdentities } from './identities.ts'
import { type SnapshotBuilder, snapshotBuilder } from './snapshot-builder.ts'
import { declaredBooks, sharedConfig } from './worker-config.ts'
import { VERSION } from './version.ts'
import { type Shelf, shelf } from './shelf.ts'
import { type WorkerSources, workerSources } from './worker-sources.ts'

/** The largest set of signing keys that is read, in bytes. */
const MAX_JWKS_BYTES = 262_144

export interface WorkerHouseParts {
  /** Its number. */
  readonly worker: number
  readonly wire: Link
  readonly driver: Driver
  readonly welcome: Welcome
  /** Replaced whole when the owner tells of a change; `grown` follows it. */
  ground(): Ground
  readonly log: Log
  readonly clock: Clock
  readonly newId: NewId
  readonly closing: Closing
}

/** What a worker answers with: the same lives of lists and calls, on a copy of the owner's snapshot. */
export interface WorkerHouse {
  readonly lean: LeanHttp
  readonly identity: ReturnType<typeof createIdentity>
  /** What it has measured, for the owner's `/metrics`. */
  figures(): Promise<Figures>
  /** Takes over what the ground is now. */
  grown(): Promise<void>
}

export async function workerHouse(parts: WorkerHouseParts): Promise<WorkerHouse> {
  const { wire, driver, welcome, ground, log, clock, newId, closing } = parts
  const store = openStore(driver)
  const egress = createEgress({ clock })
  closing.add(() => egress.close())
  const books = declaredBooks(() => ground().config)
  const identities = await openIdentities({ store, book: books, clock, closing })
  const manifests = shelf()
  await manifests.loadFor(ground().config.connections)
  const sources = workerSources(sourceDeps(store, egress, clock, manifests))
  closing.add(sources.close)
  const { snapshots, validator } = copiedSnapshots(parts, sources, identities.agents.agents, manifests)
  const metrics = measuring(parts)
  const gateway = await workerGateway(parts, store, { snapshots, validator, telemetry: metrics.telemetry })
  metrics.watchLoad({ calls: () => gateway.concurrency.counts().connections, requests: egress.load })
  const mcpDeps = toMcpDeps({
    gateway,
    snapshots,
    supervisor: { tools: () => ground().tools, onResourceUpdated: () => () => undefined },
    seal: seal(Buffer.from(welcome.sealKey.reveal(), 'base64'), 'request-state'),
    clock,
    newId,
    log,
  })
  const lean = leanHttp(mcpDeps, {
    session: async (id) => (await wire.ask('session.facts', id)) as SessionFacts | undefined,
    log: (session, message) => wire.tell('session.log', { session, message: { ...message } }),
    serves(name, caller) {
      const snapshot = snapshots.current()
      const tool = typeof name === 'string' ? findTool(gateway, snapshot, name, caller) : undefined
      return tool !== undefined && !needsOwner(snapshot.policy, tool) && sources.isReady(tool.connection)
    },
  })
  const grown = async (): Promise<void> => {
    const { config, statuses } = ground()
    await manifests.loadFor(config.connections)
    sources.apply(config, statuses, welcome.workers)
    snapshots.follow(config)
    await snapshots.rebuild()
  }
  closing.add(identities.agents.onChange(() => void snapshots.rebuild()))
  await grown()
  return { lean, identity: identityOf(parts, identities, egress), figures: metrics.figures, grown }
}

/** Counted from zero for each owner, which adds up what its workers tell. */
function measuring({ worker, ground, closing }: WorkerHouseParts): Metrics {
  const { tools } = ground().config.metrics
  const metrics = openMetrics({ version: VERSION, tools, now: () => performance.now(), process: `worker-${worker}` })
  closing.add(metrics.close)
  return metrics
}

function sourceDeps(store: Store, egress: Egress, clock: Clock, manifests: Shelf): ConnectionDeps {
  const refused = (): never => {
    throw new GatewayError('connection_unusable', 'A worker leases no stored credentials.')
  }
  return {
    shelf: manifests,
    credentialsOf: () => refused,
    listedAs: () => Promise.resolve(undefined),
    mcp: {
      clock,
      schedule: realSchedule,
      env: {},
      fetch: egress.fetch,
      post: egress.post,
      verdicts: storedVerdicts(store),
      ledger: noLedger,
      version: VERSION,
    },
    egress,
    clock,
    version: VERSION,
  }
}

/** The deps of both lives, where what there must be one of is the owner's. */
async function workerGateway(
  { wire, welcome, ground, log, clock, closing }: WorkerHouseParts,
  store: Store,
  { snapshots, validator, telemetry }: ReturnType<typeof copiedSnapshots> & Pick<Metrics, 'telemetry'>,
): Promise<GatewayDeps> {
  const switchboard = freezeSwitch()
  const freezes = await freezeBook({ store, apply: switchboard.set })
  closing.add(freezes.close)
  const ports = remotePorts(wire)
  const gateway: GatewayDeps = {
    telemetry,
    freezes: switchboard,
    // Rules about runs keep a call from being answered here at all.
    runs: { seen: () => new Set(), mark: refuseLabels },
    snapshot: snapshots.current,
    listings: listings({ features: () => snapshots.current().catalog.features }),
    validator,
    limits: ports.limits,
    concurrency: configuredConcurrency(
      sharedConfig(() => ground().config, { of: 'worker', workers: welcome.workers }),
      clock,
    ),
    ledger: ledger({ ...ports.audit, close: () => Promise.resolve() }, (error) =>
      log.error({}, 'the audit log cannot be written', error),
    ),
    clock,
    learner: {
      searched: () => undefined,
      succeeded: (principal, tool) => {
        if (ground().config.discovery.learnAliases) wire.tell('call.succeeded', { principal, tool })
      },
    },
    log,
  }
  closing.add(gateway.ledger.settled)
  return gateway
}

function copiedSnapshots(
  { ground, log, clock }: WorkerHouseParts,
  sources: WorkerSources,
  agents: () => Snapshot['agents'],
  manifests: Shelf,
): { readonly snapshots: SnapshotBuilder; readonly validator: GatewayDeps['validator'] } {
  const validator = schemaValidator()
  const snapshots = snapshotBuilder(ground().config, {
    supervisor: { tools: () => ground().tools, sources: sources.all, statuses: () => ground().statuses },
    builtIn: ownersSource,
    onCatalog: () => undefined,
    validator,
    shelf: manifests,
    agents,
    overrides: () => ground().overrides,
    managed: () => ground().managed,
    denyWhenBroken: true,
    clock,
    pins: () => ground().pins,
    pinNew: refuseUnpinned(ground),
    log,
  })
  return { snapshots, validator }
}

/** The gateway's own tools are called where sessions, approvals and search are. */
const ownersSource: Source = {
  connection: 'gatehouse',
  callTool: () => Promise.reject(new GatewayError('internal', 'A worker does not call the tools of the gateway.')),
  close: () => Promise.resolve(),
}

/** Only the owner pins, and it tells of tools when they are pinned. */
const refuseUnpinned =
  (ground: () => Ground) =>
  (tools: Iterable<Tool>): Promise<void> => {
    for (const { id } of tools) {
      if (!ground().pins.has(id)) return Promise.reject(new GatewayError('internal', `${id} is not pinned yet.`))
    }
    return Promise.resolve()
  }

function refuseLabels(): never {
  throw new GatewayError('overloaded', 'Rules about labels came into force during the call. Look before you repeat it.')
}

function findTool(
  gateway: GatewayDeps,
  snapshot: Snapshot,
  name: string,
  caller: Parameters<typeof listingFor>[2],
): Tool | undefined {
  const tool = snapshot.catalog.find(name) ?? listingFor(gateway, snapshot, caller).find(name)
  return tool && !isBuiltIn(tool) ? tool : undefined
}

const askingRules = new WeakMap<CompiledPolicy, { readonly all: boolean; readonly places: ReadonlySet<number> }>()

/** Calls that may wait for people, and all calls while what a run has seen counts, live where approvals and runs are. */
function needsOwner(policy: CompiledPolicy, tool: Tool): boolean {
  const known = askingRules.get(policy) ?? toAsking(policy)
  askingRules.set(policy, known)
  const place = policy.index.placeOf(tool)
  return known.all || place === undefined || known.places.has(place)
}

function toAsking({ rules }: CompiledPolicy) {
  const has = (kind: string): typeof rules => rules.filter((rule) => rule.obligations.some((one) => one.kind === kind))
  return {
    all: rules.some(({ run }) => run !== undefined) || has('label').length > 0,
    places: new Set(has('approval').flatMap(({ places }) => [...places])),
  }
}

function identityOf(
  { welcome, ground, clock }: WorkerHouseParts,
  identities: Awaited<ReturnType<typeof openIdentities>>,
  egress: ReturnType<typeof createEgress>,
): WorkerHouse['identity'] {
  const { identity: settings, organisation, server } = ground().config
  const { host, port } = welcome
  const resource = resourceUrl({ host, port, ...(server.publicUrl !== undefined && { publicUrl: server.publicUrl }) })
  const fetch = egress.fetch({
    allowPrivateNetwork: settings.jwt?.allowPrivateNetwork ?? false,
    maxBytes: MAX_JWKS_BYTES,
  })
  return createIdentity({
    agents: identities.agents.agents,
    keys: identities.keys,
    people: { book: identities.people, keys: identities.personKeys },
    jwt: settings.jwt && jwtVerifier({ settings: settings.jwt, resource, fetch, clock }),
    loopbackAgent: settings.loopbackAgent,
    attachToken: welcome.attachToken,
    organisation,
    resource,
  })
}
