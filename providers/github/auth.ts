import { bearer, oauth2, type AuthMethod } from '#provider-kit'

/**
 * GitHub's ways to sign in: a personal access token (fine-grained or classic), an OAuth app, whose tokens carry scopes
 * and do not expire, or a GitHub App, whose tokens carry the app's permissions and rotate.
 * https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 */
export const githubAuth: readonly AuthMethod[] = [
  bearer({
    title: 'Personal access token',
    label: 'Token',
    pattern: '^[\\x21-\\x7e]{8,255}$',
    description: 'From github.com/settings/personal-access-tokens, for the repositories that the actions are for.',
    placeholder: 'github_pat_…',
  }),
  oauth2({
    title: 'Sign in with GitHub',
    authorizeUrl: 'https://github.com/login/oauth/authorize',
    tokenUrl: 'https://github.com/login/oauth/access_token',
    // GitHub answers in a form otherwise, and refuses with status 200.
    tokenHeaders: { accept: 'application/json' },
    errorAt: { errorPointer: '/error' },
    errorCodes: {
      bad_refresh_token: 'invalid_grant',
      bad_verification_code: 'invalid_grant',
      incorrect_client_credentials: 'invalid_client',
    },
    scopes: ['repo', 'public_repo'],
    // Only a GitHub App's tokens come with an end and a refresh token.
    refresh: 'rotating',
    revoke: {
      url: 'https://api.github.com/applications/{client_id}/token',
      method: 'DELETE',
      token: 'access_token',
      auth: 'client',
      body: 'json',
      param: 'access_token',
    },
  }),
]
