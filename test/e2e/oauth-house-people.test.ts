import { type Client as ModernClient, StreamableHTTPClientTransport as ModernHttp } from '@modelcontextprotocol/client'
import type { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { CLIENT } from '../fakes/oidc-server.ts'
import { type MailService, mailService } from '../fakes/mail-service.ts'
import { type OAuthHouse, oauthHouse, PATIENCE } from '../helpers/oauth-house.ts'
import { legacyClient, modernClient } from '../helpers/opening-clients.ts'
import { type Issuer, type SigningKey, signingKey, startIssuer } from '../unit/identity/issuer.ts'

/** Everybody brings an account of their own; who they are is said by an identity provider, or by an agent's key. */
const PROFILE = { name: 'conn__mail__get_profile', arguments: {} }

let mail: MailService
let issuer: Issuer
let signing: SigningKey
let house: OAuthHouse
const keys = new Map<string, string>()
beforeAll(async () => {
  process.env['MAIL_CLIENT_SECRET'] = CLIENT.secret
  signing = await signingKey('k1')
  issuer = await startIssuer(signing)
  house = await oauthHouse(async (redirectUri) => {
    mail = await mailService(redirectUri)
    const mailbox = { provider: 'gmail', auth: { method: 'oauth' }, baseUrl: mail.url, allowPrivateNetwork: true }
    return {
      connections: { mail: { ...mailbox, credential: 'per_user' } },
      oauthClients: { gmail: mail.client },
      agents: { sidekick: {}, robot: {} },
      identity: {
        jwt: {
          issuer: issuer.url,
          jwksUrl: issuer.jwksUrl,
          audience: 'gatehouse',
          allowPrivateNetwork: true,
          agentClaim: '/agent',
        },
      },
    }
  })
  for (const id of ['ann', 'bob', 'cay', 'dan']) keys.set(id, await house.person(id))
})
afterAll(async () => {
  await house?.close()
  await mail?.close()
  await issuer?.close()
})

const tokenOf = (sub: string): Promise<string> =>
  new SignJWT({ agent: 'sidekick' })
    .setProtectedHeader({ alg: signing.alg, kid: signing.kid })
    .setIssuer(issuer.url)
    .setAudience('gatehouse')
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(signing.privateKey)

/** A person follows a link, as themselves, and agrees. */
async function follow(url: string, person: string): Promise<string> {
  const own = await house.browser(keys.get(person) ?? '')
  const page = await own.open(url)
  if (page.status !== 200) return page.text
  return (await own.agree(await own.submit(page), { login: person, password: 'any' })).text
}

const options = async (person: string) => ({
  requestInit: { headers: { authorization: `Bearer ${await tokenOf(person)}` } },
})
const endpoint = (): URL => new URL('/mcp', house.origin)

async function modern(person: string, client: ModernClient): Promise<ModernClient> {
  onTestFinished(() => client.close())
  await client.connect(new ModernHttp(endpoint(), await options(person)))
  return client
}

async function legacy(person: string, client: LegacyClient): Promise<LegacyClient> {
  onTestFinished(() => client.close())
  await client.connect(new LegacyHttp(endpoint(), await options(person)))
  return client
}

const silent = { url: false, open: () => Promise.resolve() }

describe('a connection to which everybody brings an account of their own', () => {
  it('shows its tools to people who have none yet, and answers with a link where a client cannot open one', async () => {
    const client = await modern('ann', modernClient(silent))
    await expect
      .poll(async () => (await client.listTools()).tools.map(({ name }) => name), PATIENCE)
      .toContain(PROFILE.name)
    const result = await client.callTool(PROFILE)
    expect(result).toMatchObject({ isError: true, _meta: { 'dev.gatehouse/code': 'connect_required' } })
    const { url } = (result._meta as Record<string, Record<string, unknown>>)['dev.gatehouse/data'] ?? {}
    expect(String(url)).toMatch(new RegExp(`^${house.origin}/connect/[\\w-]+$`))
    const again = await client.callTool(PROFILE)
    expect(JSON.stringify(again)).toContain(String(url))
    expect(await follow(String(url), 'bob')).toContain('somebody else')
    expect(await follow(String(url), 'ann')).toContain('Connected')
    expect(await client.callTool(PROFILE)).toMatchObject({ structuredContent: { email: 'ann@mail.example' } })
  })

  it('lets the call of a modern client go on after its person has connected', async () => {
    const opened: string[] = []
    const client = modernClient({ url: true, open: async (url) => opened.push(await follow(url, 'bob')) })
    await modern('bob', client)
    expect(await client.callTool(PROFILE)).toMatchObject({ structuredContent: { email: 'bob@mail.example' } })
    expect(opened).toHaveLength(1)
    expect(await client.callTool(PROFILE)).toMatchObject({ structuredContent: { email: 'bob@mail.example' } })
    expect(opened).toHaveLength(1)
  })

  it('lets the call of a legacy client go on after its person has connected', async () => {
    const opened: string[] = []
    const client = legacyClient({ url: true, open: async (url) => opened.push(await follow(url, 'cay')) })
    await legacy('cay', client)
    expect(await client.callTool(PROFILE)).toMatchObject({ structuredContent: { email: 'cay@mail.example' } })
    expect(opened).toHaveLength(1)
  })

  it('never answers one person with the account of another, whoever asks in whatever order', async () => {
    const clients = { ann: await modern('ann', modernClient(silent)), bob: await modern('bob', modernClient(silent)) }
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const person = (index * 7) % 3 === 0 ? 'ann' : 'bob'
        return [person, JSON.stringify(await clients[person].callTool(PROFILE))] as const
      }),
    )
    const wrong = answers.filter(([person, text]) => !text.includes(`${person}@mail.example`))
    const crossed = answers.filter(([person, text]) => text.includes(person === 'ann' ? 'bob@' : 'ann@'))
    expect([wrong.slice(0, 1), crossed]).toEqual([[], []])
  })

  it('is used by agents that act for a person by their key, and tells an agent that acts for nobody', async () => {
    const forAnn = await house.agent('sidekick', 'ann')
    expect((await house.call(forAnn, 'conn:mail:get_profile')).text).toContain('ann@mail.example')
    const forNobody = await house.call(await house.agent('robot'), 'conn:mail:get_profile')
    expect(forNobody.body).toMatchObject({ code: 'connect_required' })
    const forDan = await house.call(await house.agent('sidekick', 'dan'), 'conn:mail:get_profile')
    expect(forDan.body).toMatchObject({ code: 'connect_required' })
    expect(forDan.text).toContain(`${house.origin}/connect/`)
  })

  it('lets a person begin by themselves, and nobody for others', async () => {
    const dan = keys.get('dan') ?? ''
    const begin = (as: string, whose: string) =>
      house.ask('GET', `/api/oauth/gmail/authorize?connection=mail&for=${whose}`, { as })
    expect((await begin(dan, 'shared')).body).toMatchObject({ code: 'invalid_request' })
    const { body } = await begin(dan, 'own')
    expect(await follow(String(body['link']), 'dan')).toContain('Connected')
    const flow = `/api/oauth/flows/${String(body['flow'])}`
    expect((await house.ask('GET', flow, { as: dan })).body).toMatchObject({
      status: 'done',
      account: 'dan@mail.example',
    })
    expect((await house.ask('GET', flow, { as: keys.get('ann') ?? '' })).body).toMatchObject({ code: 'not_found' })
  })

  it('keeps everybody connected over a restart, and ends one person alone', async () => {
    await house.restart()
    const [ann, bob] = [await house.agent('sidekick', 'ann'), await house.agent('sidekick', 'bob')]
    const profile = async (key: string): Promise<string> => (await house.call(key, 'conn:mail:get_profile')).text
    await expect.poll(() => profile(ann), PATIENCE).toContain('ann@mail.example')
    expect(await profile(bob)).toContain('bob@mail.example')
    const revoked = await house.ask('POST', '/api/connections/mail/revoke', { body: { user: 'ann' } })
    expect(revoked.body).toMatchObject({ removed: 1, endedAtVendor: 1 })
    expect(await profile(ann)).toContain('connect_required')
    expect(await profile(bob)).toContain('bob@mail.example')
  })
})
