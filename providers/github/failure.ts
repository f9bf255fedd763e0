import { at, failureByStatus, retryAfter, wordsOf, type VendorFailure, type WireReply } from '#provider-kit'

/** GitHub asks to wait at least a minute when it names no delay. */
const SECONDARY_LIMIT_MS = 60_000
const MOST_DETAILS = 5
/** What `wordsOf` says of a 422 that has no words in that place. */
const NOTHING = 'HTTP 422'

/**
 * Reads GitHub's refusals: a used up quota comes as 403 or 429, and 404 also stands for "you may not see it".
 * https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
 */
export function githubFailure(reply: WireReply): VendorFailure | undefined {
  const failure = failureByStatus(reply, { message: ['/message'] })
  if (!failure) return undefined
  return rateLimit(reply, failure.message) ?? { ...failure, ...reading(reply, failure) }
}

function reading(reply: WireReply, { message }: VendorFailure): Partial<VendorFailure> {
  const { status } = reply
  if (status >= 300 && status < 400) {
    return { kind: 'not_found', message: 'The repository moved or was renamed. Look up its present name.' }
  }
  if (status === 403 && /not accessible by|must have|SAML/i.test(message)) {
    return { kind: 'missing_scope', message: `${message}${accepted(reply)}` }
  }
  if (status === 404) {
    return { message: `${message} (GitHub answers so too when the token may not see it)` }
  }
  if (status === 405) return { kind: 'conflict' }
  return status === 422 ? { message: `${message}${details(reply)}` } : {}
}

/** https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit */
function rateLimit(reply: WireReply, message: string): VendorFailure | undefined {
  if (reply.status !== 403 && reply.status !== 429) return undefined
  if (reply.headers['retry-after'] !== undefined) return { kind: 'rate_limit_exceeded', message, ...retryAfter(reply) }
  if (reply.headers['x-ratelimit-remaining'] === '0') {
    return { kind: 'rate_limit_exceeded', message, ...retryAfter(reply, 'x-ratelimit-reset') }
  }
  const isLimit = reply.status === 429 || /rate limit|abuse detection/i.test(message)
  return isLimit ? { kind: 'rate_limit_exceeded', message, retryAfterMs: SECONDARY_LIMIT_MS } : undefined
}

/** What the token would need; the one header is for fine-grained tokens and apps, the other for classic scopes. */
function accepted({ headers }: WireReply): string {
  const needed = headers['x-accepted-github-permissions'] ?? headers['x-accepted-oauth-scopes']
  return needed ? ` (needed: ${needed.slice(0, 200)})` : ''
}

/** Which field GitHub did not like, in its own words or by its code, such as `missing_field (title)`. */
function details(reply: WireReply): string {
  const errors = at(reply.body, '/errors')
  if (!Array.isArray(errors)) return ''
  const words = errors.slice(0, MOST_DETAILS).map((_, index) => {
    const error = `/errors/${index}`
    const field = wordsOf(reply, [`${error}/field`])
    return wordsOf(reply, [`${error}/message`, error, `${error}/code`]).concat(field === NOTHING ? '' : ` (${field})`)
  })
  return words.length > 0 ? `: ${words.join('; ')}` : ''
}
