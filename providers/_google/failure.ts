import { at, failureByStatus, retryAfter, type VendorFailure, type WireReply } from '#provider-kit'

const LIMIT_REASONS = ['rateLimitExceeded', 'userRateLimitExceeded', 'dailyLimitExceeded', 'quotaExceeded']
const SCOPE_REASONS = ['insufficientPermissions', 'ACCESS_TOKEN_SCOPE_INSUFFICIENT']

/**
 * Reads Google's refusals: a used up quota comes as 429 or as 403 with a reason, and Gmail names the moment to try
 * again only in the words. https://developers.google.com/workspace/gmail/api/guides/handle-errors
 */
export function googleFailure(reply: WireReply): VendorFailure | undefined {
  const failure = failureByStatus(reply, { message: ['/error/message', '/error_description', '/error'] })
  if (!failure) return undefined
  const reasons = reasonsOf(reply)
  if (failure.kind === 'rate_limit_exceeded' || reasons.some((reason) => LIMIT_REASONS.includes(reason))) {
    return {
      kind: 'rate_limit_exceeded',
      message: failure.message,
      ...retryAfter(reply),
      ...retryInWords(failure.message),
    }
  }
  if (reply.status === 403 && reasons.some((reason) => SCOPE_REASONS.includes(reason))) {
    return { kind: 'missing_scope', message: failure.message }
  }
  return failure
}

/** The machine-readable reasons: `errors[].reason` of the older form, `details[].reason` of the newer one. */
function reasonsOf({ body }: WireReply): readonly string[] {
  return [at(body, '/error/errors'), at(body, '/error/details')]
    .flatMap((list) => (Array.isArray(list) ? list.slice(0, 10) : []))
    .map((entry: unknown) => at(entry, '/reason'))
    .filter((reason) => typeof reason === 'string')
}

/** "User-rate limit exceeded. Retry after 2026-01-31T10:00:00.000Z" */
function retryInWords(message: string): Pick<VendorFailure, 'retryAt'> {
  const moment = /Retry after (\d{4}-\d{2}-\d{2}T[\d:.]{5,20}Z)/i.exec(message)?.[1]
  const retryAt = moment === undefined ? Number.NaN : Date.parse(moment)
  return Number.isNaN(retryAt) ? {} : { retryAt }
}
