import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import github from '../../providers/github/index.ts'
import gmail from '../../providers/gmail/index.ts'
import slack from '../../providers/slack/index.ts'
import type { OAuthTarget } from '../../src/connections/oauth/target.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { Provider } from '../../src/provider-kit/index.ts'
import { MAILBOX } from '../demo/vendor-seeds.ts'
import { EMULATED_CLIENT as CLIENT, emulatedOAuth, type EmulatedService as Service } from '../fakes/emulated-oauth.ts'
import { connectWorld, REDIRECT_URI } from '../fakes/oidc-world.ts'
import type { VendorGate } from '../fakes/vendor-gate.ts'

/**
 * The manifests as they are, their addresses turned to emulated services, behind a gate that refuses tokens which it has
 * not seen issued or has seen revoked. What the emulators lack is not shown: rotation at Slack and GitHub.
 */
const signal = new AbortController().signal
const gates = new Map<Service, VendorGate>()

/** A request that says who is asking, and what of its answer proves that the token works. */
const WHOAMI: Readonly<Record<Service, { path: string; method: string; proof: string }>> = {
  google: { path: '/oauth2/v2/userinfo', method: 'GET', proof: MAILBOX },
  slack: { path: '/api/auth.test', method: 'POST', proof: '"ok":true' },
  github: { path: '/user', method: 'GET', proof: '"login":"ann"' },
}

beforeAll(async () => {
  for (const service of ['google', 'slack', 'github'] as const) {
    gates.set(service, await emulatedOAuth(service, REDIRECT_URI))
  }
})
afterAll(async () => {
  await Promise.all([...gates.values()].map((running) => running.close()))
})

const gateOf = (service: Service): string => gates.get(service)?.url ?? ''

/** The manifest's own spec; only the origins are others. */
function targetOf(service: Service, provider: Provider, method = 'oauth'): OAuthTarget {
  const spec = provider.auth.find(({ id }) => id === method)?.oauth
  if (!spec) throw new Error(`${provider.id} has no method ${method}.`)
  const turned = JSON.parse(JSON.stringify(spec).replaceAll(/https:\/\/[^/"]+/g, gateOf(service))) as typeof spec
  return {
    spec: turned,
    client: { id: CLIENT.id, secret: new Secret(CLIENT.secret) },
    settings: {},
    allowPrivateNetwork: true,
  }
}

async function works(service: Service, token: string): Promise<boolean> {
  const { path, method, proof } = WHOAMI[service]
  const reply = await fetch(`${gateOf(service)}${path}`, { method, headers: { authorization: `Bearer ${token}` } })
  return (await reply.text()).includes(proof)
}

/** Connects ann's account through the pages. */
async function connect(target: OAuthTarget, scopes: readonly string[]) {
  const at = connectWorld({ targets: { notes: target } })
  onTestFinished(() => at.close())
  const page = await at.connect(await at.invite({ scopes }), await at.browser('ann'), MAILBOX)
  const [grant] = at.granted
  if (!grant) throw new Error(`Nothing was granted: ${page.text}`)
  expect(page.text).toContain('Connected')
  return { at, tokens: grant.tokens }
}

describe('connecting accounts at vendors, as their manifests say', () => {
  it('Google: PKCE, a refresh token that stays, an end at the vendor', async () => {
    const target = targetOf('google', gmail)
    const scopes = [...(target.spec.baseScopes ?? []), 'https://www.googleapis.com/auth/gmail.readonly']
    const { at, tokens } = await connect(target, scopes)
    expect(await works('google', tokens.accessToken.reveal())).toBe(true)
    expect(await works('google', 'never-issued')).toBe(false)
    expect(tokens).toMatchObject({ scopes, expiresAt: at.clock.now + 3_600_000 })
    const second = await at.engine.refresh(target, tokens, signal)
    expect(second.accessToken.reveal()).not.toBe(tokens.accessToken.reveal())
    expect(second.refreshToken?.reveal()).toBe(tokens.refreshToken?.reveal())
    const third = await at.engine.refresh(target, second, signal)
    expect(await works('google', third.accessToken.reveal())).toBe(true)
    expect(await at.engine.revoke(target, third, signal)).toEqual({ outcome: 'revoked' })
    expect(await works('google', third.accessToken.reveal())).toBe(false)
    await expect(at.engine.refresh(target, third, signal)).rejects.toMatchObject({ code: 'invalid_grant' })
  })

  it('Slack as a bot: commas, refusals in a 200, a token without end, and the workspace is remembered', async () => {
    const target = targetOf('slack', slack)
    const { at, tokens } = await connect(target, ['channels:read', 'chat:write'])
    expect(tokens.accessToken.reveal()).toMatch(/^xoxb-/)
    expect(tokens).toMatchObject({
      expiresAt: undefined,
      refreshToken: undefined,
      scopes: ['channels:read', 'chat:write'],
      captured: { team_id: expect.any(String), team_name: 'Acme', bot_user_id: expect.any(String) },
    })
    expect(await works('slack', tokens.accessToken.reveal())).toBe(true)
    expect(await at.engine.revoke(target, tokens, signal)).toEqual({ outcome: 'revoked' })
    expect(await works('slack', tokens.accessToken.reveal())).toBe(false)
  })

  it('Slack as a person: scopes and token stand beside the bot’s', async () => {
    const { tokens } = await connect(targetOf('slack', slack, 'user'), ['chat:write', 'search:read'])
    expect(tokens.accessToken.reveal()).toMatch(/^xoxp-/)
    expect(tokens.scopes).toEqual(['chat:write', 'search:read'])
    expect(tokens.captured).toMatchObject({ user_id: expect.any(String), team_name: 'Acme' })
    expect(await works('slack', tokens.accessToken.reveal())).toBe(true)
  })

  it('GitHub: JSON on request, no refresh token, an end with the client’s own proof', async () => {
    const target = targetOf('github', github)
    const { at, tokens } = await connect(target, ['repo'])
    expect(tokens).toMatchObject({ expiresAt: undefined, refreshToken: undefined, scopes: ['repo'] })
    expect(await works('github', tokens.accessToken.reveal())).toBe(true)
    await expect(at.engine.refresh(target, tokens, signal)).rejects.toMatchObject({ code: 'invalid_grant' })
    expect(await at.engine.revoke(target, tokens, signal)).toEqual({ outcome: 'revoked' })
    expect(await works('github', tokens.accessToken.reveal())).toBe(false)
  })

  it.each([
    ['slack', slack],
    ['github', github],
    ['google', gmail],
  ] as const)(
    '%s: a wrong client secret is the client’s trouble, a code that is none the grant’s',
    async (service, provider) => {
      const target = targetOf(service, provider)
      const at = connectWorld({
        targets: { notes: { ...target, client: { ...target.client, secret: new Secret('wrong') } } },
      })
      onTestFinished(() => at.close())
      const flow = await at.invite()
      const ann = await at.browser('ann')
      const page = await at.connect(flow, ann, MAILBOX)
      expect(page.status).toBe(400)
      expect(await at.flows.view(flow.id)).toMatchObject({ status: 'failed', error: { code: 'invalid_credential' } })
      const state = 'state-of-this-test'
      const back = {
        params: new URLSearchParams({ code: 'made-up', state }),
        state,
        redirectUri: REDIRECT_URI,
        scopes: [],
      }
      await expect(at.engine.exchange(target, back, signal)).rejects.toMatchObject({ code: 'invalid_grant' })
    },
  )
})
