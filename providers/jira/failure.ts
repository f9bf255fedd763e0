import { at, failureByStatus, wordsOf, type VendorFailure, type WireReply } from '#provider-kit'

const MOST_ERRORS = 5

/**
 * Reads Jira's refusals: its words lie in a list or under the field they are about, a missing scope comes as 401, and a
 * wrong API token can come as an answer for strangers. https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#status-codes
 */
export function jiraFailure(reply: WireReply): VendorFailure | undefined {
  if (isStranger(reply)) {
    return { kind: 'reauth', message: 'Jira did not accept the mail address and API token' }
  }
  const failure = failureByStatus(reply, { message: ['/errorMessages/0', '/message', '/error_description', '/error'] })
  if (!failure) return undefined
  if (failure.kind === 'rate_limit_exceeded') return { ...failure, ...resetOf(reply, failure) }
  if (reply.status === 401 && /scope does not match/i.test(failure.message)) {
    return { ...failure, kind: 'missing_scope' }
  }
  if (failure.kind === 'not_found') {
    return { ...failure, message: `${failure.message} (Jira answers so too when the account may not see it)` }
  }
  return {
    ...failure,
    message: [...generalWords(failure.message, reply), ...fieldErrors(reply)].join('; ') || failure.message,
  }
}

/** Without its own words a refusal reads as its bare status. */
const generalWords = (message: string, { status }: WireReply): readonly string[] =>
  message === `HTTP ${status}` ? [] : [message]

/** With a bad API token Jira goes on as if nobody had signed in, and says so in a header only. */
const isStranger = ({ headers }: WireReply): boolean =>
  /AUTHENTICATED_FAILED|AUTHENTICATION_DENIED/.test(headers['x-seraph-loginreason'] ?? '')

/** Atlassian names the moment as ISO 8601 where it gives no delay. */
function resetOf({ headers }: WireReply, { retryAfterMs, retryAt }: VendorFailure): Pick<VendorFailure, 'retryAt'> {
  const moment = retryAfterMs ?? retryAt ?? Date.parse(headers['x-ratelimit-reset'] ?? '')
  return retryAfterMs === undefined && !Number.isNaN(moment) ? { retryAt: moment } : {}
}

/** Such as `summary: You must specify a summary of the issue.` */
function fieldErrors(reply: WireReply): readonly string[] {
  const errors = at(reply.body, '/errors')
  if (typeof errors !== 'object' || errors === null || Array.isArray(errors)) return []
  return Object.keys(errors)
    .slice(0, MOST_ERRORS)
    .map((field) => `${field.slice(0, 100)}: ${wordsOf(reply, [`/errors/${escapeToken(field)}`])}`)
}

/** RFC 6901 §3. */
const escapeToken = (field: string): string => field.replaceAll('~', '~0').replaceAll('/', '~1')
