import { randomBytes, randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { AdminDeps } from '../../src/admin/admin.ts'
import type { ConnectionDraft } from '../../src/admin/connections-port.ts'
import { deleteConnection, revokeConnection, switchConnection } from '../../src/admin/connection-lifecycle.ts'
import { createConnection, rotateCredential } from '../../src/admin/connections.ts'
import { testConnection } from '../../src/admin/connection-tests.ts'
import { closing } from '../../src/compose/closing.ts'
import { type ConnectionHouse, openConnections } from '../../src/compose/connection-house.ts'
import { toConnectionsPort } from '../../src/compose/connections-port.ts'
import { type ConnectionDeps, toConnectionSpecs } from '../../src/compose/connections.ts'
import { shelf } from '../../src/compose/shelf.ts'
import type { Config } from '../../src/config/schema.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { createEgress } from '../../src/egress/egress.ts'
import { adminPrincipal } from '../../src/identity/principals.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { storedStates } from '../../src/sources/connection-states.ts'
import { memoryDefinitions } from '../../src/sources/definitions.ts'
import { realSchedule } from '../../src/sources/schedule.ts'
import { supervise, type Supervisor } from '../../src/sources/supervisor.ts'
import { memoryVerdicts } from '../../src/sources/verdicts.ts'
import { memoryDriver } from '../../src/store/memory-driver.ts'
import { openStore } from '../../src/store/store.ts'
import { openVault } from '../../src/vault/vault.ts'
import { adminWorld } from '../helpers/admin-world.ts'
import { fakeVendor } from '../helpers/fake-vendor.ts'
import { exchange, principal } from '../helpers/test-gateway.ts'

const admin = adminPrincipal('acme')
const KEYS = ['canary-key-0123456789', 'canary-key-9876543210']

interface World {
  readonly deps: AdminDeps
  readonly supervisor: Supervisor
  readonly connections: ConnectionHouse
  readonly config: Config
  readonly draft: ConnectionDraft
  /** Changes of the tools or states, as the gateway hears of them. */
  readonly changes: { count: number }
  readonly aborted: { count: number }
  /** A call that the service never answers; its failure. */
  hanging(): Promise<unknown>
  /** Waits until the connection is active. */
  active(): Promise<void>
}

/** The real books, supervisor and provider source over loopback, with the service on the other side. */
async function world(): Promise<World> {
  const open = closing()
  onTestFinished(() => open.run())
  const aborted = { count: 0 }
  const vendor = await fakeVendor((request, response) => {
    const isKnown = KEYS.includes((request.headers.authorization ?? '').slice('Bearer '.length))
    if (isKnown && request.target === '/slow') response.on('close', () => (aborted.count += 1))
    else response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' }).end('{"login":"ann"}')
  })
  open.add(() => vendor[Symbol.asyncDispose]())
  const config = await parseConfig(JSON.stringify({ organisation: 'acme' }), {
    path: '/etc/gatehouse/gateway.config.json',
    env: {},
    readFile: () => Promise.reject(new Error('none')),
  })
  const store = openStore(memoryDriver())
  const egress = createEgress({ clock: Date.now })
  open.add(() => egress.close())
  const vault = openVault({ keys: [{ kid: 'k1', key: new Secret(randomBytes(32)), state: 'active' }] })
  const log = { info: () => undefined, warn: () => undefined, error: () => undefined }
  const manifests = shelf()
  await manifests.load()
  const parts = { world: { store, vault, egress }, shelf: manifests, clock: Date.now, log, closing: open }
  const connections = await openConnections({
    ...parts,
    declared: () => config,
    connectLink: () => Promise.resolve('http://localhost/connect/1'),
    origin: () => 'http://localhost',
  })
  const specDeps: ConnectionDeps = {
    shelf: manifests,
    credentialsOf: connections.credentials.credentialsOf,
    listedAs: connections.listedAs,
    egress,
    clock: Date.now,
    version: '0',
    mcp: {
      clock: Date.now,
      schedule: realSchedule,
      env: {},
      fetch: egress.fetch,
      verdicts: memoryVerdicts(),
      ledger: { add: () => undefined, remove: () => undefined },
      version: '0',
    },
  }
  const supervisor = supervise({
    clock: Date.now,
    schedule: realSchedule,
    random: Math.random,
    definitions: memoryDefinitions(),
    states: storedStates(store),
    log: () => undefined,
  })
  open.add(supervisor.close)
  const changes = { count: 0 }
  supervisor.onChange(() => void (changes.count += 1))
  connections.attach(supervisor, () => {
    supervisor.apply(toConnectionSpecs(connections.current(), specDeps))
    return Promise.resolve()
  })
  const port = toConnectionsPort({ connections, supervisor, specDeps, config: connections.current })
  const { deps } = await adminWorld()
  const draft = {
    provider: 'http',
    method: 'token',
    settings: {},
    baseUrl: vendor.url,
    allowPrivateNetwork: true,
    credential: 'shared' as const,
    enabled: true,
  }
  const here: World = {
    draft,
    deps: { ...deps, connections: port, newId: randomUUID },
    supervisor,
    connections,
    config,
    changes,
    aborted,
    async hanging() {
      const source = supervisor.sources().get('desk')
      const call = source?.callTool('get_resource', { path: '/slow' }, exchange(principal('sidekick')))
      const failure = call?.then(
        () => 'an answer',
        (error: unknown) => error,
      )
      await waitFor(() => vendor.requests.some(({ target }) => target === '/slow'))
      return { failure }
    },
    active: () => waitFor(() => supervisor.statuses().every(({ state }) => state === 'active')),
  }
  await createConnection(here.deps, admin, { id: 'desk', draft, fields: { token: new Secret(KEYS[0] ?? '') } })
  await here.active()
  return here
}

async function waitFor(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => void setImmediate(resolve))
}

const ENDINGS = {
  revoked: ({ deps }: World) => revokeConnection(deps, admin, { id: 'desk' }),
  disabled: ({ deps }: World) => switchConnection(deps, admin, { id: 'desk', enabled: false }),
  deleted: ({ deps }: World) => deleteConnection(deps, admin, { id: 'desk' }),
}

describe('a connection that an admin ends', () => {
  it.each(Object.entries(ENDINGS))('is %s in less than a second: calls, tools and requests end', async (how, end) => {
    const here = await world()
    const running = await here.hanging()
    const before = { at: performance.now(), changes: here.changes.count }
    const told = running instanceof Object && 'failure' in running ? running.failure : undefined
    const ending = end(here)
    const failure = await told
    const callMs = performance.now() - before.at
    await ending
    await waitFor(() => here.aborted.count > 0)
    const allMs = performance.now() - before.at
    process.stdout.write(
      `${how}: the call ended after ${callMs.toFixed(1)} ms, everything after ${allMs.toFixed(1)} ms\n`,
    )
    expect(failure).toMatchObject({ code: 'connection_unusable' })
    expect(here.supervisor.tools().size).toBe(0)
    expect(here.changes.count).toBeGreaterThan(before.changes)
    expect(allMs).toBeLessThan(1_000)
    const lease = here.connections.credentials.credentialsOf('desk')('shared').lease(new AbortController().signal)
    await expect(lease).rejects.toMatchObject({ code: 'connection_unusable' })
  })

  it('comes back at once when a credential is entered again', async () => {
    const here = await world()
    await ENDINGS.revoked(here)
    expect(here.supervisor.statuses()[0]).toMatchObject({ state: 'disconnected', reasonCode: 'revoked' })
    await rotateCredential(here.deps, admin, { id: 'desk', fields: { token: new Secret(KEYS[1] ?? '') } })
    await here.active()
    expect(here.supervisor.tools().size).toBe(1)
    const test = await testConnection(here.deps, admin, 'desk')
    expect(test.status).toBe('ok')
    // Nothing that this service is asked needs a credential, so that nobody knows.
    expect(test).not.toHaveProperty('tokenValid')
  })

  it('keeps its credential when another one fails the test', async () => {
    const here = await world()
    const draft = { ...here.draft, provider: 'github' }
    await createConnection(here.deps, admin, { id: 'code', draft, fields: { token: new Secret(KEYS[0] ?? '') } })
    const fields = { token: new Secret('canary-key-that-is-wrong') }
    const refusal = await rotateCredential(here.deps, admin, { id: 'code', fields }).catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'invalid_credential', data: { status: 'refused' } })
    expect(`${JSON.stringify(refusal)} ${String(refusal)}`).not.toContain('canary')
    const good = { status: 'ok', tokenValid: true, account: 'ann' }
    expect(await testConnection(here.deps, admin, 'code')).toMatchObject(good)
  })

  it('does not let a file take its name, and its credential with it', async () => {
    const { connections, config } = await world()
    const mcp = { url: 'https://evil.example.com/mcp' }
    for (const name of ['desk', 'de-sk']) {
      const next = await parseConfig(JSON.stringify({ organisation: 'acme', connections: { [name]: { mcp } } }), {
        path: config.source.path,
        env: {},
        readFile: () => Promise.reject(new Error('none')),
      })
      if (name === 'desk')
        expect(() => connections.withManaged(next)).toThrow('a managed connection "desk" has that name')
      else expect(Object.keys(connections.withManaged(next).connections)).toEqual(['de-sk', 'desk'])
    }
  })
})
