import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browser, type FrontDoor, frontDoor } from '../helpers/front-door.ts'

const DOWNSTREAM = join(import.meta.dirname, '../fakes/downstream/legacy-server.mjs')
const CONNECTIONS = {
  tools: { mcp: { command: process.execPath, args: [DOWNSTREAM, 'fine'] }, tools: { echo: { effect: 'write' } } },
}
const approval = (more: object = {}) => ({ approvers: ['managers'], ...more })
const POLICY = {
  groups: { managers: {} },
  rules: [
    {
      id: 'ask-first',
      effect: 'allow',
      description: '<img src=x onerror=alert(1)>',
      obligations: { approval: approval() },
    },
  ],
}

let door: FrontDoor
beforeAll(async () => {
  door = await frontDoor(CONNECTIONS, POLICY)
  for (const [id, roles, groups] of [
    ['mona', ['approver'], ['managers']],
    ['otto', ['approver'], []],
    ['vera', ['viewer'], ['managers']],
    ['adam', ['admin'], []],
  ] as const) {
    const { body } = await door.ask('POST', '/api/people', { body: { id, roles, groups } })
    keys.set(id, String(body['key']))
  }
})
afterAll(() => door.close())

const keys = new Map<string, string>()

/** A call that waits; gives the page's address. */
async function asked(message: string): Promise<string> {
  const answer = await door.ask('POST', '/api/call', {
    body: { agent: 'ann', tool: 'conn:tools:echo', arguments: { message } },
  })
  const id = /approval ([A-Za-z0-9_-]{22}) until/.exec(answer.text)?.[1]
  if (id === undefined) throw new Error(answer.text)
  return `/approve/${id}`
}

async function signedIn(id: string) {
  const person = browser(door.origin)
  const csrf = await person.csrf('/sign-in')
  await person.post('/sign-in', { csrf, key: keys.get(id) ?? '', next: '/' })
  return person
}

const field = (page: string, name: string): string => new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1] ?? ''
const stateOf = async (path: string): Promise<unknown> =>
  (await door.ask('GET', `/api/approvals/${path.split('/').at(-1)}`)).body['state']

describe('the page on which people approve', () => {
  it('opens to nobody who has not signed in, and says nothing then', async () => {
    const path = await asked('private words')
    const answer = await browser(door.origin).open(path)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe(`/sign-in?next=${encodeURIComponent(path)}`)
    expect(await answer.text()).not.toContain('private')
  })

  it('obeys no markup, whoever wrote it', async () => {
    const evil = '"><script>alert(1)</script><form action=https://evil.example>\'${7*7}'
    const page = await (await signedIn('mona')).open(await asked(evil))
    const text = await page.text()
    expect(text).not.toMatch(/<script|<img|evil\.example>/)
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;')
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;')
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("form-action 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toMatch(/unsafe|script-src/)
    expect(page.headers.get('x-frame-options')).toBe('DENY')
    expect(page.headers.get('cache-control')).toBe('no-store')
  })

  it('shows arguments whole and marks what a reader would miss', async () => {
    const long = 'x'.repeat(30_000)
    const text = await (
      await (
        await signedIn('mona')
      ).open(await asked(`pay\u200b \u202eevil\u202c p\u0430ypal \u{e0041} ${long} the end`))
    ).text()
    for (const code of ['U+200B', 'U+202E', 'U+202C', 'U+0430', 'U+E0041']) expect(text).toContain(code)
    expect(text).toContain('5 characters are marked')
    expect(text).not.toMatch(/[\u200b\u202e\u202c\u{e0041}]/u)
    expect(text).toContain(`${long} the end`)
  })

  it('shows no arguments to people whose word is not asked, and takes no decision of them', async () => {
    const path = await asked('only for managers')
    for (const who of ['otto', 'vera']) {
      const person = await signedIn(who)
      const page = await (await person.open(path)).text()
      expect(page).not.toContain('only for managers')
      expect(page).not.toContain('name="verdict"')
      const csrf = await person.csrf('/sign-in')
      expect((await person.post(path, { csrf, version: '1', verdict: 'approve' })).status).toBe(409)
    }
    const adam = await signedIn('adam')
    expect(await (await adam.open(path)).text()).toContain('You are in none of the groups that are asked')
    await adam.post(path, { csrf: await adam.csrf('/sign-in'), version: '1', verdict: 'approve' })
    expect(await stateOf(path)).toBe('pending')
  })

  it.each([
    ['without a token', {}, {}],
    ['with a guessed token', { csrf: 'AAAA' }, {}],
    ['from another site', undefined, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }],
    ['as JSON', undefined, { 'content-type': 'application/json' }],
  ])('takes no form %s', async (_what, token, headers) => {
    const path = await asked(`forged ${_what}`)
    const mona = await signedIn('mona')
    const csrf = field(await (await mona.open(path)).text(), 'csrf')
    const answer = await mona.post(path, { ...(token ?? { csrf }), version: '1', verdict: 'approve' }, headers)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(await stateOf(path)).toBe('pending')
  })

  it('takes no token of another browser, and no decision about a version that was not shown', async () => {
    const path = await asked('two browsers')
    const [mona, other] = [await signedIn('mona'), await signedIn('otto')]
    const csrf = await other.csrf('/sign-in')
    expect((await mona.post(path, { csrf, version: '1', verdict: 'approve' })).status).toBe(403)
    const own = field(await (await mona.open(path)).text(), 'csrf')
    for (const version of ['2', '', 'x']) {
      expect((await mona.post(path, { csrf: own, version, verdict: 'approve' })).status).toBe(409)
    }
    expect((await mona.post(path, { csrf: own, version: '1', verdict: 'maybe' })).status).toBe(409)
    expect(await stateOf(path)).toBe('pending')
  })

  it('takes one decision, and then shows how it stands', async () => {
    const path = await asked('decide me')
    const mona = await signedIn('mona')
    const page = await (await mona.open(path)).text()
    const form = { csrf: field(page, 'csrf'), version: field(page, 'version') }
    const reason = '<b>wrong</b> \u202ecustomer'
    expect((await mona.post(path, { ...form, verdict: 'deny', reason })).status).toBe(303)
    expect((await mona.post(path, { ...form, verdict: 'approve' })).status).toBe(409)
    const after = await (await mona.open(path)).text()
    expect(after).toContain('Denied')
    expect(after).toContain('&lt;b&gt;wrong&lt;/b&gt;')
    expect(after).toContain('U+202E')
    expect(after).not.toContain('name="verdict"')
    const { text } = await door.ask('GET', '/api/audit?type=approval.viewed&limit=100')
    expect(text).toContain(path.split('/').at(-1))
    expect(text).toContain('person:mona')
  })

  it('is a page of its own for what does not exist', async () => {
    const mona = await signedIn('mona')
    for (const path of ['/approve/AAAAAAAAAAAAAAAAAAAAAA', '/approve/%3Cscript%3E', `/approve/${'a'.repeat(3000)}`]) {
      const answer = await mona.open(path)
      expect(answer.status).toBe(404)
      expect(await answer.text()).not.toContain('<script>')
    }
  })
})
