import { at, failureByStatus, retryAfter, wordsOf, type VendorFailure, type WireReply } from '#provider-kit'

type Kind = VendorFailure['kind']

/** Slack's error codes that the rules below do not cover. Lists: https://docs.slack.dev/reference/methods */
const KINDS: Readonly<Record<string, Kind>> = {
  not_authed: 'reauth',
  invalid_auth: 'reauth',
  token_revoked: 'reauth',
  token_expired: 'reauth',
  account_inactive: 'reauth',
  missing_scope: 'missing_scope',
  not_allowed_token_type: 'missing_scope',
  ratelimited: 'rate_limit_exceeded',
  rate_limit_exceeded: 'rate_limit_exceeded',
  message_limit_exceeded: 'rate_limit_exceeded',
  not_in_channel: 'forbidden',
  is_archived: 'forbidden',
  restricted_action: 'forbidden',
  access_denied: 'forbidden',
  ekm_access_denied: 'forbidden',
  no_permission: 'forbidden',
  team_access_not_granted: 'forbidden',
  org_login_required: 'forbidden',
  cant_update_message: 'forbidden',
  cant_delete_message: 'forbidden',
  edit_window_closed: 'forbidden',
  compliance_exports_prevent_deletion: 'forbidden',
  internal_error: 'upstream',
  fatal_error: 'upstream',
  request_timeout: 'upstream',
  service_unavailable: 'upstream',
  team_added_to_org: 'upstream',
}

/** What to do about the errors that a caller meets most. */
const ADVICE: Readonly<Record<string, string>> = {
  channel_not_found: 'Take the id from list_channels; private channels only exist for members.',
  not_in_channel: 'Somebody in the channel must first invite the app: /invite @its-name.',
  message_not_found: 'Take channel and ts together from read_channel_history or read_thread.',
  thread_not_found: 'thread_ts must be the ts of the first message of the thread.',
  users_not_found: 'Nobody in this workspace has this address.',
  not_allowed_token_type: 'This needs a user token (xoxp-…); the connection has another kind.',
  cant_update_message: 'Only messages that this connection sent itself can be changed.',
  cant_delete_message: 'Only messages that this connection sent itself can be deleted.',
  time_in_past: 'post_at must be in the future.',
  time_too_far: 'post_at may be at most 120 days ahead.',
}

/**
 * Slack refuses with HTTP 200 and `ok: false`; only its edge uses status codes.
 * https://docs.slack.dev/apis/web-api/#responses
 */
export function slackFailure(reply: WireReply): VendorFailure | undefined {
  const byStatus = failureByStatus(reply, { message: ['/error'] })
  if (at(reply.body, '/ok') === true) return byStatus
  const code = at(reply.body, '/error')
  if (typeof code !== 'string') {
    return byStatus ?? { kind: 'upstream', message: 'The answer is not one of the Slack API.' }
  }
  // Reacting twice is what the caller wanted: the reaction is there.
  if (code === 'already_reacted') return undefined
  const kind = byStatus?.kind === 'rate_limit_exceeded' ? 'rate_limit_exceeded' : kindOf(code)
  return { kind, message: `${wordsOf(reply, ['/error'])}${explain(reply, code)}`, ...retryAfter(reply) }
}

function kindOf(code: string): Kind {
  if (Object.hasOwn(KINDS, code)) return KINDS[code] ?? 'invalid_input'
  return code.endsWith('_not_found') ? 'not_found' : 'invalid_input'
}

function explain(reply: WireReply, code: string): string {
  if (code === 'missing_scope') return missingScope(reply)
  return Object.hasOwn(ADVICE, code) ? `: ${ADVICE[code]}` : ''
}

function missingScope(reply: WireReply): string {
  const [needed, provided] = ['/needed', '/provided'].map((pointer) => at(reply.body, pointer))
  if (typeof needed !== 'string') return ''
  const has = typeof provided === 'string' ? `, it has ${provided.slice(0, 500)}` : ''
  return `: the app needs the scope ${needed.slice(0, 200)}${has}. Add it and reinstall the app.`
}
