import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { OAuthTarget } from '../../src/connections/oauth/target.ts'
import { flowCollection } from '../../src/connections/oauth/flow-row.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { Browser, Seen } from '../fakes/oidc-browser.ts'
import { CLIENT, oidcServer, type OidcServer } from '../fakes/oidc-server.ts'
import { connectWorld, ORIGIN, REDIRECT_URI, visitor, type ConnectWorld } from '../fakes/oidc-world.ts'

/** Somebody else's answer, an old one, a second one, one from elsewhere: none of them connects anything. */
let server: OidcServer
let other: OidcServer

beforeAll(async () => {
  server = await oidcServer([REDIRECT_URI])
  other = await oidcServer([REDIRECT_URI])
})
afterAll(async () => {
  await server?.close()
  await other?.close()
})

const targetOf = ({ issuer }: OidcServer, more: Partial<OAuthTarget['spec']> = {}): OAuthTarget => ({
  spec: {
    grant: 'authorization_code',
    authorizeUrl: `${issuer}/auth`,
    tokenUrl: `${issuer}/token`,
    issuer,
    baseScopes: ['openid'],
    clientAuth: 'basic',
    ...more,
  },
  client: { id: CLIENT.id, secret: new Secret(CLIENT.secret) },
  settings: {},
  allowPrivateNetwork: true,
})

function world(targets: Record<string, OAuthTarget> = { notes: targetOf(server) }): ConnectWorld {
  const made = connectWorld({ targets })
  onTestFinished(() => made.close())
  return made
}

/** Ann's browser, stopped in front of our callback with a code that is good. */
async function onTheWayBack(at: ConnectWorld, change: Parameters<ConnectWorld['invite']>[0] = {}) {
  const flow = await at.invite(change)
  const ann = await at.browser('ann')
  ann.stopAt = (url) => url.href.startsWith(REDIRECT_URI)
  const { url } = await at.connect(flow, ann)
  expect(url.searchParams.get('code')).toMatch(/./)
  ann.stopAt = undefined
  return { flow, ann, url }
}

async function isRefused(at: ConnectWorld, by: Browser, url: URL, code: string): Promise<Seen> {
  const before = server.tokenRequests() + other.tokenRequests()
  const page = await by.open(url)
  expect(page.text).toContain(`<code>${code}</code>`)
  expect(page.status).toBeGreaterThanOrEqual(400)
  expect(server.tokenRequests() + other.tokenRequests()).toBe(before)
  expect(at.granted).toEqual([])
  return page
}

/** Like `isRefused`, for what ends the flow: then it says so by its id. */
async function ends(at: ConnectWorld, by: Browser, url: URL, flow: string, code: string): Promise<Seen> {
  const page = await by.open(url)
  expect(page.status).toBe(400)
  expect(page.text).toContain('Not connected')
  expect(await at.flows.view(flow)).toMatchObject({ status: 'failed', error: { code } })
  expect(at.granted).toEqual([])
  return page
}

describe('an answer of an authorization server', () => {
  it('is good once', async () => {
    const at = world()
    const { ann, url } = await onTheWayBack(at)
    expect((await ann.open(url)).text).toContain('Connected')
    expect(at.granted.splice(0)).toHaveLength(1)
    await isRefused(at, ann, url, 'invalid_state')
  })

  it('is good once when it comes twenty times at once', async () => {
    const at = world()
    const { ann, url } = await onTheWayBack(at)
    const before = server.tokenRequests()
    const pages = await Promise.all(Array.from({ length: 20 }, () => ann.open(url)))
    expect(pages.filter((page) => page.text.includes('<h1 class="good">'))).toHaveLength(1)
    expect(server.tokenRequests() - before).toBe(1)
    expect(at.granted).toHaveLength(1)
  })

  it('is good only in the browser that was sent away, and stays good there', async () => {
    const at = world()
    const { ann, url } = await onTheWayBack(at)
    const stranger = await at.browser()
    await isRefused(at, stranger, url, 'invalid_state')
    const flow = await at.invite()
    const mallory = await at.browser('ann')
    mallory.stopAt = (address) => address.href.startsWith(server.issuer)
    await mallory.submit(await mallory.open(at.linkOf(flow)))
    mallory.stopAt = undefined
    await isRefused(at, mallory, url, 'invalid_state')
    expect((await ann.open(url)).text).toContain('Connected')
  })

  it('is no good when somebody else has signed in meanwhile', async () => {
    const at = world()
    const { ann, url } = await onTheWayBack(at)
    const bob = await at.browser('bob')
    const [own, bobs] = [ann.cookies.get('gw.example'), bob.cookies.get('gw.example')]
    for (const [name, value] of own ?? []) if (name.includes('connect')) bobs?.set(name, value)
    await isRefused(at, bob, url, 'forbidden')
  })

  it('is too old after ten minutes, and not a moment before', async () => {
    const at = world()
    const late = await onTheWayBack(at)
    at.clock.now += 600_000
    const page = await isRefused(at, late.ann, late.url, 'invalid_state')
    expect(page.text).toContain('took too long')
    const just = await onTheWayBack(at)
    at.clock.now += 599_999
    expect((await just.ann.open(just.url)).text).toContain('Connected')
  })

  it('is no good with a state that was changed, repeated or left out', async () => {
    const at = world()
    const { ann, url, flow } = await onTheWayBack(at)
    const state = url.searchParams.get('state') ?? ''
    const tampered = [
      `${state.slice(0, -1)}${state.endsWith('A') ? 'B' : 'A'}`,
      flow.id,
      `${flow.id}.`,
      '__proto__.x',
      '',
    ]
    for (const text of tampered) {
      const changed = new URL(url)
      changed.searchParams.set('state', text)
      await isRefused(at, ann, changed, 'invalid_state')
    }
    const without = new URL(url)
    without.searchParams.delete('state')
    await isRefused(at, ann, without, 'invalid_state')
    await isRefused(at, ann, new URL(`${url.href}&state=${encodeURIComponent(state)}`), 'invalid_state')
    expect((await ann.open(url)).text).toContain('Connected')
  })

  it('is void once the link was started anew', async () => {
    const at = world()
    const { ann, url, flow } = await onTheWayBack(at)
    ann.stopAt = (address) => address.href.startsWith(server.issuer)
    await ann.submit(await ann.open(at.linkOf(flow)))
    ann.stopAt = undefined
    await isRefused(at, ann, url, 'invalid_state')
  })

  it('must come from the issuer that was asked', async () => {
    const at = world()
    const { ann, url, flow } = await onTheWayBack(at)
    url.searchParams.set('iss', other.issuer)
    const page = await ends(at, ann, url, flow.id, 'invalid_issuer')
    expect(page.text).toContain('another issuer')
    await isRefused(at, ann, url, 'invalid_state')
  })

  it('must say its issuer where that is demanded', async () => {
    const at = world()
    const { ann, url, flow } = await onTheWayBack(at)
    url.searchParams.delete('iss')
    await ends(at, ann, url, flow.id, 'invalid_issuer')
  })

  it('must, where no issuer is known, come from the origin that the person was sent to', async () => {
    const { issuer: _issuer, ...spec } = targetOf(server).spec
    const at = world({ notes: { ...targetOf(server), spec } })
    const good = await onTheWayBack(at)
    expect((await good.ann.open(good.url)).text).toContain('Connected')
    at.granted.splice(0)
    const bad = await onTheWayBack(at)
    bad.url.searchParams.set('iss', other.issuer)
    await ends(at, bad.ann, bad.url, bad.flow.id, 'invalid_issuer')
  })

  it('does not carry the code of one server to another: mix-up', async () => {
    const at = world({ notes: targetOf(server), evil: targetOf(other) })
    const { url, ann } = await onTheWayBack(at)
    const flow = await at.invite({ connection: 'evil' })
    ann.stopAt = (address) => address.href.startsWith(other.issuer)
    const away = await ann.submit(await ann.open(at.linkOf(flow)))
    ann.stopAt = undefined
    // The code of the honest server, under the state of the flow at the other one.
    url.searchParams.set('state', away.url.searchParams.get('state') ?? '')
    const before = other.tokenRequests()
    await ends(at, ann, url, flow.id, 'invalid_issuer')
    expect(other.tokenRequests()).toBe(before)
  })

  it('does not carry the code of one flow into another of the same server', async () => {
    const at = world()
    const first = await onTheWayBack(at)
    const second = await onTheWayBack(at)
    const mixed = new URL(second.url)
    mixed.searchParams.set('code', first.url.searchParams.get('code') ?? '')
    await ends(at, second.ann, mixed, second.flow.id, 'invalid_grant')
  })

  it('is sent nowhere else when the connection was edited meanwhile', async () => {
    const targets = { notes: targetOf(server) }
    const at = world(targets)
    const { ann, url, flow } = await onTheWayBack(at)
    targets.notes = targetOf(server, { tokenUrl: `${other.issuer}/token` })
    const before = other.tokenRequests()
    const page = await ends(at, ann, url, flow.id, 'invalid_state')
    expect(page.text).toContain('was changed while you were away')
    expect(other.tokenRequests()).toBe(before)
  })

  it('is good only at the address that it was asked for at', async () => {
    const at = world()
    const { ann, url } = await onTheWayBack(at, { redirectUri: REDIRECT_URI })
    const browserToken = ann.cookies.get('gw.example')?.get('__Host-gatehouse-connect')
    const back = { params: url.searchParams, browserToken, visitor: visitor('ann') }
    await expect(at.flows.finish({ ...back, redirectUri: 'https://old.example/oauth/callback' })).rejects.toMatchObject(
      {
        code: 'redirect_mismatch',
      },
    )
    expect(await at.flows.finish({ ...back, redirectUri: REDIRECT_URI })).toMatchObject({ status: 'done' })
  })

  it('is not read when it is huge', async () => {
    const at = world()
    const { ann, url, flow } = await onTheWayBack(at)
    await isRefused(at, ann, new URL(`${url.href}&more=${'x'.repeat(40_000)}`), 'payload_too_large')
    await ends(at, ann, new URL(`${url.href}&more=${'x'.repeat(9_000)}`), flow.id, 'oauth_failed')
  })

  it('cannot bring markup or somebody else’s words as markup into the page', async () => {
    const at = world()
    const { ann, url, flow } = await onTheWayBack(at)
    url.searchParams.delete('code')
    url.searchParams.set('error', 'access_denied')
    url.searchParams.set('error_description', '<b>Bold</b> <i>"it"</i>')
    const page = await ends(at, ann, url, flow.id, 'access_denied')
    expect(page.text).not.toContain('<b>')
    expect(page.text).toContain('&lt;b&gt;Bold&lt;/b&gt; &lt;i&gt;&quot;it&quot;&lt;/i&gt;')
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'$/,
    )
    expect(page.headers.get('referrer-policy')).toBe('no-referrer')
    expect(page.headers.get('cache-control')).toBe('no-store')
  })
})

describe('a connect link', () => {
  it('opens for the person it is for, and for nobody else', async () => {
    const at = world()
    const flow = await at.invite()
    const ann = await (await at.browser('ann')).open(at.linkOf(flow))
    expect(ann.status).toBe(200)
    for (const words of ['Connect Notes of notes', 'act for ann', 'agent:sidekick/user:ann', 'notes.read']) {
      expect(ann.text).toContain(words)
    }
    const bob = await at.browser('bob')
    expect(await bob.open(at.linkOf(flow))).toMatchObject({ status: 403 })
    expect((await (await at.browser('root')).open(at.linkOf(flow))).status).toBe(403)
    expect((await (await at.browser()).open(at.linkOf(flow))).url.pathname).toBe('/sign-in')
  })

  it('of a shared connection is for who began it and for admins', async () => {
    const at = world()
    const flow = await at.invite({ subject: 'shared', principalId: 'person:ann' })
    expect((await (await at.browser('ann')).open(at.linkOf(flow))).status).toBe(200)
    expect((await (await at.browser('root')).open(at.linkOf(flow))).status).toBe(200)
    expect((await (await at.browser('bob')).open(at.linkOf(flow))).status).toBe(403)
    expect((await (await at.browser()).open(at.linkOf(flow))).url.pathname).toBe('/sign-in')
    await expect(at.flows.start(flow.id, { visitor: undefined })).rejects.toMatchObject({ code: 'forbidden' })
    expect(await at.flows.start(flow.id, { visitor: 'local' })).toMatchObject({ id: flow.id })
  })

  it('sends nobody away without our own page and its button', async () => {
    const at = world()
    const flow = await at.invite()
    const ann = await at.browser('ann')
    const page = await ann.open(at.linkOf(flow))
    ann.stopAt = (address) => address.href.startsWith(server.issuer)
    expect((await ann.submit(page, { csrf: 'guessed' })).status).toBe(403)
    expect((await at.store.get(flowCollection, flow.id))?.value.departure).toBeUndefined()
    expect((await ann.submit(page)).url.origin).toBe(server.issuer)
  })

  it('gives the browser a cookie that scripts, other sites and other hosts never see', async () => {
    const at = world()
    const flow = await at.invite({ subject: 'shared' })
    const ann = await at.browser('root')
    ann.stopAt = (address) => address.href.startsWith(server.issuer)
    const away = await ann.submit(await ann.open(at.linkOf(flow)))
    expect(away.url.origin).toBe(server.issuer)
    const line = ann.setCookies.find((text) => text.startsWith('__Host-gatehouse-connect='))
    expect(line?.split('; ').slice(1).toSorted()).toEqual([
      'HttpOnly',
      'Max-Age=600',
      'Path=/',
      'SameSite=Lax',
      'Secure',
    ])
  })

  it('leads back to this gateway only', async () => {
    const at = world()
    const elsewhere = [
      '//evil.example',
      '/\\evil.example',
      'https://evil.example',
      'javascript:alert(1)',
      '/a/..//evil.example',
      '/%0d%0a\n',
      'console',
      '',
      `/${'x'.repeat(600)}`,
    ]
    for (const returnTo of elsewhere) {
      await expect(at.invite({ returnTo }), returnTo).rejects.toMatchObject({ code: 'invalid_request' })
    }
    const { ann, url } = await onTheWayBack(at, { returnTo: '/console?tab=x' })
    expect((await ann.open(url)).text).toContain('href="/console?tab=x"')
  })

  it('says what it does not know without telling more', async () => {
    const at = world()
    const page = await (await at.browser('ann')).open(`${ORIGIN}/connect/<b>none</b>`)
    expect(page.status).toBe(404)
    expect(page.text).not.toContain('<b>')
    expect(at.logged).toEqual([])
  })
})

describe('what is kept of a flow', () => {
  it('opens nothing for who reads the store', async () => {
    const at = world()
    const { ann, url, flow } = await onTheWayBack(at)
    const kept = JSON.stringify((await at.store.get(flowCollection, flow.id))?.value)
    const state = url.searchParams.get('state') ?? ''
    const cookie = ann.cookies.get('gw.example')?.get('__Host-gatehouse-connect') ?? ''
    for (const secret of [state, state.split('.').at(-1) ?? '', cookie, url.searchParams.get('code') ?? '']) {
      expect(secret.length).toBeGreaterThan(20)
      expect(kept).not.toContain(secret)
    }
    await ann.open(url)
    expect((await at.store.get(flowCollection, flow.id))?.value.departure).toBeUndefined()
  })

  it('is bounded for each principal, the oldest first, and goes after an hour', async () => {
    const at = world()
    const flows = []
    for (let count = 0; count < 25; count++) {
      at.clock.now += 1
      flows.push(await at.invite())
    }
    expect(await at.store.list(flowCollection)).toHaveLength(20)
    await expect(at.flows.view(flows[0]?.id ?? '')).rejects.toMatchObject({ code: 'not_found' })
    at.clock.now += 600_000 + 3_600_000
    await at.invite({ principalId: 'person:bob' })
    expect(await at.store.list(flowCollection)).toHaveLength(1)
  })

  it('says that it was interrupted when the gateway died with the code in its hands', async () => {
    const at = world()
    const { flow } = await onTheWayBack(at)
    const row = await at.store.get(flowCollection, flow.id)
    if (!row) throw new Error('The flow is gone.')
    const { departure: _departure, ...rest } = row.value
    await at.store.put(flowCollection, flow.id, { ...rest, status: 'exchanging' })
    const after = at.restarted()
    expect(await after.flows.view(flow.id)).toMatchObject({ status: 'pending' })
    at.clock.now += 600_000 + 120_000
    expect(await after.flows.view(flow.id)).toMatchObject({ status: 'failed', error: { code: 'oauth_failed' } })
  })
})
