import { Hono } from 'hono'
import type { AdminDeps, ConfigStatus, Pins } from '../../src/admin/admin.ts'
import { type AliasBook, aliasBook } from '../../src/admin/alias-book.ts'
import { statementSigner } from '../../src/audit/statement.ts'
import { vaultControl } from '../../src/connections/sealed/rotation.ts'
import { freezeBook } from '../../src/admin/freeze-book.ts'
import { overrideBook } from '../../src/admin/override-book.ts'
import { policyBook } from '../../src/admin/policy-book.ts'
import { EMPTY_POLICY } from '../../src/admin/policy-document.ts'
import { compileLayers } from '../../src/admin/policy-layers.ts'
import { mergeDocuments } from '../../src/policy/merge.ts'
import { policyDocumentSchema } from '../../src/policy/schema.ts'
import { replayBook } from '../../src/admin/replay-book.ts'
import { seal } from '../../src/vault/seal.ts'
import { apiApp } from '../../src/http/api.ts'
import { problemResponse } from '../../src/http/problem.ts'
import { openAgentBook } from '../../src/identity/agents.ts'
import { openKeyBook } from '../../src/identity/keys.ts'
import { openPeopleBook } from '../../src/identity/people.ts'
import { openPersonKeys } from '../../src/identity/person-keys.ts'
import { adminPrincipal } from '../../src/identity/principals.ts'
import { callTool } from '../../src/gateway/call-tool.ts'
import { searchBook } from '../../src/gateway/meta/search-book.ts'
import type { AuditRecord } from '../../src/kernel/audit.ts'
import { GatewayError, toGatewayError } from '../../src/kernel/errors.ts'
import { memoryDriver } from '../../src/store/memory-driver.ts'
import { openStore } from '../../src/store/store.ts'
import { parseKey } from '../../src/vault/key.ts'
import { openVault } from '../../src/vault/vault.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { randomBytes, randomUUID } from 'node:crypto'
import { type ConnectionsRig, connectionsRig } from './connections-rig.ts'
import type { Person } from '../../src/kernel/principal.ts'
import { ALLOW_ALL, principal, testGateway, type TestGateway, type TestGatewayOptions } from './test-gateway.ts'

const SIGNER = statementSigner(randomBytes(32))
const VAULT_KEY = parseKey(new Secret(randomBytes(32).toString('base64')))

export const ADMIN_TOKEN = 'gha_test'

/** The admin's use cases over the gateway's real lives and books; audit, pins and config are held in memory. */
export interface AdminWorld {
  readonly deps: AdminDeps
  readonly connections: ConnectionsRig
  readonly gateway: TestGateway
  readonly aliases: AliasBook
  /** Everything that was recorded, in order. */
  readonly records: AuditRecord[]
  /** Appends a record, as if the gateway had. */
  readonly append: (event: Partial<AuditRecord>) => void
  readonly pins: Map<string, NonNullable<Awaited<ReturnType<Pins['get']>>>>
  readonly config: { status: ConfigStatus }
  /** Asks the API as the admin. */
  readonly ask: (
    method: string,
    path: string,
    body?: unknown,
  ) => Promise<{ readonly status: number; readonly body: Reply }>
  readonly app: Hono
}

/** The members of answers that tests pick out. */
export interface Reply {
  readonly items: readonly { readonly id: string; readonly tool?: string; readonly keys?: readonly unknown[] }[]
  readonly nextCursor?: string
  readonly key: string
  readonly keyId: string
  readonly fingerprint: string
  readonly fields: readonly unknown[]
  readonly data: { readonly errors: readonly unknown[] }
  readonly rules: readonly unknown[]
}

export interface AdminWorldOptions extends TestGatewayOptions {
  /** Declared in the configuration. */
  readonly people?: ReadonlyMap<string, Person>
  readonly auditFails?: boolean
}

export async function adminWorld(options: AdminWorldOptions = {}): Promise<AdminWorld> {
  const gateway = testGateway(options)
  const clock = gateway.deps.clock
  const store = openStore(memoryDriver())
  const agents = await openAgentBook({ store, declared: () => gateway.deps.snapshot().agents })
  const keys = await openKeyBook({ store, clock })
  const people = await openPeopleBook({ store, declared: () => options.people ?? new Map<string, Person>() })
  const personKeys = await openPersonKeys({ store, clock })
  const overrides = await overrideBook({
    store,
    onChanged: () => Promise.resolve(gateway.swap({ managed: overrides.all() })),
  })
  const declared = policyDocumentSchema.parse(options.policy ?? ALLOW_ALL)
  const policies = await policyBook({
    store,
    clock,
    newId: randomUUID,
    onChanged: () => Promise.resolve(gateway.swap({ policy: bothDocuments().document })),
    onLost: (error) => {
      throw error
    },
  })
  const bothDocuments = () => mergeDocuments(declared, policies.active().document ?? EMPTY_POLICY)
  const compile: AdminDeps['policy']['compile'] = (layers, accepted) => {
    const { catalog, agents: known, connections: running } = gateway.deps.snapshot()
    const slugs = [...running].map(([slug, { provider }]) => ({ slug, provider }))
    const world = { tools: catalog.governed, agents: [...known.values()], connections: slugs }
    const both = { declared, managed: policies.active().document ?? EMPTY_POLICY, ...layers }
    return compileLayers(both, world, { accepted })
  }
  const aliases = await aliasBook(store, 'acme')
  const records: AuditRecord[] = []
  const listeners = new Set<(record: AuditRecord) => void>()
  const pins: AdminWorld['pins'] = new Map()
  const config: AdminWorld['config'] = { status: { path: '/etc/gatehouse/gateway.config.json', loadedAt: clock() } }
  const append = (event: Partial<AuditRecord>): void => {
    const record = {
      type: 'test',
      phase: 'event' as const,
      at: clock(),
      prev: '',
      hash: '',
      ...event,
      seq: records.length + 1,
    }
    records.push(record)
    for (const listener of listeners) listener(record)
  }
  const connections = await connectionsRig(store, clock)
  let ids = 0
  const deps: AdminDeps = {
    version: '1.2.3',
    startedAt: clock() - 60_000,
    store: 'memory',
    snapshot: () => ({ ...gateway.deps.snapshot(), agents: agents.agents() }),
    load: () => ({ sessions: 2, listens: 1, running: 3, parked: 1, subscriptions: 0 }),
    agents,
    keys,
    people,
    personKeys,
    pins: {
      get: (id) => Promise.resolve(pins.get(id)),
      accept: (id, fingerprint) =>
        Promise.resolve(void pins.set(id, { fingerprint, definition: {}, acceptedAt: clock() })),
    },
    overrides,
    connections: connections.port,
    policy: {
      ...policies,
      declared: () => declared,
      problem: () => undefined,
      compile,
      grants: () => [],
      pause: () => Promise.resolve(),
    },
    aliases,
    freezes: await freezeBook({ store, apply: gateway.freezes.set }),
    vault: vaultControl({ vault: openVault({ keys: [VAULT_KEY] }), keyFile: undefined, rows: [] }),
    audit: {
      append: (event) => {
        if (options.auditFails) return Promise.reject(new GatewayError('audit_unavailable', 'The disk is full.'))
        append(event)
        return Promise.resolve()
      },
      close: () => Promise.resolve(),
      async *query(filter, { limit }) {
        const { beforeSeq = Infinity, since = 0, ...equal } = filter
        const isMeant = ({ seq, at }: AuditRecord): boolean => seq < beforeSeq && at >= since
        const matching = records.filter((record) => isMeant(record) && matches(record, equal))
        yield* matching.toReversed().slice(0, limit)
      },
      async *read(filter) {
        yield* records.filter((record) => matches(record, filter))
      },
      verify: () => Promise.resolve({ ok: true, records: records.length, segments: 1, checkpoints: 1, notes: [] }),
      checkpoints: () => ({ keys: [SIGNER.key], troubles: [] }),
      tail: (signal) => following(listeners, signal),
    },
    config: {
      status: () => config.status,
      reload: () => Promise.resolve(),
    },
    searchIndex: searchBook({ clock: () => performance.now(), pause: () => Promise.resolve() }).of,
    callTool: (call, exchange) => callTool(gateway.deps, call, exchange),
    clock,
    newId: () => `request-${++ids}`,
  }
  const app = new Hono().onError((error) => problemResponse(toGatewayError(error), 'request', () => 'Bearer'))
  const replays = replayBook({ store, seal: seal(Buffer.alloc(32, 1), 'replays'), clock })
  app.route('/api', apiApp({ admin: deps, replays, authenticate: (c) => whoIs(c.req.header('authorization')) }))
  return {
    deps,
    connections,
    aliases,
    gateway,
    records,
    append,
    pins,
    config,
    app,
    async ask(method, path, body) {
      const response = await app.request(`/api${path}`, {
        method,
        headers: { authorization: `Bearer ${ADMIN_TOKEN}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: (text === '' ? undefined : JSON.parse(text)) as Reply }
    },
  }
}

async function whoIs(authorization: string | undefined) {
  if (authorization === `Bearer ${ADMIN_TOKEN}`) return adminPrincipal('acme')
  if (authorization === 'Bearer gh_agent') return principal('sidekick')
  throw new GatewayError('unauthenticated', 'Send the admin token.')
}

const matches = (record: AuditRecord, equal: object): boolean =>
  Object.entries(equal).every(([name, value]) =>
    Object.entries(record).some(([key, own]) => key === name && own === value),
  )

/** Listens from the call on, as the real one does, not from the first read. */
function following(listeners: Set<(record: AuditRecord) => void>, signal: AbortSignal): AsyncIterable<AuditRecord> {
  const queue: AuditRecord[] = []
  let wake = (): void => undefined
  const listener = (record: AuditRecord): void => {
    queue.push(record)
    wake()
  }
  listeners.add(listener)
  signal.addEventListener('abort', () => {
    listeners.delete(listener)
    wake()
  })
  return (async function* () {
    while (!signal.aborted) {
      yield* queue.splice(0)
      if (queue.length === 0 && !signal.aborted) await new Promise<void>((resolve) => (wake = resolve))
    }
  })()
}
