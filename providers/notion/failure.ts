import { at, failureByStatus, retryAfter, type VendorFailure, type WireReply } from '#provider-kit'

/** What to do about the refusals that a caller meets most. */
const ADVICE: Readonly<Record<string, string>> = {
  object_not_found: 'Notion shows only pages that were shared with the connection: in Notion, page menu, Connections.',
  restricted_resource: 'The connection lacks a capability, such as inserting content or reading comments.',
}

/** Reads Notion's refusals; an overload comes as 529. https://developers.notion.com/reference/status-codes */
export function notionFailure(reply: WireReply): VendorFailure | undefined {
  const failure = failureByStatus(reply, { message: ['/message', '/error_description', '/error', '/code'] })
  if (!failure) return undefined
  if (reply.status === 529) return { ...failure, kind: 'rate_limit_exceeded', ...retryAfter(reply) }
  const code = at(reply.body, '/code')
  const advice = typeof code === 'string' && Object.hasOwn(ADVICE, code) ? ` ${ADVICE[code]}` : ''
  return { ...failure, message: `${failure.message}${advice}` }
}
