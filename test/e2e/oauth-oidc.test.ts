import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { OAuthTarget } from '../../src/connections/oauth/target.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { lowdbDriver } from '../../src/store/lowdb-driver.ts'
import { openStore } from '../../src/store/store.ts'
import { CLIENT, oidcServer, type OidcServer } from '../fakes/oidc-server.ts'
import { connectWorld, REDIRECT_URI, type ConnectWorld } from '../fakes/oidc-world.ts'

/** Against the strict server: PKCE demanded, `iss` in each answer, refresh tokens that rotate and die when they are used twice. */
let server: OidcServer
const signal = new AbortController().signal
const TEN_MINUTES = 600_000

beforeAll(async () => {
  server = await oidcServer([REDIRECT_URI])
})
afterAll(() => server?.close())

const target = (): OAuthTarget => ({
  spec: {
    grant: 'authorization_code',
    authorizeUrl: `${server.issuer}/auth`,
    tokenUrl: `${server.issuer}/token`,
    issuer: server.issuer,
    authorizeParams: { prompt: 'consent' },
    baseScopes: ['openid', 'offline_access'],
    clientAuth: 'basic',
    refresh: 'rotating',
    revoke: { url: `${server.issuer}/token/revocation` },
  },
  client: { id: CLIENT.id, secret: new Secret(CLIENT.secret) },
  settings: {},
  allowPrivateNetwork: true,
})

function world(): ConnectWorld {
  const made = connectWorld({ targets: { notes: target() } })
  onTestFinished(() => made.close())
  return made
}

async function connected(at: ConnectWorld) {
  const page = await at.connect(await at.invite(), await at.browser('ann'))
  const [grant] = at.granted.splice(0)
  if (!grant) throw new Error(`Nothing was granted: ${page.text}`)
  return { page, grant, tokens: grant.tokens }
}

describe('connecting an account at a strict authorization server', () => {
  it('leads from the link over the consent to a stored grant, and tells the flow by id only', async () => {
    const at = world()
    const flow = await at.invite()
    const page = await at.connect(flow, await at.browser('ann'))
    expect(page.status, page.text).toBe(200)
    expect(page.text).toContain('Connected')
    expect(at.granted).toMatchObject([
      { flow: flow.id, connection: 'notes', subject: { user: 'ann' }, method: 'oauth' },
    ])
    const tokens = at.granted[0]?.tokens
    expect(await server.isLive(tokens?.accessToken.reveal() ?? '')).toBe(true)
    expect(tokens?.scopes).toEqual(expect.arrayContaining(['openid', 'offline_access', 'notes.read']))
    expect(tokens?.expiresAt).toBe(at.clock.now + TEN_MINUTES)
    expect(await at.flows.view(flow.id)).toMatchObject({ status: 'done' })
    for (const secret of [tokens?.accessToken.reveal(), tokens?.refreshToken?.reveal(), CLIENT.secret]) {
      expect(page.text).not.toContain(secret)
      expect(JSON.stringify(await at.flows.view(flow.id))).not.toContain(secret)
    }
  })

  it('says no in the words of the person who said no', async () => {
    const at = world()
    const flow = await at.invite()
    const ann = await at.browser('ann')
    const asked = await ann.submit(await ann.open(at.linkOf(flow)))
    const abort = /href="([^"]*\/abort)"/.exec(asked.text)?.[1] ?? ''
    const page = await ann.open(new URL(abort, asked.url))
    expect(page.status).toBe(400)
    expect(page.text).toContain('Access was not given')
    expect(await at.flows.view(flow.id)).toMatchObject({ status: 'failed', error: { code: 'access_denied' } })
    expect(at.granted).toEqual([])
  })

  it('refreshes to tokens that work, and a replaced refresh token is invalid_grant and ends the grant', async () => {
    const at = world()
    const { tokens } = await connected(at)
    const second = await at.engine.refresh(target(), tokens, signal)
    expect(second.refreshToken?.reveal()).not.toBe(tokens.refreshToken?.reveal())
    expect(await server.isLive(second.accessToken.reveal())).toBe(true)
    await expect(at.engine.refresh(target(), tokens, signal)).rejects.toMatchObject({ code: 'invalid_grant' })
    await expect(at.engine.refresh(target(), second, signal)).rejects.toMatchObject({ code: 'invalid_grant' })
    expect(await server.isLive(second.accessToken.reveal())).toBe(false)
  })

  it('revokes at the server', async () => {
    const at = world()
    const { tokens } = await connected(at)
    expect(await at.engine.revoke(target(), tokens, signal)).toEqual({ outcome: 'revoked' })
    expect(await server.isLive(tokens.accessToken.reveal())).toBe(false)
    await expect(at.engine.refresh(target(), tokens, signal)).rejects.toMatchObject({ code: 'invalid_grant' })
  })

  it('gets tokens for itself, and asks anew when they end', async () => {
    const at = world()
    const own: OAuthTarget = { ...target(), spec: { ...target().spec, grant: 'client_credentials', baseScopes: [] } }
    const tokens = await at.engine.clientCredentials(own, ['notes.read'], signal)
    expect(tokens.scopes).toEqual(['notes.read'])
    expect(tokens.refreshToken).toBeUndefined()
    const next = await at.engine.refresh(own, tokens, signal)
    expect(next.accessToken.reveal()).not.toBe(tokens.accessToken.reveal())
    expect(next.scopes).toEqual(['notes.read'])
  })

  it('says that the client is wrong, and that a permission is unknown', async () => {
    const at = world()
    const own: OAuthTarget = { ...target(), spec: { ...target().spec, grant: 'client_credentials' } }
    const wrong = { ...own, client: { id: CLIENT.id, secret: new Secret('not-the-secret-at-all-0000000') } }
    await expect(at.engine.clientCredentials(wrong, [], signal)).rejects.toMatchObject({ code: 'invalid_credential' })
    await expect(at.engine.clientCredentials(own, ['notes.write'], signal)).rejects.toMatchObject({
      code: 'insufficient_scope',
    })
  })

  it('survives a restart between leaving and coming back', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
    onTestFinished(() => rm(directory, { recursive: true, force: true }))
    const owner = { owner: 'test', clock: Date.now, version: '0.0.0' }
    const first = openStore(await lowdbDriver({ directory, ...owner }))
    const before = connectWorld({ targets: { notes: target() }, store: first })
    const flow = await before.invite()
    const ann = await before.browser('ann')
    ann.stopAt = (url) => url.href.startsWith(REDIRECT_URI)
    const back = await before.connect(flow, ann)
    await first.close()
    await before.close()
    const second = openStore(await lowdbDriver({ directory, ...owner }))
    const after = connectWorld({ targets: { notes: target() }, store: second })
    onTestFinished(async () => {
      await second.close()
      await after.close()
    })
    const same = await after.browser('ann')
    for (const [host, jar] of ann.cookies) same.cookies.set(host, jar)
    const page = await same.open(back.url)
    expect(page.text).toContain('Connected')
    expect(after.granted).toHaveLength(1)
  })

  it.each([
    ['runs ahead', TEN_MINUTES],
    ['runs behind', -TEN_MINUTES],
  ])('counts from its own clock, also when that %s of the server by ten minutes', async (_name, by) => {
    const at = world()
    at.clock.now = Date.now() + by
    const { tokens } = await connected(at)
    expect(tokens.expiresAt).toBe(at.clock.now + TEN_MINUTES)
    const next = await at.engine.refresh(target(), tokens, signal)
    expect(await server.isLive(next.accessToken.reveal())).toBe(true)
  })
})
