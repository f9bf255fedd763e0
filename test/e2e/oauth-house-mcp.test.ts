import { describe, expect, it, onTestFinished } from 'vitest'
import { guardedServer } from '../fakes/downstream/guarded-server.ts'
import { type FakeAuthorizationServer, fakeAuthorizationServer } from '../fakes/mcp-authorization-server.ts'
import { type OAuthHouse, oauthHouse, PATIENCE } from '../helpers/oauth-house.ts'

interface Scene {
  readonly house: OAuthHouse
  readonly issuer: FakeAuthorizationServer
  readonly dead: Set<string>
  readonly agent: string
  connect(): Promise<string>
  whoami(): Promise<string>
}

/** An MCP server behind OAuth, its authorization server, and a house with a connection to it that nobody has signed in to. */
async function scene(
  metadata: object,
  { server: serverSettings, auth }: { readonly server?: object; readonly auth?: object } = {},
): Promise<Scene> {
  const [server, issuer] = [await guardedServer('modern'), await fakeAuthorizationServer()]
  Object.assign(issuer.metadata, metadata)
  const dead = new Set<string>()
  server.judge = (authorization) => {
    const token = authorization?.replace('Bearer ', '') ?? ''
    return issuer.knows(token) && !dead.has(token) ? undefined : { status: 401, challenge: 'Bearer scope="read"' }
  }
  server.elsewhere = (path, response) =>
    path === '/.well-known/oauth-protected-resource/mcp'
      ? void response.end(JSON.stringify({ resource: server.url.href, authorization_servers: [issuer.issuer] }))
      : void response.writeHead(404).end()
  const house = await oauthHouse(() => ({
    connections: {
      tools: { mcp: { url: server.url.href, allowPrivateNetwork: true }, auth: { method: 'oauth', ...auth } },
    },
    ...(serverSettings && { server: serverSettings }),
  }))
  onTestFinished(async () => {
    await house.close()
    await Promise.all([server.close(), issuer.close()])
  })
  const agent = await house.agent('sidekick')
  const admin = await house.person('root', ['admin'])
  return {
    house,
    issuer,
    dead,
    agent,
    async connect() {
      const begun = await house.ask('GET', '/api/oauth/mcp/authorize')
      expect(begun.status, begun.text).toBe(200)
      const own = await house.browser(admin)
      return (await own.submit(await own.open(String(begun.body['link'])))).text
    },
    whoami: async () => (await house.call(agent, 'conn:tools:whoami')).text,
  }
}

describe('an MCP server that is signed in to with OAuth', () => {
  it('is discovered, connected after registering us, called, refreshed after a 401, kept, and ended', async () => {
    const at = await scene({})
    await at.house.reaches('tools', 'disconnected')
    expect(await at.connect()).toContain('Connected')
    await at.house.reaches('tools', 'active')
    await expect.poll(at.whoami, PATIENCE).toContain('Bearer')
    const registered = at.issuer.requests.filter(({ path }) => path === '/register')
    expect(registered).toHaveLength(1)
    const asked = at.issuer.requests.find(({ path }) => path === '/authorize')?.query
    expect(asked?.get('scope')).toBe('read')
    expect(asked?.get('code_challenge_method')).toBe('S256')

    const [, first = ''] = /Bearer ([\w-]+)/.exec(await at.whoami()) ?? []
    at.dead.add(first)
    expect(await at.whoami()).not.toContain(first)
    // Another sign-in is under way while everything is sealed anew, its client and verifier with it.
    const waiting = await at.house.ask('GET', '/api/oauth/mcp/authorize')
    expect(waiting.status).toBe(200)
    const rotated = await at.house.ask('POST', '/api/vault/rotate', { body: { newKey: true } })
    const keys = rotated.body['keys'] as { state: string; sealed: number }[]
    expect(keys.map(({ state, sealed }) => [state, sealed > 0])).toEqual([
      ['active', true],
      ['decrypt-only', false],
    ])
    expect(keys[0]?.sealed).toBeGreaterThanOrEqual(5)
    await at.house.restart()
    await at.house.reaches('tools', 'active')
    const [, second = ''] = /Bearer ([\w-]+)/.exec(await at.whoami()) ?? []
    at.dead.add(second)
    expect(await at.whoami()).toContain('Bearer')
    expect(at.issuer.requests.filter(({ path }) => path === '/register')).toHaveLength(1)

    const [, third = ''] = /Bearer ([\w-]+)/.exec(await at.whoami()) ?? []
    at.dead.add(third)
    at.issuer.instead = (path, response) =>
      path === '/token' && Boolean(response.writeHead(400).end('{"error":"invalid_grant"}'))
    expect(await at.whoami()).not.toContain('Bearer')
    await at.house.reaches('tools', 'action_required')
    expect((await at.house.ask('GET', '/api/connections/tools')).body).toMatchObject({ reasonCode: 'reauth' })
  })

  it('takes no answer of another issuer, even where none was promised', async () => {
    const at = await scene({ authorization_response_iss_parameter_supported: undefined })
    at.issuer.redirect = (answer) => answer.set('iss', 'https://other.example')
    expect(await at.connect()).not.toContain('Connected')
    expect(at.issuer.requests.filter(({ path }) => path === '/token')).toEqual([])
    expect((await at.house.ask('GET', '/api/connections/tools')).body).toMatchObject({ credentials: [] })
  })

  it('knows us by our metadata document where we have an https address', async () => {
    const name = 'https://gw.example.com'
    const at = await scene({ client_id_metadata_document_supported: true }, { server: { publicUrl: name } })
    const document = await fetch(`${at.house.origin}/.well-known/oauth-client`)
    expect(document.headers.get('content-type')).toContain('application/json')
    expect(await document.json()).toMatchObject({
      client_id: `${name}/.well-known/oauth-client`,
      redirect_uris: [`${name}/oauth/callback`],
    })
    const begun = await at.house.ask('GET', '/api/oauth/mcp/authorize')
    const asked = new URL(String(begun.body['url'])).searchParams
    expect(asked.get('client_id')).toBe(`${name}/.well-known/oauth-client`)
    expect(asked.get('redirect_uri')).toBe(`${name}/oauth/callback`)
    expect(at.issuer.requests.filter(({ path }) => path === '/register')).toEqual([])
  })

  it('has no metadata document without an https address', async () => {
    const at = await scene({})
    expect((await fetch(`${at.house.origin}/.well-known/oauth-client`)).status).toBe(404)
  })

  it('uses the client that an admin registered, at its issuer and at no other', async () => {
    const fields = { client_id: 'by-hand', client_secret: { env: 'HAND_SECRET' }, issuer: { env: 'HAND_ISSUER' } }
    process.env['HAND_ID'] = 'by-hand'
    process.env['HAND_SECRET'] = 'hand-made-secret-0123456789'
    process.env['HAND_ISSUER'] = 'https://elsewhere.example'
    const at = await scene({}, { auth: { ...fields, client_id: { env: 'HAND_ID' } } })
    const begun = await at.house.ask('GET', '/api/oauth/mcp/authorize')
    expect(begun.body).toMatchObject({ code: 'invalid_issuer' })
  })
})
