import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { at } from '../../provider-kit/pointer.ts'
import type { OAuthSpec } from '../../provider-kit/provider.ts'
import type { Refusal } from './failure.ts'

/** Longer tokens fit into no header. Characters. */
const MOST_CHARACTERS = 16_384
/** RFC 6749 Appendix A.12: visible ASCII. */
const TOKEN = /^[\x20-\x7e]+$/
/** Kinds of token that a copy of them is not enough for. */
const BOUND = new Set(['dpop', 'mac', 'pop'])

/** The answer of a token endpoint as a value; undefined when it is neither JSON nor a form, whatever its content type says. */
export function parseAnswer(text: string, contentType: string): JsonObject | undefined {
  if (contentType.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(text))
  }
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The refusal in an answer, also one that hides in a 200; undefined when there is none. */
export function refusalOf(spec: OAuthSpec, status: number, answer: JsonObject | undefined): Refusal | undefined {
  const word = wordOf(spec, answer)
  const notOk = spec.errorAt?.okPointer !== undefined && at(answer, spec.errorAt.okPointer) !== true
  const failed = status < 200 || status > 299
  if (!failed && !notOk && word === undefined) return undefined
  const error = word === undefined ? undefined : (spec.errorCodes?.[word] ?? word)
  return { status: failed ? status : undefined, error, description: text(answer?.['error_description']) }
}

function wordOf({ errorAt }: OAuthSpec, answer: JsonObject | undefined): string | undefined {
  if (errorAt?.okPointer !== undefined && at(answer, errorAt.okPointer) === true) return undefined
  return (errorAt && text(at(answer, errorAt.errorPointer))) ?? text(answer?.['error'])
}

type Standard = { readonly tokens: JsonObject } | { readonly problem: string }

/** The token answer of RFC 6749 §5.1 that is in a vendor's one, or what is wrong with it. */
export function toStandard(spec: OAuthSpec, answer: JsonObject): Standard {
  const granted = at(answer, spec.tokenAt ?? '')
  if (!isJsonObject(granted)) return { problem: 'there are no tokens where they should be' }
  const token = granted['access_token']
  if (typeof token !== 'string' || !isToken(token)) return { problem: 'there is no access token in it' }
  if (BOUND.has(text(granted['token_type'])?.toLowerCase() ?? '')) return { problem: 'its token is bound to a key' }
  const refresh = granted['refresh_token']
  const seconds = Number(granted['expires_in'] ?? 0)
  const scope = scopeOf(granted['scope'])
  const tokens = {
    access_token: token,
    // Vendors put other words here, and all of them mean a bearer token.
    token_type: 'bearer',
    ...(typeof refresh === 'string' && isToken(refresh) ? { refresh_token: refresh } : {}),
    // Zero is how some say that there is no end.
    ...(seconds > 0 ? { expires_in: seconds } : {}),
    ...(scope === undefined ? {} : { scope }),
  }
  return { tokens }
}

const isToken = (value: string): boolean => value.length <= MOST_CHARACTERS && TOKEN.test(value)

function scopeOf(value: Json | undefined): string | undefined {
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string').join(' ')
  return text(value)
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
