import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { CLIENT } from '../fakes/oidc-server.ts'
import { type MailService, mailService } from '../fakes/mail-service.ts'
import { type OAuthHouse, oauthHouse, PATIENCE } from '../helpers/oauth-house.ts'

/** Before anything of the house is loaded: all of it reads this clock. */
const lever = vi.hoisted(() => {
  const real = Date.now
  const at = { ahead: 0 }
  Date.now = () => real() + at.ahead
  return at
})

const PROFILE = 'conn:mail:get_profile'
const ELEVEN_MINUTES = 660_000
/** Reading only: nothing else of the mailbox may be asked for. */
const POLICY = {
  rules: [
    { id: 'own', effect: 'allow', tools: { connections: ['gatehouse'] } },
    { id: 'read', effect: 'allow', tools: { connections: ['mail'], names: ['get_profile', 'search_messages'] } },
  ],
}

let mail: MailService
let house: OAuthHouse
let agent: string
beforeAll(async () => {
  process.env['MAIL_CLIENT_SECRET'] = CLIENT.secret
  house = await oauthHouse(async (redirectUri) => {
    mail = await mailService(redirectUri)
    const connection = { provider: 'gmail', auth: { method: 'oauth' }, baseUrl: mail.url, allowPrivateNetwork: true }
    return { connections: { mail: connection }, oauthClients: { gmail: mail.client }, policy: POLICY }
  })
  agent = await house.agent('sidekick')
})
afterAll(async () => {
  await house?.close()
  await mail?.close()
})

/** An admin presses the button and agrees at the service as this person. */
async function connect(login = 'ann'): Promise<string> {
  const begun = await house.ask('GET', '/api/oauth/gmail/authorize')
  expect(begun.status, begun.text).toBe(200)
  const admin = await house.browser(await adminKey())
  const page = await admin.agree(await admin.submit(await admin.open(String(begun.body['link']))), {
    login,
    password: 'any',
  })
  expect(page.text).toContain('Connected')
  return String(begun.body['flow'])
}

let key: string | undefined
const adminKey = async (): Promise<string> => (key ??= await house.person('root', ['admin']))

const profile = async (): Promise<unknown> => {
  const { body } = await house.call(agent, PROFILE)
  const { structuredContent } = (body['result'] ?? {}) as Record<string, unknown>
  return structuredContent ?? body
}

describe('an account that is connected by OAuth, on the house as users run it', () => {
  it('needs somebody to connect it first, and says so to agents', async () => {
    await house.reaches('mail', 'disconnected')
    const { body } = await house.ask('GET', '/api/connections/mail')
    expect(body).toMatchObject({ reasonCode: 'link', credentials: [], tools: 0 })
    const said = await house.call(agent, 'conn:gatehouse:status')
    expect(said.text).toContain('mail: disconnected. No account is connected yet.')
  })

  it('is connected by a person in a browser, with the least scopes, and works at once', async () => {
    const flow = await connect()
    expect((await house.ask('GET', `/api/oauth/flows/${flow}`)).body).toMatchObject({
      status: 'done',
      account: 'ann@mail.example',
    })
    await house.reaches('mail', 'active')
    await expect.poll(profile, PATIENCE).toMatchObject({ email: 'ann@mail.example' })
    const { body } = await house.ask('GET', '/api/connections/mail')
    expect(body).toMatchObject({ account: 'ann@mail.example', credentials: [{ refreshes: true }] })
    const [{ scopes } = { scopes: [] }] = body['credentials'] as { scopes: string[] }[]
    expect(scopes.toSorted()).toEqual([
      'https://www.googleapis.com/auth/gmail.readonly',
      'https://www.googleapis.com/auth/userinfo.email',
      'openid',
    ])
  })

  it('answers a test with what the service says of the credential', async () => {
    expect((await house.ask('POST', '/api/connections/mail/test')).body).toMatchObject({
      status: 'ok',
      tokenValid: true,
      account: 'ann@mail.example',
    })
  })

  it('refreshes an access token that has ended exactly once for 50 calls at the same time', async () => {
    lever.ahead += ELEVEN_MINUTES
    expect(await mail.isLive(mail.issued.at(-1)?.access ?? '')).toBe(false)
    const before = mail.refreshes()
    let release = (): void => undefined
    mail.hold = new Promise((resolve) => (release = resolve))
    const calls = Array.from({ length: 50 }, () => profile())
    await expect.poll(mail.refreshes, PATIENCE).toBe(before + 1)
    release()
    mail.hold = undefined
    const answers = await Promise.all(calls)
    expect(answers.filter((answer) => JSON.stringify(answer).includes('ann@mail.example'))).toHaveLength(50)
    expect(mail.refreshes()).toBe(before + 1)
    expect(new Set(mail.issued.map(({ refresh }) => refresh)).size).toBe(mail.issued.length)
  })

  it('goes on after a restart, with everything that was connected', async () => {
    await house.restart()
    await house.reaches('mail', 'active')
    await expect.poll(profile, PATIENCE).toMatchObject({ email: 'ann@mail.example' })
    lever.ahead += ELEVEN_MINUTES
    expect(await profile()).toMatchObject({ email: 'ann@mail.example' })
  })

  it('needs a person when the grant was ended at the service: reauth, in the API, to agents and in the audit log', async () => {
    await mail.revoke()
    expect(await profile()).toMatchObject({ code: 'connection_unusable' })
    await house.reaches('mail', 'action_required')
    expect((await house.ask('GET', '/api/connections/mail')).body).toMatchObject({ reasonCode: 'reauth' })
    expect((await house.ask('GET', '/api/status')).text).toContain('"reasonCode":"reauth"')
    const said = await house.call(agent, 'conn:gatehouse:status')
    expect(said.text).toContain('mail: action_required.')
    expect(said.text).toContain('gatehouse connect gmail --name mail')
    const audit = await house.ask('GET', '/api/audit?type=connection.state_changed&limit=1000')
    expect(audit.text).toContain('"reasonCode":"reauth"')
  })

  it('works again once it is connected again', async () => {
    await connect('bob')
    await house.reaches('mail', 'active')
    await expect.poll(profile, PATIENCE).toMatchObject({ email: 'bob@mail.example' })
  })

  it('is disconnected: the token ends here and at the service, within a second, and running calls end', async () => {
    let release = (): void => undefined
    mail.holdMail = new Promise((resolve) => (release = resolve))
    const reached = mail.seen.length
    const running = profile()
    await expect.poll(() => mail.seen.length, PATIENCE).toBeGreaterThan(reached)
    const access = mail.issued.at(-1)?.access ?? ''
    const begun = performance.now()
    const ended = running.then((answer) => ({ answer, after: performance.now() - begun }))
    const revoked = await house.ask('POST', '/api/connections/mail/revoke', { body: {} })
    const { answer, after } = await ended
    console.info(`revoked: the running call ended after ${after.toFixed(1)} ms`)
    release()
    mail.holdMail = undefined
    expect(after).toBeLessThan(1_000)
    expect(JSON.stringify(answer)).not.toContain('bob@mail.example')
    expect(revoked.body).toMatchObject({ id: 'mail', removed: 1, endedAtVendor: 1 })
    await expect.poll(() => mail.isLive(access), PATIENCE).toBe(false)
    expect(await profile()).toMatchObject({ code: expect.stringMatching(/^(?:tool_not_found|connection_unusable)$/) })
    await house.restart()
    await house.reaches('mail', 'disconnected')
  })
})
