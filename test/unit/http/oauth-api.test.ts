import { randomUUID } from 'node:crypto'
import { Hono } from 'hono'
import { describe, expect, it, onTestFinished } from 'vitest'
import { mountRoutes } from '../../../src/http/mount.ts'
import { oauthApiRoutes } from '../../../src/http/oauth-api.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { Principal } from '../../../src/kernel/principal.ts'
import { connectWorld, ORIGIN, REDIRECT_URI } from '../../fakes/oidc-world.ts'

const target = {
  spec: {
    grant: 'authorization_code',
    authorizeUrl: 'https://vendor.example/authorize',
    tokenUrl: 'https://vendor.example/token',
  },
  client: { id: 'client-1' },
  settings: {},
  allowPrivateNetwork: false,
} as const

const person = (user: string): Principal => ({
  id: `person:${user}`,
  organisation: 'acme',
  agent: '',
  user,
  groups: [],
  claims: {},
  credential: 'person',
  roles: user === 'root' ? ['admin'] : [],
})

/** The two routes over real flows; the header `who` is who asks. */
function api() {
  const at = connectWorld({ targets: { notes: target } })
  onTestFinished(() => at.close())
  const routes = oauthApiRoutes({
    flows: at.flows,
    publicUrl: () => new URL(ORIGIN),
    begin: (principal, { provider, for: whose, returnTo }) => {
      if (provider !== 'notes-provider') throw new GatewayError('not_found', 'There is no such provider.')
      const subject = whose === 'own' ? { user: principal.user ?? '' } : ('shared' as const)
      const request = {
        connection: 'notes',
        subject,
        principalId: principal.id,
        scopes: ['a'],
        redirectUri: REDIRECT_URI,
      }
      return at.flows.invite({ ...request, returnTo })
    },
  })
  const app = new Hono()
  mountRoutes(app, routes, {
    authenticate: (c) => Promise.resolve(person(c.req.header('who') ?? 'nobody')),
    refused: () => Promise.resolve(),
    replays: { once: () => Promise.reject(new Error('These routes create nothing that is replayed.')) },
  })
  app.onError((error, c) => c.json({ code: error instanceof GatewayError ? error.code : String(error) }, 400))
  const get = async (path: string, who = 'ann') => await app.request(path, { headers: { who } })
  return { at, get }
}
const BEGIN = '/oauth/notes-provider/authorize'

describe('GET /oauth/{provider}/authorize', () => {
  it('gives the page of the service, a link for other browsers, and the cookie that binds this one', async () => {
    const { get, at } = api()
    const reply = await get(`${BEGIN}?for=own`)
    const begun = (await reply.json()) as { flow: string; url: string; link: string }
    expect(reply.status).toBe(200)
    expect(begun.link).toBe(`${ORIGIN}/connect/${begun.flow}`)
    expect(new URL(begun.url).searchParams.get('code_challenge_method')).toBe('S256')
    expect(reply.headers.get('set-cookie')).toMatch(
      /^__Host-gatehouse-connect=[\w-]{43}; .*HttpOnly; Secure; SameSite=Lax$/,
    )
    expect(await at.flows.view(begun.flow)).toMatchObject({ subject: { user: 'ann' }, status: 'pending' })
  })

  it('redirects to our own page only, since any page can make a browser ask for it', async () => {
    const { get } = api()
    const reply = await get(`${BEGIN}?mode=redirect`)
    expect(reply.status).toBe(303)
    expect(reply.headers.get('location')).toMatch(new RegExp(`^${ORIGIN}/connect/[\\w-]+$`))
    expect(reply.headers.get('set-cookie')).toBeNull()
  })

  it.each([
    ['/oauth/none/authorize', 'not_found'],
    [`${BEGIN}?returnTo=//evil.example`, 'invalid_request'],
    [`${BEGIN}?for=bob`, 'invalid_request'],
    [`${BEGIN}?state=mine`, 'invalid_request'],
  ])('refuses %s', async (path, code) => {
    expect(await (await api().get(path)).json()).toEqual({ code })
  })
})

describe('GET /oauth/flows/{id}', () => {
  it('tells how it is going to whom it belongs, and that there is none to everybody else', async () => {
    const { get } = api()
    const { flow } = (await (await get(`${BEGIN}?for=own`)).json()) as { flow: string }
    const told = await (await get(`/oauth/flows/${flow}`)).json()
    expect(told).toEqual({ flow, connection: 'notes', status: 'pending', expiresAt: expect.any(Number) })
    expect(await (await get(`/oauth/flows/${flow}`, 'bob')).json()).toEqual({ code: 'not_found' })
    expect(await (await get(`/oauth/flows/${randomUUID()}`)).json()).toEqual({ code: 'not_found' })
  })
})
