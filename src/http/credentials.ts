import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { CredentialRequest } from '../identity/identity.ts'

/** What proxies add. Behind one, the peer's address says nothing about the caller. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']

/** What a request brings to prove who it is. Works on every route of an application served by `listen`. */
export function credentialsOf(c: Context): CredentialRequest {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>
  const proxied = PROXY_HEADERS.some((header) => c.req.header(header) !== undefined)
  return {
    authorization: c.req.header('authorization'),
    agentHeader: c.req.header('gatehouse-agent'),
    remoteAddress: proxied ? undefined : incoming?.socket.remoteAddress,
  }
}
