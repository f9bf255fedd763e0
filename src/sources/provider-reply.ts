import type { EgressReply } from '../egress/egress.ts'
import type { Clock } from '../kernel/clock.ts'
import type { CredentialOwnership } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { ErrorCode } from '../kernel/problem.ts'
import type { Action, VendorFailure, WireReply } from '../provider-kit/index.ts'

/** Deeper than any service's answer, and far from where recursive code overflows. */
const MAX_DEPTH = 128
const MAX_WORDS = 300

/**
 * What a manifest reads: JSON when the vendor says that it is JSON, else text; undefined when empty. Throws
 * `upstream_invalid` when a successful answer says JSON and is none, or is nested too deeply.
 */
export function toWireReply(reply: EgressReply, host: string, scrub: (text: string) => string): WireReply {
  const headers = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, scrub(value)]))
  const text = scrub(new TextDecoder().decode(reply.body))
  const isJson = /^application\/(?:[\w.+-]+\+)?json\b/i.test(headers['content-type'] ?? '')
  return { status: reply.status, headers, body: isJson ? parse(text, reply.status, host) : text || undefined }
}

function parse(text: string, status: number, host: string): unknown {
  if (text.trim() === '') return undefined
  if (isTooDeep(text)) {
    throw new GatewayError('upstream_invalid', `${host} sent JSON nested deeper than ${MAX_DEPTH} levels.`)
  }
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    // A failure is better told by its status than by the fault in its body.
    if (status >= 400) return text
    throw new GatewayError('upstream_invalid', `${host} sent JSON that cannot be read.`, { cause: error })
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0
  let inString = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (inString) {
      if (code === 0x5c) index++
      else if (code === 0x22) inString = false
    } else if (code === 0x22) inString = true
    else if ((code === 0x5b || code === 0x7b) && ++depth > MAX_DEPTH) return true
    else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}

const CODES: Readonly<Record<VendorFailure['kind'], ErrorCode>> = {
  reauth: 'connection_unusable',
  missing_scope: 'insufficient_scope',
  forbidden: 'upstream_refused',
  not_found: 'upstream_refused',
  invalid_input: 'upstream_refused',
  conflict: 'conflict',
  rate_limit_exceeded: 'rate_limit_exceeded',
  upstream: 'upstream_failed',
}

/** Whom a refusal is told to. */
export interface Telling {
  readonly title: string
  readonly ownership: CredentialOwnership
  readonly clock: Clock
}

/**
 * A vendor's refusal in the house's words; `data.reason` keeps the kind, `data.reauth` says that a person must connect
 * again, `data.retryAfterMs` is the delay asked for.
 */
export function toVendorError(failure: VendorFailure, { scopes }: Pick<Action, 'scopes'>, to: Telling): GatewayError {
  const retryAfterMs = delayOf(failure, to.clock)
  return new GatewayError(CODES[failure.kind], sentence(failure, scopes, to, retryAfterMs), {
    data: {
      reason: failure.kind,
      ...(failure.kind === 'reauth' && { reauth: true }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    },
  })
}

/** Why a credential is dead, as one sentence that others can go on from. */
export const toReason = (failure: VendorFailure, { title }: Telling): string =>
  `${title} no longer accepts the credential: ${trim(failure.message)}.`

/** What the credential was granted does not suffice; nothing was sent. `data.scopes` is what the action needs. */
export function toScopeError(
  { scopes }: Pick<Action, 'scopes'>,
  granted: readonly string[],
  to: Telling,
): GatewayError {
  const missing = scopes.map((all) => all.filter((scope) => !granted.includes(scope)))
  const again =
    to.ownership === 'shared'
      ? 'Ask an admin to connect it again and agree to'
      : 'Connect your account again and agree to'
  return new GatewayError(
    'insufficient_scope',
    `The credential for ${to.title} was not granted what this needs: ${inWords(missing)}. ${again} it. Nothing was sent.`,
    { data: { reason: 'missing_scope', scopes, missing } },
  )
}

const inWords = (scopes: Action['scopes']): string => scopes.map((all) => all.join(' and ')).join(', or ')

function sentence(
  failure: VendorFailure,
  scopes: Action['scopes'],
  { title, ownership }: Telling,
  retryAfterMs: number | undefined,
): string {
  const words = trim(failure.message)
  const needed = inWords(scopes)
  const isShared = ownership === 'shared'
  const sentences: Record<VendorFailure['kind'], string> = {
    reauth: `${title} needs to be reconnected: ${words}. ${isShared ? "Ask an admin to renew the connection's credential" : 'Connect your own account again'}.`,
    missing_scope: `${title} refused: ${words}. The connection's credential lacks a permission${needed && ` (needed: ${needed})`}.`,
    forbidden: `${title} does not allow this: ${words}. The account behind the connection may lack the right.`,
    not_found: `${title} did not find it: ${words}. Check the ids, or whether the connection's account may see it.`,
    invalid_input: `${title} refused the arguments: ${words}. Correct them and try again.`,
    conflict: `${title} reports a conflict: ${words}. Read the current state and try again.`,
    rate_limit_exceeded: `${title} asks to slow down: ${words}. ${retryAfterMs === undefined ? 'Try again later.' : `Try again in ${Math.ceil(retryAfterMs / 1000)} s.`}`,
    upstream: `${title} failed: ${words}. It may pass; try again later.`,
  }
  return sentences[failure.kind]
}

const delayOf = ({ retryAfterMs, retryAt }: VendorFailure, clock: Clock): number | undefined =>
  retryAfterMs ?? (retryAt === undefined ? undefined : Math.max(0, retryAt - clock()))

/** One line, at most 300 characters, no full stop at the end: it goes into a sentence. */
function trim(words: string): string {
  const line = words
    .slice(0, MAX_WORDS * 4)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim()
  const short = line.length > MAX_WORDS ? `${line.slice(0, MAX_WORDS - 1)}…` : line
  return short.replace(/\.$/, '')
}
