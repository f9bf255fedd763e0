import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Sessions, sessions } from '../../src/http/sessions.ts'
import { signInPages } from '../../src/http/pages/sign-in.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { seal } from '../../src/vault/seal.ts'
import { browser, type FrontDoor, frontDoor } from '../helpers/front-door.ts'

let door: FrontDoor
let key: string
beforeAll(async () => {
  door = await frontDoor()
  key = await door.person('ann@acme.example', ['approver'])
})
afterAll(() => door.close())

const signedIn = async () => {
  const ann = browser(door.origin)
  const csrf = await ann.csrf('/sign-in?next=/sign-in')
  const answer = await ann.post('/sign-in', { csrf, key, next: '/sign-in' })
  return { ann, answer }
}

describe('signing in with a browser', () => {
  it('takes a key of a person and says who is signed in', async () => {
    const { ann, answer } = await signedIn()
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('/sign-in')
    expect(await (await ann.open('/sign-in')).text()).toContain('ann@acme.example')
  })

  it('sets a cookie that no script reads, no other site sends, and that holds no key', async () => {
    const { answer } = await signedIn()
    const cookie = answer.headers.getSetCookie().find((line) => line.startsWith('gatehouse=')) ?? ''
    expect(cookie).toMatch(/HttpOnly/)
    expect(cookie).toMatch(/SameSite=Lax/)
    expect(cookie).toMatch(/Path=\/(?:;|$)/)
    expect(cookie).toMatch(/Max-Age=28800/)
    expect(cookie).not.toContain(key.split('_')[2])
    expect(cookie).not.toContain('ann')
  })

  it('gives a new session at every sign-in: a cookie that was planted before is worth nothing after', async () => {
    const ann = browser(door.origin)
    const csrf = await ann.csrf('/sign-in')
    const before = new Map(ann.jar)
    await ann.post('/sign-in', { csrf, key, next: '/' })
    const after = ann.jar.get('gatehouse')
    expect(before.get('gatehouse')).toBeUndefined()
    expect([...before.values()]).not.toContain(after)
    const planted = browser(door.origin)
    for (const [name, value] of before) planted.jar.set(name, value)
    expect(await (await planted.open('/sign-in')).text()).not.toContain('ann@acme.example')
    const { ann: again } = await signedIn()
    expect(again.jar.get('gatehouse')).not.toBe(after)
  })

  it('does not take a visit for a session, nor anything that was not sealed here', async () => {
    const guest = browser(door.origin)
    await guest.open('/sign-in')
    guest.jar.set('gatehouse', guest.jar.get('gatehouse-visit') ?? '')
    expect(await (await guest.open('/sign-in')).text()).toContain('Paste your key')
    for (const value of ['x', 'AAAA', `${guest.jar.get('gatehouse')}A`]) {
      guest.jar.set('gatehouse', value)
      expect(await (await guest.open('/sign-in')).text()).toContain('Paste your key')
    }
  })

  it('ends with the key that opened it, at once', async () => {
    const own = await door.person('bob', ['viewer'])
    const bob = browser(door.origin)
    await bob.post('/sign-in', { csrf: await bob.csrf('/sign-in'), key: own, next: '/' })
    expect(await (await bob.open('/sign-in')).text()).toContain('bob')
    await door.ask('DELETE', `/api/people/bob/keys/${own.split('_')[1]}`)
    expect(await (await bob.open('/sign-in')).text()).toContain('Paste your key')
  })

  it('ends with the person, disabled or removed', async () => {
    const own = await door.person('eve', ['viewer'])
    const eve = browser(door.origin)
    await eve.post('/sign-in', { csrf: await eve.csrf('/sign-in'), key: own, next: '/' })
    const { headers } = await door.ask('GET', '/api/people/eve')
    const etag = headers.get('etag') ?? ''
    await door.ask('PUT', '/api/people/eve', {
      body: { roles: ['viewer'], enabled: false },
      headers: { 'if-match': etag },
    })
    expect(await (await eve.open('/sign-in')).text()).toContain('Paste your key')
  })

  it('ends when the person signs out, with a form of ours only', async () => {
    const { ann } = await signedIn()
    expect((await ann.post('/sign-out', { csrf: 'guess' })).status).toBe(403)
    expect(await (await ann.open('/sign-in')).text()).toContain('ann@acme.example')
    expect((await ann.post('/sign-out', { csrf: await ann.csrf('/sign-in') })).status).toBe(303)
    expect(await (await ann.open('/sign-in')).text()).toContain('Paste your key')
  })

  it.each([
    ['a key of an agent', async () => door.agent('sidekick')],
    ['the admin token', async () => door.admin],
    ['nothing', async () => ''],
    ['a key with another secret', async () => `${key.slice(0, 20)}${'0'.repeat(key.length - 20)}`],
  ])('refuses %s, in words that tell no key', async (_what, make) => {
    const guest = browser(door.origin)
    const wrong = await make()
    const answer = await guest.post('/sign-in', { csrf: await guest.csrf('/sign-in'), key: wrong, next: '/' })
    expect(answer.status).toBe(401)
    const text = await answer.text()
    expect(text).toContain('This is no valid key of a person.')
    if (wrong !== '') expect(text).not.toContain(wrong)
    expect(guest.jar.has('gatehouse')).toBe(false)
  })

  it.each([
    ['//evil.example', '/sign-in'],
    ['/\\evil.example', '/sign-in'],
    ['https://evil.example/', '/sign-in'],
    ['javascript:alert(1)', '/sign-in'],
    ['/approvals/7?x=1', '/approvals/7?x=1'],
  ])('leads to an address of ours afterwards: %s becomes %s', async (next, location) => {
    const ann = browser(door.origin)
    const answer = await ann.post('/sign-in', { csrf: await ann.csrf('/sign-in'), key, next })
    expect(answer.headers.get('location')).toBe(location)
  })

  it('writes who came and who was refused into the audit log, without a key', async () => {
    const { body, text } = await door.ask('GET', '/api/audit?type=person.signed_in')
    expect(body['items']).toMatchObject({ 0: { principal: 'person:ann@acme.example', outcome: 'ok' } })
    expect((await door.ask('GET', '/api/audit?type=person.sign_in_refused')).text).toContain('unauthenticated')
    expect(text).not.toContain(key.split('_')[2])
  })

  it('opens pages only: the API wants a credential of its own', async () => {
    const { ann } = await signedIn()
    expect((await ann.open('/api/status')).status).toBe(401)
  })
})

describe('forms', () => {
  it.each([
    ['no token', { csrf: '' }, {}],
    ['a token of another browser', { csrf: 'x'.repeat(43) }, {}],
    ['another site', {}, { 'sec-fetch-site': 'cross-site' }],
    ['a sister site', {}, { 'sec-fetch-site': 'same-site' }],
    ['an origin that may call but is not ours', {}, { origin: 'http://localhost:1' }],
    ['no origin at all, as sandboxed pages say it', {}, { origin: 'null' }],
  ])('are refused with %s', async (_what, fields, headers) => {
    const ann = browser(door.origin)
    const csrf = await ann.csrf('/sign-in')
    const answer = await ann.post('/sign-in', { csrf, key, next: '/', ...fields }, headers)
    expect(answer.status).toBe(403)
    expect(ann.jar.has('gatehouse')).toBe(false)
  })

  it('are refused without the cookie of the page, also with a token that was right elsewhere', async () => {
    const other = browser(door.origin)
    const csrf = await other.csrf('/sign-in')
    expect((await browser(door.origin).post('/sign-in', { csrf, key, next: '/' })).status).toBe(403)
  })

  it('are refused when the token was made before signing in', async () => {
    const ann = browser(door.origin)
    const csrf = await ann.csrf('/sign-in')
    await ann.post('/sign-in', { csrf, key, next: '/' })
    expect((await ann.post('/sign-out', { csrf })).status).toBe(403)
  })

  it('are no JSON, not too long, and say nothing twice', async () => {
    const ann = browser(door.origin)
    const csrf = await ann.csrf('/sign-in')
    expect((await ann.post('/sign-in', { csrf }, { 'content-type': 'application/json' })).status).toBe(415)
    expect((await ann.post('/sign-in', { csrf, key: 'k'.repeat(40_000) })).status).toBe(413)
    const twice = await fetch(`${door.origin}/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'key=a&key=b',
    })
    expect(twice.status).toBe(400)
  })

  it('come from pages that nobody can frame and that send their origin', async () => {
    const page = await browser(door.origin).open('/sign-in')
    expect(page.headers.get('content-security-policy')).toMatch(/frame-ancestors 'none'/)
    expect(page.headers.get('content-security-policy')).toMatch(/form-action 'self'/)
    expect(page.headers.get('referrer-policy')).toBe('same-origin')
    expect(page.headers.get('cache-control')).toBe('no-store')
  })

  it('slow down whoever guesses, and let them try again later', async () => {
    let now = 1_000_000
    const { app } = guessing(() => now)
    const first = await attempt(app, 'wrong')
    expect(first.status).toBe(401)
    for (let tries = 1; tries < 300; tries++) await attempt(app, 'wrong')
    const limited = await attempt(app, 'right')
    expect(limited.status).toBe(429)
    now += 15 * 60_000
    expect((await attempt(app, 'right')).status).toBe(303)
  })
})

describe('cookies over https', () => {
  it('have the __Host- prefix and are Secure; a plain one is not looked at', async () => {
    const { app } = guessing(() => 1_000_000, true)
    const page = await app.request('/sign-in')
    const [cookie = ''] = page.headers.getSetCookie()
    expect(cookie).toMatch(/^__Host-gatehouse-visit=/)
    expect(cookie).toMatch(/; Secure/)
    const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
    const plain = cookie.replace('__Host-', '').split(';')[0] ?? ''
    const answer = await app.request('/sign-in', form({ csrf, key: 'right', next: '/' }, plain))
    expect(answer.status).toBe(403)
  })

  it('end after eight hours whatever the browser keeps', async () => {
    let now = 1_000_000
    const { app } = guessing(() => now)
    const answer = await attempt(app, 'right')
    const cookie =
      answer.headers
        .getSetCookie()
        .find((line) => line.startsWith('gatehouse='))
        ?.split(';')[0] ?? ''
    const page = async () => (await app.request('/sign-in', { headers: { cookie } })).text()
    now += 8 * 3_600_000 - 1
    expect(await page()).toContain('Signed in')
    now += 1
    expect(await page()).toContain('Paste your key')
  })
})

/** The pages over a clock to move and one key that is right. */
function guessing(clock: () => number, secure = false) {
  const principal = {
    id: 'person:ann',
    organisation: 'acme',
    agent: '',
    user: 'ann',
    groups: [],
    claims: {},
    credential: 'person' as const,
  }
  let ids = 0
  const newSessions: Sessions = sessions({
    identity: {
      signIn(text) {
        if (text === 'right') return { principal, keyId: 'k' }
        throw new GatewayError('unauthenticated', 'No.')
      },
      recheck: () => principal,
    },
    seal: seal(Buffer.alloc(32, 7), 'sessions'),
    secure: () => secure,
    clock,
    newId: () => `nonce-${++ids}`,
  })
  const app = signInPages({ sessions: newSessions, audit: { append: () => Promise.resolve() }, clock })
  app.onError((error, c) => c.text(error.message, error instanceof GatewayError ? 403 : 500))
  return { app }
}

async function attempt(app: ReturnType<typeof signInPages>, key: string): Promise<Response> {
  const page = await app.request('/sign-in')
  const cookie = page.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const csrf = /name="csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? ''
  return app.request('/sign-in', form({ csrf, key, next: '/' }, cookie))
}

const form = (fields: Record<string, string>, cookie: string): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', cookie },
  body: new URLSearchParams(fields).toString(),
})
