import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAILBOX } from '../demo/vendor-seeds.ts'
import { EMULATED_CLIENT, emulatedOAuth, type EmulatedService } from '../fakes/emulated-oauth.ts'
import type { VendorGate } from '../fakes/vendor-gate.ts'
import { type OAuthHouse, oauthHouse, PATIENCE } from '../helpers/oauth-house.ts'

/** The composed house at emulated services that take no token which they have not given out, or have taken back. */
const gates = new Map<EmulatedService, VendorGate>()
let house: OAuthHouse
let agent: string
let admin: string
beforeAll(async () => {
  process.env['EMULATED_SECRET'] = EMULATED_CLIENT.secret
  house = await oauthHouse(async (redirectUri) => {
    for (const service of ['github', 'slack', 'google'] as const) {
      gates.set(service, await emulatedOAuth(service, redirectUri))
    }
    const at = (service: EmulatedService, path = ''): string => `${gates.get(service)?.url ?? ''}${path}`
    const client = { clientId: EMULATED_CLIENT.id, clientSecret: { env: 'EMULATED_SECRET' } }
    const connection = (provider: string, baseUrl: string) => ({
      provider,
      auth: { method: 'oauth' },
      baseUrl,
      allowPrivateNetwork: true,
    })
    return {
      connections: {
        github: connection('github', at('github')),
        slack: connection('slack', at('slack', '/api')),
        gmail: connection('gmail', at('google')),
      },
      oauthClients: {
        github: {
          ...client,
          authorizeUrl: at('github', '/login/oauth/authorize'),
          tokenUrl: at('github', '/login/oauth/access_token'),
          revokeUrl: at('github', `/applications/${EMULATED_CLIENT.id}/token`),
        },
        slack: {
          ...client,
          authorizeUrl: at('slack', '/oauth/v2/authorize'),
          tokenUrl: at('slack', '/api/oauth.v2.access'),
          revokeUrl: at('slack', '/api/auth.revoke'),
        },
        gmail: {
          ...client,
          authorizeUrl: at('google', '/o/oauth2/v2/auth'),
          tokenUrl: at('google', '/token'),
          revokeUrl: at('google', '/revoke'),
        },
      },
    }
  })
  agent = await house.agent('sidekick')
  admin = await house.person('root', ['admin'])
})
afterAll(async () => {
  await house?.close()
  await Promise.all([...gates.values()].map((gate) => gate.close()))
})

async function connect(provider: string): Promise<void> {
  const begun = await house.ask('GET', `/api/oauth/${provider}/authorize`)
  expect(begun.status, begun.text).toBe(200)
  const own = await house.browser(admin)
  const page = await own.agree(await own.submit(await own.open(String(begun.body['link']))), {}, MAILBOX)
  expect(page.text, page.text).toContain('Connected')
}

describe('an account at an emulated service', () => {
  it.each([
    ['github', 'conn:github:get_current_user', '"ann"'],
    ['slack', 'conn:slack:list_channels', '"general"'],
    ['gmail', 'conn:gmail:get_profile', MAILBOX],
  ])('%s: is connected, called, disconnected there too, and connected again', async (provider, tool, proof) => {
    const call = async (): Promise<string> => (await house.call(agent, tool)).text
    await connect(provider)
    await expect.poll(call, PATIENCE).toContain(proof)
    const revoked = await house.ask('POST', `/api/connections/${provider}/revoke`, { body: {} })
    expect(revoked.body).toMatchObject({ removed: 1, endedAtVendor: 1 })
    expect(await call()).not.toContain(proof)
    await connect(provider)
    await expect.poll(call, PATIENCE).toContain(proof)
  })
})
