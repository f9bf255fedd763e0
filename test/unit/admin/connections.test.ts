import { describe, expect, it } from 'vitest'
import {
  createConnection,
  listConnections,
  rotateCredential,
  showConnection,
  updateConnection,
} from '../../../src/admin/connections.ts'
import {
  deleteConnection,
  deleteConnections,
  expiringCredentials,
  refreshTools,
  restoreConnection,
  revokeConnection,
  switchConnection,
} from '../../../src/admin/connection-lifecycle.ts'
import { testConnection, testDraft } from '../../../src/admin/connection-tests.ts'
import { listProviders, showProvider } from '../../../src/admin/providers.ts'
import type { ConnectionDefinition } from '../../../src/connections/definition.ts'
import { adminPrincipal } from '../../../src/identity/principals.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { adminWorld } from '../../helpers/admin-world.ts'
import { GOOD } from '../../helpers/connections-rig.ts'
import { principal } from '../../helpers/test-gateway.ts'

const admin = adminPrincipal('acme')
const KEY = 'pk_canary_0123456789abcdef'
const draft = {
  provider: 'postbox',
  method: 'token',
  settings: {},
  allowPrivateNetwork: false,
  credential: 'shared' as const,
  enabled: true,
}
const fields = { token: new Secret(KEY) }
const DECLARED: ConnectionDefinition = { ...draft, slug: 'wiki', origin: 'declared', version: 0 }
const REFUSED = {
  ...GOOD,
  status: 'refused' as const,
  tokenValid: false,
  problem: { code: 'connection_unusable', message: 'Postbox refused the key.' },
}

async function world() {
  const here = await adminWorld()
  here.connections.declared.set('wiki', DECLARED)
  const { deps, connections, records } = here
  const lease = async (slug: string) => (await connections.port.credentials.facts(slug))[0]?.fields['token']
  return { deps, connections, records, lease }
}

describe('managed connections', () => {
  it('are made with a credential that was tested, and shown without it', async () => {
    const { deps, records } = await world()
    const { connection, test } = await createConnection(deps, admin, { id: 'mail', draft, fields })
    expect(test).toMatchObject({ status: 'ok', latencyMs: 12, tokenValid: true, account: 'ann@example.com' })
    expect(connection).toMatchObject({
      id: 'mail',
      owner: 'organisation',
      origin: 'managed',
      version: 1,
      account: 'ann@example.com',
      credentials: [{ fields: { token: { set: true, last4: 'cdef' } } }],
    })
    const everything = JSON.stringify([connection, await showConnection(deps, admin, 'mail'), records])
    expect(everything).not.toContain(KEY)
    expect(records.map(({ type, phase }) => `${type} ${phase}`)).toEqual([
      'connection.created intent',
      'connection.created outcome',
    ])
  })

  it('are not made with a credential that the service refuses, unless somebody insists', async () => {
    const { deps, connections } = await world()
    connections.trial = () => REFUSED
    const wanted = { id: 'mail', draft, fields }
    await expect(createConnection(deps, admin, wanted)).rejects.toMatchObject({
      code: 'invalid_credential',
      message: 'The test failed, and nothing was stored. Postbox refused the key.',
    })
    expect(connections.port.definitionOf('mail')).toBeUndefined()
    const { test } = await createConnection(deps, admin, { ...wanted, untested: true })
    expect(test?.status).toBe('refused')
  })

  it.each([
    ['Mail', 'invalid_request'],
    ['gatehouse', 'invalid_request'],
    ['wiki', 'conflict'],
    ['a'.repeat(33), 'invalid_request'],
  ])('cannot be called %s', async (id, code) => {
    const { deps } = await world()
    await expect(createConnection(deps, admin, { id, draft })).rejects.toMatchObject({ code })
  })

  it('cannot have a name under which their tools would be mistaken for others', async () => {
    const { deps } = await world()
    await createConnection(deps, admin, { id: 'my-mail', draft })
    await expect(createConnection(deps, admin, { id: 'my_mail', draft })).rejects.toThrow('the same names as those of')
  })

  it.each([
    ['an unknown provider', { provider: 'nope' }],
    ['a base URL that is none', { baseUrl: 'ftp://x' }],
    ['a server for a provider', { server: { url: 'https://x.example.com', transport: 'auto' as const } }],
    ['no server for MCP', { provider: 'mcp', method: 'none' }],
  ])('are refused with %s', async (_what, change) => {
    const { deps } = await world()
    const wanted = { id: 'mail', draft: { ...draft, ...change } }
    await expect(createConnection(deps, admin, wanted)).rejects.toMatchObject({ code: 'invalid_request' })
  })

  it('change only as they were looked at, and a declared one not at all', async () => {
    const { deps } = await world()
    await createConnection(deps, admin, { id: 'mail', draft })
    const changed = await updateConnection(deps, admin, {
      id: 'mail',
      draft: { ...draft, title: 'Post' },
      ifVersion: 1,
    })
    expect(changed).toMatchObject({ title: 'Post', version: 2 })
    await expect(updateConnection(deps, admin, { id: 'mail', draft, ifVersion: 1 })).rejects.toMatchObject({
      code: 'version_conflict',
    })
    await expect(updateConnection(deps, admin, { id: 'wiki', draft, ifVersion: 0 })).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  it('keep their credential until another has passed the test', async () => {
    const { deps, connections, lease } = await world()
    await createConnection(deps, admin, { id: 'mail', draft, fields })
    connections.trial = () => REFUSED
    const next = { token: new Secret('another-key-9876543210') }
    await expect(rotateCredential(deps, admin, { id: 'mail', fields: next })).rejects.toMatchObject({
      code: 'invalid_credential',
    })
    expect(await lease('mail')).toMatchObject({ last4: 'cdef' })
    connections.trial = () => GOOD
    expect(await rotateCredential(deps, admin, { id: 'mail', fields: next })).toMatchObject({ status: 'ok' })
    expect(await lease('mail')).toMatchObject({ last4: '3210' })
  })

  it('are listed with the declared ones, by provider, method, owner and state, page by page', async () => {
    const { deps, connections } = await world()
    await createConnection(deps, admin, { id: 'mail', draft: { ...draft, owner: 'ann' } })
    connections.statuses.push({
      connection: 'wiki',
      provider: 'postbox',
      enabled: true,
      state: 'action_required',
      reasonCode: 'reauth',
      since: 5,
      tools: 0,
    })
    const idsOf = async (filter: Parameters<typeof listConnections>[2]) =>
      (await listConnections(deps, admin, filter)).items.map(({ id }) => id)
    expect(await idsOf({})).toEqual(['mail', 'wiki'])
    expect(await idsOf({ owner: 'user:ann' })).toEqual(['mail'])
    expect(await idsOf({ owner: 'organisation' })).toEqual(['wiki'])
    expect(await idsOf({ status: 'action_required' })).toEqual(['wiki'])
    expect(await idsOf({ provider: 'nope' })).toEqual([])
    expect(await idsOf({ method: 'token' })).toEqual(['mail', 'wiki'])
    const first = await listConnections(deps, admin, { limit: 1 })
    expect(await idsOf({ cursor: first.nextCursor })).toEqual(['wiki'])
  })
})

describe('the life of a connection in the hands of an admin', () => {
  it('is switched off and on, a declared one too', async () => {
    const { deps, connections } = await world()
    await createConnection(deps, admin, { id: 'mail', draft })
    for (const id of ['mail', 'wiki']) {
      expect(await switchConnection(deps, admin, { id, enabled: false })).toMatchObject({ id, enabled: false })
      expect(connections.port.definitionOf(id)?.enabled).toBe(false)
      expect(await switchConnection(deps, admin, { id, enabled: true })).toMatchObject({ id, enabled: true })
    }
    connections.declared.set('wiki', { ...DECLARED, enabled: false })
    await expect(switchConnection(deps, admin, { id: 'wiki', enabled: true })).rejects.toMatchObject({
      code: 'conflict',
    })
  })

  it('ends when it is revoked: calls first, then the credential, then at the service', async () => {
    const { deps, connections, records, lease } = await world()
    await createConnection(deps, admin, { id: 'mail', draft, fields })
    expect(await revokeConnection(deps, admin, { id: 'mail' })).toEqual({ id: 'mail', removed: 1, endedAtVendor: 0 })
    expect([connections.asked, await lease('mail')]).toEqual([['end mail'], undefined])
    expect(records.at(-1)).toMatchObject({ type: 'connection.revoked', connection: 'mail', outcome: 'ok' })
  })

  it('ends for a declared credential by switching the connection off', async () => {
    const { deps, connections } = await world()
    await revokeConnection(deps, admin, { id: 'wiki' })
    expect(connections.port.definitionOf('wiki')?.enabled).toBe(false)
  })

  it('ends when it is deleted, and comes back without its credential', async () => {
    const { deps, lease } = await world()
    await createConnection(deps, admin, { id: 'mail', draft, fields })
    await deleteConnection(deps, admin, { id: 'mail', ifVersion: 1 })
    await expect(showConnection(deps, admin, 'mail')).rejects.toThrow('It can be restored for 30 days.')
    await expect(createConnection(deps, admin, { id: 'mail', draft })).rejects.toMatchObject({ code: 'conflict' })
    expect((await listConnections(deps, admin, {})).items.map(({ id }) => id)).toEqual(['wiki'])
    expect(await restoreConnection(deps, admin, 'mail')).toMatchObject({ id: 'mail', credentials: [] })
    expect(await lease('mail')).toBeUndefined()
    await expect(deleteConnection(deps, admin, { id: 'wiki' })).rejects.toMatchObject({ code: 'conflict' })
  })

  it('ends for all connections of a provider, but for declared ones', async () => {
    const { deps } = await world()
    await createConnection(deps, admin, { id: 'mail', draft })
    await createConnection(deps, admin, { id: 'post', draft })
    const { deleted, declared } = await deleteConnections(deps, admin, 'postbox')
    expect([deleted.map(({ id }) => id), declared]).toEqual([['mail', 'post'], ['wiki']])
  })

  it('is tested, and made anew when it works again', async () => {
    const { deps, connections } = await world()
    connections.statuses.push({
      connection: 'wiki',
      provider: 'postbox',
      enabled: true,
      state: 'action_required',
      since: 5,
      tools: 0,
    })
    connections.trial = () => REFUSED
    expect(await testConnection(deps, admin, 'wiki')).toMatchObject({ status: 'refused', tokenValid: false })
    expect(connections.asked).toEqual([])
    connections.trial = () => GOOD
    await testConnection(deps, admin, 'wiki')
    await refreshTools(deps, admin, 'wiki')
    expect(connections.asked).toEqual(['restart wiki', 'restart wiki'])
  })

  it('is tested before it is saved, with the authority that saving needs', async () => {
    const { deps } = await world()
    expect(await testDraft(deps, admin, { draft, fields })).toMatchObject({ status: 'ok' })
    await expect(testDraft(deps, admin, { draft })).rejects.toMatchObject({ code: 'invalid_credential' })
    const viewer = principal('x', { credential: 'person', roles: ['viewer'] })
    await expect(testDraft(deps, viewer, { draft, fields })).rejects.toMatchObject({ code: 'forbidden' })
    await expect(testConnection(deps, viewer, 'wiki')).rejects.toMatchObject({ code: 'forbidden' })
  })

  it('is for admins; agents see and change nothing of it', async () => {
    const { deps } = await world()
    const agent = principal('sidekick')
    const refused = { code: 'forbidden' }
    await expect(listConnections(deps, agent, {})).rejects.toMatchObject(refused)
    await expect(createConnection(deps, agent, { id: 'mail', draft })).rejects.toMatchObject(refused)
    await expect(revokeConnection(deps, agent, { id: 'wiki' })).rejects.toMatchObject(refused)
    await expect(switchConnection(deps, agent, { id: 'wiki', enabled: false })).rejects.toMatchObject(refused)
  })

  it('is told before credentials end, and knows the services that can be connected', async () => {
    const { deps } = await world()
    expect(await expiringCredentials(deps, admin, 7)).toEqual([])
    await expect(expiringCredentials(deps, admin, -1)).rejects.toMatchObject({ code: 'invalid_request' })
    expect((await listProviders(deps, admin, {})).items).toMatchObject([{ id: 'postbox', actions: 1 }])
    expect(await showProvider(deps, admin, 'postbox')).toMatchObject({ actions: [{ name: 'send_mail' }] })
    await expect(showProvider(deps, admin, 'nope')).rejects.toMatchObject({ code: 'not_found' })
  })
})
