import { ending } from '../../src/kernel/ending.ts'
import type { AliasBook } from '../../src/admin/alias-book.ts'
import { buildCatalog, type CatalogInput, type Pins, type ToolOverride } from '../../src/catalog/catalog.ts'
import { callTool } from '../../src/gateway/call-tool.ts'
import { concurrency, type ConcurrencyLimits, USUAL_LIMITS } from '../../src/gateway/concurrency.ts'
import type { GatewayDeps, Log } from '../../src/gateway/gateway.ts'
import { freezeSwitch, type FreezeSwitch } from '../../src/gateway/freeze.ts'
import { ledger } from '../../src/gateway/ledger.ts'
import { memoryLimits } from '../../src/gateway/limits.ts'
import { listTools } from '../../src/gateway/list-tools.ts'
import { listings, type ToolPage } from '../../src/gateway/listing.ts'
import { BUILT_IN, builtInInput } from '../../src/gateway/meta/definitions.ts'
import { aliasLearner } from '../../src/gateway/meta/alias-learner.ts'
import { searchBook } from '../../src/gateway/meta/search-book.ts'
import { searchDeps } from '../../src/gateway/meta/search-deps.ts'
import { builtInSource } from '../../src/gateway/meta/source.ts'
import { runs } from '../../src/gateway/runs.ts'
import type { Snapshot } from '../../src/gateway/snapshot.ts'
import { toToolsets } from '../../src/gateway/toolset.ts'
import { schemaValidator } from '../../src/gateway/validator.ts'
import type { AuditEvent, AuditLog } from '../../src/kernel/audit.ts'
import type { ConnectionStatus } from '../../src/kernel/connection.ts'
import type { Exchange } from '../../src/kernel/exchange.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { Agent, Principal } from '../../src/kernel/principal.ts'
import type { Source } from '../../src/kernel/source.ts'
import type { SourceFeature, SourceTool, ToolResult } from '../../src/kernel/tool.ts'
import { realSchedule, type Schedule } from '../../src/sources/schedule.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { policyDocumentSchema } from '../../src/policy/schema.ts'
import { sourceTool } from './tools.ts'

type Run = (name: string, input: JsonObject, exchange: Exchange) => ToolResult | Promise<ToolResult>

/** A connection whose source is a function. */
export interface FakeConnection {
  readonly tools: readonly SourceTool[]
  readonly features?: readonly SourceFeature[]
  readonly provider?: string
  readonly run?: Run
  readonly request?: Source['request']
  /** False: the definitions are known, and nothing runs them. */
  readonly up?: boolean
  /** Why it is down. */
  readonly reason?: string
  readonly title?: string
  readonly overrides?: Readonly<Record<string, ToolOverride>>
}

export interface TestGatewayOptions {
  readonly connections?: Readonly<Record<string, FakeConnection>>
  readonly agents?: readonly (Partial<Agent> & { readonly id: string })[]
  readonly policy?: unknown
  readonly pins?: Pins
  readonly audit?: AuditLog
  readonly pageSize?: number
  readonly toolsets?: Parameters<typeof toToolsets>[0]
  /** Overrides by connection and tool, above those of the connections. */
  readonly managed?: ReadonlyMap<string, Readonly<Record<string, ToolOverride>>>
  /** Where calls wait for people; asked for with each call, because it is opened later. */
  readonly approvals?: () => GatewayDeps['approvals']
  /** With the gateway's own tools. */
  readonly builtIn?: boolean
  /** The usual limits of calls at once, where nothing else is said. */
  readonly concurrency?: Partial<ConcurrencyLimits>
  readonly schedule?: Schedule
  readonly telemetry?: GatewayDeps['telemetry']
  /** Search learns from calls that worked, into this book. */
  readonly aliases?: AliasBook
}

/** The gateway's real lives over fake sources, with a clock to turn and every audit event at hand. */
export interface TestGateway {
  readonly deps: GatewayDeps
  readonly freezes: FreezeSwitch
  readonly events: AuditEvent[]
  /** What reached a source, in order. */
  readonly sent: { readonly connection: string; readonly name: string; readonly input: JsonObject }[]
  readonly clock: { now: number }
  list(agent: string, cursor?: string, toolset?: string): ToolPage
  call(agent: string, name: string, input?: unknown, exchange?: Partial<Exchange>): Promise<ToolResult>
  swap(options: TestGatewayOptions): void
}

export const ECHO: FakeConnection = {
  tools: [
    sourceTool('read_note', { effect: 'read' }),
    sourceTool('write_note', { effect: 'write', idempotent: false }),
    sourceTool('delete_note', { effect: 'destructive', idempotent: false }),
  ],
}
export const ALLOW_ALL = { rules: [{ id: 'allow-all', effect: 'allow' }] }
const silent: Log = { info: () => undefined, warn: () => undefined, error: () => undefined }

export function testGateway(options: TestGatewayOptions = {}): TestGateway {
  const clock = { now: Date.parse('2026-11-20T10:00:00Z') }
  const events: AuditEvent[] = []
  const sent: TestGateway['sent'] = []
  const memoryAudit: AuditLog = {
    append: (event) => Promise.resolve(void events.push(asWritten(event))),
    close: () => Promise.resolve(),
  }
  const { aliases } = options
  const freezes = freezeSwitch()
  const learner = aliases && aliasLearner({ clock: () => clock.now, learn: (...args) => void aliases.learn(...args) })
  const book = searchBook(
    { clock: () => performance.now(), pause: () => new Promise((next) => void setImmediate(next)) },
    aliases?.stems,
  )
  const builtIn = builtInSource(
    searchDeps(() => snapshot, book, learner),
    () => options.approvals?.(),
  )
  let snapshot = toSnapshot(options, sent, builtIn)
  const deps: GatewayDeps = {
    get approvals() {
      return options.approvals?.()
    },
    snapshot: () => snapshot,
    listings: listings({
      ...(options.pageSize !== undefined && { pageSize: options.pageSize }),
      features: () => snapshot.catalog.features,
    }),
    validator: schemaValidator(),
    limits: memoryLimits(() => clock.now),
    concurrency: concurrency({
      limits: () => ({ ...USUAL_LIMITS, ...options.concurrency }),
      clock: () => clock.now,
      schedule: options.schedule ?? realSchedule,
    }),
    telemetry: options.telemetry,
    ledger: ledger(options.audit ?? memoryAudit, () => undefined),
    freezes,
    runs: runs({ clock: () => clock.now, idleMs: 1_800_000 }),
    clock: () => clock.now,
    learner,
    log: silent,
  }
  return {
    deps,
    freezes,
    events,
    sent,
    clock,
    list: (agent, cursor, toolset) => listTools(deps, principal(agent), cursor, toolset),
    call: (agent, name, input = {}, more = {}) =>
      callTool(deps, { name, arguments: input }, { ...exchange(principal(agent)), ...more }),
    swap: (next) => {
      snapshot = toSnapshot({ ...options, ...next }, sent, builtIn)
    },
  }
}

/** An agent acting for nobody. */
export const principal = (agent: string, more: Partial<Principal> = {}): Principal => ({
  id: `agent:${agent}`,
  organisation: 'acme',
  agent,
  groups: [],
  claims: {},
  credential: 'key',
  ...more,
})

export const exchange = (who: Principal): Exchange => ({
  principal: who,
  requestId: 'request-1',
  ending: ending(),
  protocol: { era: 'modern', version: '2026-07-28', capabilities: {} },
})

function toSnapshot(options: TestGatewayOptions, sent: TestGateway['sent'], builtIn: Source): Snapshot {
  const connections = Object.entries(options.connections ?? { notes: ECHO })
  const own = options.builtIn === true ? [builtInInput] : []
  const catalog = buildCatalog([...own, ...connections.map(toInput(options.managed))], options.pins ?? new Map())
  const agents = (options.agents ?? [{ id: 'sidekick' }]).map(toAgent)
  const { policy } = compilePolicy(policyDocumentSchema.parse(options.policy ?? ALLOW_ALL), {
    tools: catalog.governed,
    agents,
    connections: [
      { slug: BUILT_IN, provider: BUILT_IN },
      ...connections.map(([slug, { provider = 'mcp' }]) => ({ slug, provider })),
    ],
  })
  const running = connections.filter(([, { up = true }]) => up)
  return {
    version: `${catalog.version}.${policy.version}`,
    policy,
    catalog,
    agents: new Map(agents.map((agent) => [agent.id, agent])),
    sources: new Map([
      ...running.map(([slug, connection]) => [slug, toSource(slug, connection, sent)] as const),
      [BUILT_IN, builtIn],
    ]),
    connections: new Map(connections.map(([slug, connection]) => [slug, toStatus(slug, connection)])),
    toolsets: toToolsets(options.toolsets ?? {}),
  }
}

const toInput =
  (managed: TestGatewayOptions['managed']) =>
  ([connection, { provider = 'mcp', tools, features, title, overrides }]: [string, FakeConnection]): CatalogInput => ({
    connection,
    features,
    provider,
    identity: `test:${connection}`,
    tools,
    title,
    overrides: { ...overrides, ...managed?.get(connection) },
  })

const toAgent = (agent: Partial<Agent> & { readonly id: string }): Agent => ({
  groups: [],
  toolNames: 'portable',
  enabled: true,
  origin: 'declared',
  ...agent,
})

const echo: Run = (name, input) => ({ content: [{ type: 'text', text: `${name} ${JSON.stringify(input)}` }] })

const toSource = (connection: string, { run = echo, request }: FakeConnection, sent: TestGateway['sent']): Source => ({
  connection,
  callTool: async (name, input, context) => {
    sent.push({ connection, name, input })
    return run(name, input, context)
  },
  ...(request && { request }),
  close: () => Promise.resolve(),
})

const toStatus = (
  connection: string,
  { provider = 'mcp', tools, up = true, reason }: FakeConnection,
): ConnectionStatus => ({
  connection,
  provider,
  enabled: true,
  state: up ? 'active' : 'degraded',
  ...(!up && { reason: reason ?? 'the server exited with code 1' }),
  since: 0,
  tools: tools.length,
})

/** The members that the log's line has. */
export const asWritten = (event: AuditEvent): AuditEvent => JSON.parse(JSON.stringify(event)) as AuditEvent
