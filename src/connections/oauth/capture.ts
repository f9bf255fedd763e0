import { GatewayError } from '../../kernel/errors.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { at } from '../../provider-kit/pointer.ts'
import type { Capture } from '../../provider-kit/provider.ts'
import { refusalError, unusable } from './failure.ts'
import { addressOf, serviceOf, type OAuthTarget } from './target.ts'
import { send, type WireDeps } from './wire.ts'

/** Ids, names, addresses. Characters. */
const MOST_CHARACTERS = 1_000

/** Where captured values can come from. */
export interface CaptureSources {
  readonly answer: JsonObject
  /** Only when a person has just come back. */
  readonly params?: URLSearchParams
  /** Only for a new grant. */
  readonly accessToken?: string
}

/**
 * What the manifest wants to be remembered. A value that is not in the token answer is left out, since several
 * depend on what was granted; one that the callback or a request should have given is `oauth_failed`.
 */
export async function capture(
  deps: WireDeps,
  target: OAuthTarget,
  sources: CaptureSources,
  signal: AbortSignal,
): Promise<JsonObject> {
  const found: Record<string, string | number | boolean> = {}
  const asked = new Map<string, Promise<unknown>>()
  for (const [name, wanted] of Object.entries(target.spec.capture ?? {})) {
    if (!isAvailable(wanted, sources)) continue
    const value = await valueOf(deps, target, wanted, { sources, asked }, signal)
    if (isPlain(value)) found[name] = value
    else if (wanted.from !== 'token') throw missing(target, name, wanted)
  }
  return found
}

const isAvailable = ({ from }: Capture, { params, accessToken }: CaptureSources): boolean =>
  from === 'token' || (from === 'callback' ? params !== undefined : accessToken !== undefined)

async function valueOf(
  deps: WireDeps,
  target: OAuthTarget,
  { from, at: pointer, url = '' }: Capture,
  { sources, asked }: { readonly sources: CaptureSources; readonly asked: Map<string, Promise<unknown>> },
  signal: AbortSignal,
): Promise<unknown> {
  if (from === 'token') return at(sources.answer, pointer)
  if (from === 'callback') return onlyOne(sources.params?.getAll(pointer) ?? [])
  const answer = asked.get(url) ?? ask(deps, target, url, sources.accessToken ?? '', signal)
  asked.set(url, answer)
  return at(await answer, pointer)
}

async function ask(
  deps: WireDeps,
  target: OAuthTarget,
  template: string,
  accessToken: string,
  signal: AbortSignal,
): Promise<unknown> {
  const url = addressOf(target, template)
  const headers = { accept: 'application/json', authorization: `Bearer ${accessToken}` }
  const reply = await send(deps, target, { url: url.href, method: 'GET', headers }, signal)
  if (reply.status < 200 || reply.status > 299) {
    throw refusalError('capture', url.host, { status: reply.status, retryAfterMs: reply.retryAfterMs })
  }
  try {
    return JSON.parse(reply.text)
  } catch {
    throw unusable(url.host, 'it is not JSON')
  }
}

/** A parameter that is there twice could be read in two ways. */
const onlyOne = (values: readonly string[]): string | undefined => (values.length === 1 ? values[0] : undefined)

const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === 'number' ||
  typeof value === 'boolean' ||
  (typeof value === 'string' && value !== '' && value.length <= MOST_CHARACTERS)

const missing = (target: OAuthTarget, name: string, { from }: Capture): GatewayError =>
  new GatewayError(
    'oauth_failed',
    from === 'callback'
      ? `${serviceOf(target)} did not say its ${name} when it sent you back. Connect again.`
      : `${serviceOf(target)} names no ${name} for this account. Give the account access to what you want to connect, then connect again.`,
  )
