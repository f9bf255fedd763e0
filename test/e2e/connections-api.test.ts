import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLIENT } from '../fakes/oidc-server.ts'
import type { Browser } from '../fakes/oidc-browser.ts'
import { type MailService, mailService } from '../fakes/mail-service.ts'
import { type FakeVendor, fakeVendor } from '../helpers/fake-vendor.ts'
import type { Answer } from '../helpers/front-door.ts'
import { type OAuthHouse, oauthHouse } from '../helpers/oauth-house.ts'

const TOKEN = 'a-good-token-0123456789'

let vendor: FakeVendor
let mail: MailService
let house: OAuthHouse
let admin: Browser
beforeAll(async () => {
  process.env['MAIL_CLIENT_SECRET'] = CLIENT.secret
  vendor = await fakeVendor(({ headers }, response) => {
    const isGood = headers.authorization === `Bearer ${TOKEN}`
    response.writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' }).end('{"login":"ann"}')
  })
  house = await oauthHouse(async (redirectUri) => {
    mail = await mailService(redirectUri)
    const google = { auth: { method: 'oauth' }, baseUrl: mail.url, allowPrivateNetwork: true }
    return {
      connections: { mail: { provider: 'gmail', ...google }, calendar: { provider: 'google-calendar', ...google } },
      oauthClients: {
        gmail: mail.client,
        'google-calendar': { ...mail.client, clientId: 'nobody-knows-this-client' },
      },
    }
  })
  admin = await house.browser(await house.person('root', ['admin']))
})
afterAll(async () => {
  await house?.close()
  await mail?.close()
  await vendor?.[Symbol.asyncDispose]()
})

const github = (id: string, more: object = {}): object => ({
  id,
  provider: 'github',
  method: 'token',
  baseUrl: vendor.url,
  allowPrivateNetwork: true,
  ...more,
})
const post = (path: string, body: object, headers?: Record<string, string>): Promise<Answer> =>
  house.ask('POST', `/api${path}`, { body, ...(headers && { headers }) })

/** Begins a sign-in and stops in front of the gateway's own door, with the answer of the service in hand. */
async function comingBack(): Promise<{ readonly flow: string; readonly back: URL }> {
  const begun = await house.ask('GET', '/api/oauth/gmail/authorize')
  admin.stopAt = (url) => url.pathname === '/oauth/callback'
  const page = await admin.agree(await admin.submit(await admin.open(String(begun.body['link']))), {
    login: 'ann',
    password: 'any',
  })
  admin.stopAt = undefined
  return { flow: String(begun.body['flow']), back: page.url }
}

const outcome = async (flow: string): Promise<unknown> => (await house.ask('GET', `/api/oauth/flows/${flow}`)).body

describe('connections over the API', () => {
  it('are made, listed, filtered, changed with the version that was seen, and show nothing of their credential', async () => {
    const made = await post('/connections', github('code', { fields: { token: TOKEN }, title: 'Code' }))
    expect([made.status, made.text]).toEqual([201, expect.stringContaining('"account":"ann"')])
    expect(made.text).not.toContain(TOKEN)
    const shown = await house.ask('GET', '/api/connections/code')
    expect(shown.body).toMatchObject({
      owner: 'organisation',
      credentials: [{ fields: { token: { set: true, last4: '6789' } } }],
    })
    const etag = shown.headers.get('etag') ?? ''
    const listed = async (query: string) =>
      ((await house.ask('GET', `/api/connections?${query}`)).body['items'] as { id: string }[]).map(({ id }) => id)
    expect(await listed('provider=github')).toEqual(['code'])
    expect(await listed('method=oauth')).toEqual(['calendar', 'mail'])
    expect(await listed('status=disconnected')).toEqual(expect.arrayContaining(['calendar', 'mail']))
    expect(await listed('owner=user:ann')).toEqual([])
    const { id: _id, ...draft } = github('code', { title: 'Our code' }) as Record<string, unknown>
    const put = (ifMatch?: string) =>
      house.ask('PUT', '/api/connections/code', {
        body: draft,
        ...(ifMatch !== undefined && { headers: { 'if-match': ifMatch } }),
      })
    expect((await put()).body).toMatchObject({ code: 'precondition_required' })
    expect((await put('"99"')).body).toMatchObject({ code: 'version_conflict' })
    expect((await put(etag)).body).toMatchObject({ title: 'Our code' })
    expect((await house.ask('GET', '/api/connections/mail')).headers.get('etag')).toBeNull()
  })

  it('are made once for one Idempotency-Key', async () => {
    const again = () => post('/connections', github('once', { fields: { token: TOKEN } }), { 'idempotency-key': 'k-1' })
    const [first, second] = [await again(), await again()]
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.headers.get('idempotency-replayed')).toBe('true')
  })

  it('are tested, rotated, switched, revoked, deleted and restored', async () => {
    await post('/connections', github('spare', { fields: { token: TOKEN } }))
    expect((await post('/connections/spare/test', {})).body).toMatchObject({
      status: 'ok',
      tokenValid: true,
      account: 'ann',
    })
    expect(
      (await post('/connections/spare/rotate', { fields: { token: 'a-bad-token-0123456789' } })).body,
    ).toMatchObject({
      code: 'invalid_credential',
    })
    expect((await post('/connections/spare/rotate', { fields: { token: TOKEN } })).body).toMatchObject({ status: 'ok' })
    expect((await post('/connections/spare/disable', {})).body).toMatchObject({ enabled: false })
    expect((await post('/connections/spare/enable', {})).body).toMatchObject({ enabled: true })
    expect((await post('/connections/spare/refresh-tools', {})).body).toMatchObject({ id: 'spare' })
    expect((await post('/connections/spare/revoke', {})).body).toMatchObject({ removed: 1 })
    expect((await house.ask('DELETE', '/api/connections/spare')).body).toMatchObject({ id: 'spare' })
    expect((await house.ask('GET', '/api/connections/spare')).body).toMatchObject({ code: 'not_found' })
    expect((await post('/connections/spare/restore', {})).body).toMatchObject({ id: 'spare', credentials: [] })
    expect((await house.ask('GET', '/api/connections/expiring?days=7')).body).toEqual({ items: [] })
  })

  it('of one service are deleted together only when that is confirmed, and declared ones stay', async () => {
    const dry = await house.ask('DELETE', '/api/connections?provider=github')
    expect(dry.body).toMatchObject({ confirmed: false, wouldDelete: ['code', 'once', 'spare'], deleted: [] })
    const real = await house.ask('DELETE', '/api/connections?provider=github&confirm=true')
    expect(real.body).toMatchObject({ confirmed: true, deleted: [{ id: 'code' }, { id: 'once' }, { id: 'spare' }] })
    expect((await house.ask('DELETE', '/api/connections?provider=gmail&confirm=true')).body).toMatchObject({
      deleted: [],
      declared: ['mail'],
    })
  })

  it('know services, MCP servers, and what a server is before it is saved', async () => {
    expect((await house.ask('GET', '/api/providers/slack')).body).toMatchObject({ id: 'slack' })
    expect((await house.ask('GET', '/api/providers?limit=2')).body).toMatchObject({
      items: [{}, {}],
      nextCursor: expect.any(String),
    })
    expect((await house.ask('GET', '/api/connections/mcp/providers')).text).toContain('"filesystem"')
    expect((await post('/connections/mcp/discover', { command: 'rm', args: ['-rf', '/'] })).body).toMatchObject({
      code: 'forbidden',
    })
  })
})

describe('what cannot be right', () => {
  const long = 'x'.repeat(70_000)
  it.each([
    [
      'a malformed key',
      'invalid_credential',
      () => post('/connections', github('a', { fields: { token: 'two\nlines' } })),
    ],
    [
      'a key that the service refuses',
      'invalid_credential',
      () => post('/connections', github('a', { fields: { token: 'a-bad-token-0123456789' } })),
    ],
    [
      'a field that there is not',
      'invalid_credential',
      () => post('/connections', github('a', { fields: { tokken: TOKEN } })),
    ],
    ['a huge field', 'invalid_request', () => post('/connections', github('a', { fields: { token: long } }))],
    ['a huge body', 'payload_too_large', () => post('/connections', github('a', { title: 'x'.repeat(1_100_000) }))],
    ['huge settings', 'payload_too_large', () => post('/connections', github('a', { settings: { long } }))],
    ['an unknown service', 'not_found', () => post('/connections', { ...github('a'), provider: 'nothing' })],
    ['an unknown way to sign in', 'config_invalid', () => post('/connections', github('a', { method: 'magic' }))],
    ['a name that is none', 'invalid_request', () => post('/connections', github('A b'))],
    ['a name that is taken', 'conflict', () => post('/connections', github('mail'))],
    ['another cursor', 'invalid_cursor', () => house.ask('GET', '/api/connections?cursor=%00')],
    ['an unknown state as a filter', 'invalid_request', () => house.ask('GET', '/api/connections?status=fine')],
    ['too many days', 'invalid_request', () => house.ask('GET', '/api/connections/expiring?days=400')],
    ['deleting without saying what', 'invalid_request', () => house.ask('DELETE', '/api/connections')],
    ['a connection that is not there', 'not_found', () => house.ask('GET', '/api/connections/nothing')],
    ['changing what the file says', 'conflict', () => house.ask('DELETE', '/api/connections/mail')],
    ['signing in to an unknown service', 'not_found', () => house.ask('GET', '/api/oauth/nothing/authorize')],
    [
      'signing in to another connection',
      'not_found',
      () => house.ask('GET', '/api/oauth/gmail/authorize?connection=calendar'),
    ],
    [
      'coming back to a foreign page',
      'invalid_request',
      () => house.ask('GET', '/api/oauth/gmail/authorize?returnTo=https://evil.example'),
    ],
    ['an attempt that is not there', 'not_found', () => house.ask('GET', '/api/oauth/flows/nothing')],
  ] as const)('%s is told as %s', async (_name, code, attempt) => {
    const { status, body } = await attempt()
    expect(body).toMatchObject({ code, status, detail: expect.stringMatching(/\w[^]*\./) })
    expect(String(body['detail'])).not.toContain(TOKEN)
  })

  it('an answer that is used again, was never asked for, or comes to another browser: invalid_state', async () => {
    const { flow, back } = await comingBack()
    const stranger = await house.browser(await house.person('eve', ['admin']))
    expect((await stranger.open(back)).text).toContain('invalid_state')
    expect(await outcome(flow)).toMatchObject({ status: 'pending' })
    const foreign = new URL(back)
    foreign.searchParams.set('state', `${foreign.searchParams.get('state') ?? ''}x`)
    expect((await admin.open(foreign)).text).toContain('invalid_state')
    expect((await admin.open(back)).text).toContain('Connected')
    expect((await admin.open(back)).text).toContain('invalid_state')
  })

  it('an answer of another issuer: invalid_issuer, and its code goes nowhere', async () => {
    const { flow, back } = await comingBack()
    const before = mail.issued.length
    back.searchParams.set('iss', 'https://other.example')
    await admin.open(back)
    expect(await outcome(flow)).toMatchObject({ status: 'failed', error: { code: 'invalid_issuer' } })
    expect(mail.issued).toHaveLength(before)
  })

  it('a code that the service does not take any more: invalid_grant', async () => {
    const { flow, back } = await comingBack()
    back.searchParams.set('code', 'an-old-code')
    await admin.open(back)
    expect(await outcome(flow)).toMatchObject({ status: 'failed', error: { code: 'invalid_grant' } })
  })

  it.each([
    ['insufficient_scope', 'invalid_scope'],
    ['access_denied', 'access_denied'],
  ])('a service that says no: %s', async (code, word) => {
    const { flow, back } = await comingBack()
    back.searchParams.delete('code')
    back.searchParams.set('error', word)
    await admin.open(back)
    expect(await outcome(flow)).toMatchObject({ status: 'failed', error: { code } })
  })

  it('the address of the API leads to the page that takes answers in', async () => {
    const answer = await house.ask('GET', '/api/oauth/callback?state=a&code=b')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/oauth/callback?state=a&code=b'])
  })
})
