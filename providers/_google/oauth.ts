import { bearer, oauth2, type AuthMethod } from '#provider-kit'

/** Not of any product: who signed in. */
const IDENTITY_SCOPES = ['openid', 'https://www.googleapis.com/auth/userinfo.email']

/**
 * Google's ways to sign in, the same for all of its products: OAuth with a refresh token that stays as it is, or an
 * access token from elsewhere. https://developers.google.com/identity/protocols/oauth2/web-server
 */
export const googleAuth: readonly AuthMethod[] = [
  bearer({
    title: 'Access token',
    label: 'Access token',
    pattern: '^[\\x21-\\x7e]{8,}$',
    description: 'From elsewhere, for a trial: it ends within an hour. Use OAuth to stay connected.',
    placeholder: 'ya29.…',
  }),
  oauth2({
    title: 'Sign in with Google',
    authorizeUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
    tokenUrl: 'https://oauth2.googleapis.com/token',
    // Without `consent` Google gives the refresh token only to the first of several sign-ins.
    authorizeParams: { access_type: 'offline', prompt: 'consent', include_granted_scopes: 'true' },
    baseScopes: IDENTITY_SCOPES,
    refresh: 'static',
    lifetimeMs: 3_600_000,
    revoke: {
      url: 'https://oauth2.googleapis.com/revoke',
      token: 'refresh_token',
      auth: 'none',
      body: 'form',
      param: 'token',
    },
  }),
]
