import { GatewayError } from '../kernel/errors.ts'
import type { Action, WireBody, WireRequest } from '../provider-kit/index.ts'

/** An address and headers that are ready for the credential. Header names are in lower case. */
export interface ReadyRequest {
  readonly url: URL
  readonly method: WireRequest['method']
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

const RANK = { read: 0, write: 1, destructive: 2 } as const
/** Some vendors read with POST, so only these methods say more than an action may. */
const METHOD_RANK: Partial<Record<WireRequest['method'], number>> = { PUT: 1, PATCH: 1, DELETE: 2 }

/**
 * Joins what an action asks for with the connection's base URL and headers. Throws `internal` when the
 * address would not be exactly base + path, or the method does more than the action's effect says: then the manifest is
 * wrong, and nothing is sent.
 */
export function toReadyRequest(
  wire: WireRequest,
  effect: Action['effect'],
  base: URL,
  headers: Readonly<Record<string, string>>,
): ReadyRequest {
  if ((METHOD_RANK[wire.method] ?? 0) > RANK[effect]) {
    throw new GatewayError('internal', `A ${effect} action asked for ${wire.method}. Nothing was sent.`)
  }
  const url = toUrl(wire, base)
  const body = wire.body && encode(wire.body)
  const ready = {
    ...lowerCase(headers),
    ...lowerCase(wire.headers ?? {}),
    ...(body ? { 'content-type': body.contentType } : {}),
  }
  return { url, method: wire.method, headers: ready, body: body?.text }
}

function toUrl(wire: WireRequest, base: URL): URL {
  const prefix = base.pathname.replace(/\/$/, '')
  const text = `${base.origin}${prefix}${wire.path}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isExact =
    wire.path.startsWith('/') &&
    url?.origin === base.origin &&
    url.pathname === `${prefix}${wire.path}` &&
    !url.search &&
    !url.hash
  if (!url || !isExact) {
    throw new GatewayError(
      'internal',
      `An action asked for a path that leaves its service's address. Nothing was sent.`,
    )
  }
  for (const [name, value] of Object.entries(wire.query ?? {})) {
    const values = Array.isArray(value) ? (value as readonly (string | number)[]) : value === undefined ? [] : [value]
    for (const one of values) url.searchParams.append(name, String(one))
  }
  return url
}

function encode(body: WireBody): { readonly text: string; readonly contentType: string } {
  if ('json' in body) return { text: JSON.stringify(body.json), contentType: 'application/json' }
  if ('text' in body) return body
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(body.form)) if (value !== undefined) form.append(name, String(value))
  return { text: form.toString(), contentType: 'application/x-www-form-urlencoded' }
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
