import type { HttpBindings } from '@hono/node-server'
import type { Context } from 'hono'
import type { CredentialRequest } from '../identity/identity.ts'

/** What proxies add. Behind one, the peer's address says nothing about the caller. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']

/** What a request brings to prove who it is. Works on every route of an application served by `listen`. */
export function credentialsOf(c: Context): CredentialRequest {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>
  return toCredentials((name) => c.req.header(name), incoming?.socket.remoteAddress)
}

/** The same of headers and the peer's address. */
export function toCredentials(
  header: (name: string) => string | undefined,
  peer: string | undefined,
): CredentialRequest {
  return {
    authorization: header('authorization'),
    agentHeader: header('gatehouse-agent'),
    remoteAddress: PROXY_HEADERS.some((name) => header(name) !== undefined) ? undefined : peer,
  }
}
