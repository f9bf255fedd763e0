import { loopbackEmulator } from '../demo/loopback-emulator.ts'
import { githubSeed, gmailSeed, MAILBOX, slackSeed } from '../demo/vendor-seeds.ts'
import { vendorGate, type AtGate, type GateOAuth, type VendorGate } from './vendor-gate.ts'

export type EmulatedService = 'github' | 'slack' | 'google'

/** The client that is registered with each emulated service. */
export const EMULATED_CLIENT = { id: 'gatehouse-client', secret: 'emulated-client-secret' } as const

const bearerOf = ({ authorization }: AtGate): string => authorization.replace(/^Bearer /, '')

const OAUTH: Readonly<Record<EmulatedService, GateOAuth>> = {
  google: {
    open: ['/o/oauth2/'],
    tokenPath: '/token',
    rewrites: { '/token': '/oauth2/token', '/revoke': '/oauth2/revoke' },
    revoked: ({ path, body }) =>
      path === '/revoke' ? { token: new URLSearchParams(body).get('token') ?? '' } : undefined,
  },
  slack: {
    open: ['/oauth/v2/'],
    tokenPath: '/api/oauth.v2.access',
    revoked: (asked) =>
      asked.path === '/api/auth.revoke'
        ? { token: bearerOf(asked), answer: Response.json({ ok: true, revoked: true }) }
        : undefined,
  },
  github: {
    open: ['/login/oauth/'],
    tokenPath: '/login/oauth/access_token',
    revoked({ path, method, authorization, body }) {
      if (method !== 'DELETE' || path !== `/applications/${EMULATED_CLIENT.id}/token`) return undefined
      const isClient =
        authorization === `Basic ${Buffer.from(`${EMULATED_CLIENT.id}:${EMULATED_CLIENT.secret}`).toString('base64')}`
      if (!isClient) return { token: '', answer: Response.json({ message: 'Not Found' }, { status: 404 }) }
      const { access_token: token } = JSON.parse(body) as { access_token: string }
      return { token, answer: new Response(null, { status: 204 }) }
    },
  },
}
const REFUSALS: Readonly<Record<EmulatedService, { status: number; body: unknown }>> = {
  google: { status: 401, body: { error: { code: 401, status: 'UNAUTHENTICATED' } } },
  slack: { status: 200, body: { ok: false, error: 'invalid_auth' } },
  github: { status: 401, body: { message: 'Bad credentials' } },
}

const PROFILE = { emailAddress: MAILBOX, messagesTotal: 3, threadsTotal: 2 }

/** A service with OAuth behind a gate that refuses tokens which it has not seen issued, or has seen revoked. */
export async function emulatedOAuth(service: EmulatedService, redirectUri: string): Promise<VendorGate> {
  const registered = {
    client_id: EMULATED_CLIENT.id,
    client_secret: EMULATED_CLIENT.secret,
    name: 'Gatehouse',
    redirect_uris: [redirectUri],
  }
  const seeds = {
    google: { google: { ...gmailSeed, oauth_clients: [registered] } },
    slack: { slack: { ...slackSeed, oauth_apps: [registered] } },
    github: { github: { ...githubSeed, oauth_apps: [registered] } },
  }
  const emulator = await loopbackEmulator(service, { ...seeds[service], tokens: {} })
  const gate = await vendorGate({
    port: emulator.port,
    refusal: REFUSALS[service],
    oauth: OAUTH[service],
    // The emulator has no profile; it is what tells whose mailbox this is.
    ...(service === 'google' && { answers: { '/gmail/v1/users/me/profile': PROFILE } }),
  })
  return {
    url: gate.url,
    close: async () => {
      await gate.close()
      await emulator.close()
    },
  }
}
