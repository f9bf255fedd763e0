import type { Context } from 'hono'
import type { ReplayBook } from '../admin/replay-book.ts'
import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Reply } from './route.ts'

const KEY = /^[\x21-\x7e]{1,255}$/

interface Asking {
  readonly context: Context
  readonly principal: Principal | undefined
}

/**
 * Runs a creating request, at most once for its `Idempotency-Key` where it has one (draft-ietf-httpapi-idempotency-key-header).
 * The same caller, address, key and body within 24 hours get the same answer, marked `Idempotency-Replayed: true`; answers
 * are kept sealed, for they may hold a key that is shown once. Throws `idempotency_conflict`.
 */
export async function once(
  replays: ReplayBook,
  { context: c, principal }: Asking,
  body: string,
  work: () => Promise<Reply | Response>,
): Promise<Reply | Response> {
  const key = c.req.header('idempotency-key')
  if (key === undefined || principal === undefined) return work()
  if (!KEY.test(key)) {
    throw new GatewayError(
      'invalid_request',
      'An Idempotency-Key has 1 to 255 visible ASCII characters, such as a UUID.',
    )
  }
  const { pathname, search } = new URL(c.req.url)
  const request = { principal: principal.id, route: `${c.req.method} ${pathname}${search}`, key, body }
  let fresh: Reply | undefined
  const kept = await replays.once(request, async () => {
    fresh = refuseRaw(await work())
    return toKept(fresh)
  })
  return fresh ?? fromKept(kept)
}

/** What is not data cannot be kept. */
function refuseRaw(reply: Reply | Response): Reply {
  if (!(reply instanceof Response)) return reply
  throw new GatewayError('internal', 'A route that creates something answers with data.')
}

const toKept = ({ status, body, version, headers = {} }: Reply): JsonObject => {
  const json: Json = JSON.parse(JSON.stringify({ status, body, version, headers }))
  return isJsonObject(json) ? json : {}
}

const STATUSES: readonly Reply['status'][] = [200, 201, 202, 204]

function fromKept({ status, body, version, headers }: JsonObject): Reply {
  const texts = Object.entries(isJsonObject(headers) ? headers : {}).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  )
  return {
    status: STATUSES.find((known) => known === status) ?? 200,
    body,
    ...((typeof version === 'string' || typeof version === 'number') && { version }),
    headers: { ...Object.fromEntries(texts), 'idempotency-replayed': 'true' },
  }
}
