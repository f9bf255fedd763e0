import { bearer, oauth2, type AuthMethod } from '#provider-kit'

const READING = ['channels', 'groups', 'im', 'mpim'].flatMap((kind) => [`${kind}:read`, `${kind}:history`])
/** Granted to bots and to people alike. */
const SCOPES = [...READING, 'users:read', 'users:read.email', 'chat:write', 'reactions:write']

/** What both sign-ins share. https://docs.slack.dev/authentication/installing-with-oauth */
const slackOAuth = {
  authorizeUrl: 'https://slack.com/oauth/v2/authorize',
  tokenUrl: 'https://slack.com/api/oauth.v2.access',
  scopeSeparator: ',',
  // To turn PKCE on makes a Slack app a public client for good.
  pkce: false,
  errorAt: { okPointer: '/ok', errorPointer: '/error' },
  errorCodes: {
    invalid_code: 'invalid_grant',
    code_already_used: 'invalid_grant',
    oauth_authorization_url_mismatch: 'invalid_grant',
    invalid_refresh_token: 'invalid_grant',
    token_expired: 'invalid_grant',
    token_revoked: 'invalid_grant',
    invalid_auth: 'invalid_grant',
    invalid_client_id: 'invalid_client',
    bad_client_secret: 'invalid_client',
    bad_redirect_uri: 'redirect_uri_mismatch',
  },
  // Tokens end, and rotate, only where the app has token rotation turned on.
  refresh: 'rotating',
  revoke: { url: 'https://slack.com/api/auth.revoke', token: 'access_token', auth: 'bearer', body: 'none' },
} as const

const WORKSPACE = {
  team_id: { from: 'token', at: '/team/id' },
  team_name: { from: 'token', at: '/team/name' },
} as const

/** Slack's ways to sign in: a token of an installed app, or OAuth as the app's bot or as a person. */
export const slackAuth: readonly AuthMethod[] = [
  bearer({
    title: 'Bot or user token',
    label: 'Token',
    pattern: '^[\\x21-\\x7e]{8,512}$',
    description: 'From api.slack.com/apps, OAuth & Permissions, of an app that is installed in the workspace.',
    placeholder: 'xoxb-… or xoxp-…',
  }),
  oauth2({
    ...slackOAuth,
    title: 'Add to Slack, as a bot',
    scopes: SCOPES,
    capture: { ...WORKSPACE, bot_user_id: { from: 'token', at: '/bot_user_id' } },
  }),
  oauth2({
    ...slackOAuth,
    id: 'user',
    title: 'Sign in with Slack, as a person',
    // The person's token and scopes have names of their own beside the bot's.
    scopeParam: 'user_scope',
    tokenAt: '/authed_user',
    scopes: [...SCOPES, 'search:read'],
    capture: { ...WORKSPACE, user_id: { from: 'token', at: '/authed_user/id' } },
  }),
]
