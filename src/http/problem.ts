import type { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { PROBLEMS } from '../kernel/problem.ts'

/** RFC 9457. `code` is for programs, `detail` for people; `instance` finds the request in the logs. */
export function problemOf(error: GatewayError, requestId: string): JsonObject {
  const { status, title } = PROBLEMS[error.code]
  return {
    type: `urn:gatehouse:problem:${error.code}`,
    title,
    status,
    detail: error.message,
    instance: `urn:gatehouse:request:${requestId}`,
    code: error.code,
    ...(Object.keys(error.data).length > 0 && { data: error.data }),
  }
}

/** The failure as an HTTP response. `challenge` makes the `WWW-Authenticate` header where one is due. */
export function problemResponse(
  error: GatewayError,
  requestId: string,
  challenge: (error: GatewayError) => string,
): Response {
  const { status } = PROBLEMS[error.code]
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' }
  if (status === 401 || error.data['error'] === 'insufficient_scope') headers['www-authenticate'] = challenge(error)
  // what is left of the body stays unread, so that nothing else can follow it
  if (status === 413) headers['connection'] = 'close'
  const { retryAfterMs, allow } = error.data
  if (status === 405 && typeof allow === 'string') headers['allow'] = allow
  if (typeof retryAfterMs === 'number') headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
  return new Response(JSON.stringify(problemOf(error, requestId)), { status, headers })
}
