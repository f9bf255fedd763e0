import type { Context } from 'hono'
import { getCookie, setCookie } from 'hono/cookie'

const NAME = 'gatehouse-connect'
/** As long as a flow lives. */
const MAX_AGE_SECONDS = 600

/**
 * The cookie that binds flows to one browser. `__Host-` (RFC 6265bis §4.1.3) over https; without it on plain http, which
 * only loopback has: browsers drop such cookies there. Lax, since the service sends the person back from another site.
 */
export interface BrowserCookie {
  read(c: Context): string | undefined
  write(c: Context, token: string): void
}

export function browserCookie(publicUrl: () => URL): BrowserCookie {
  const isSecure = (): boolean => publicUrl().protocol === 'https:'
  const options = { path: '/', httpOnly: true, sameSite: 'Lax', maxAge: MAX_AGE_SECONDS } as const
  return {
    read: (c) => (isSecure() ? getCookie(c, NAME, 'host') : getCookie(c, NAME)),
    write: (c, token) =>
      isSecure()
        ? setCookie(c, NAME, token, { ...options, secure: true, prefix: 'host' })
        : setCookie(c, NAME, token, options),
  }
}
