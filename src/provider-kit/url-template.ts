import { GatewayError } from '../kernel/errors.ts'
import { encodeSegment } from './path.ts'

const PLACEHOLDER = /\{([A-Za-z][A-Za-z0-9_]{0,63})\}/g
/** Scheme, host with port, path; no query, no fragment, no user. */
const PARTS = /^(https?):\/\/([^/?#@\\\s]+)(\/[^?#\\\s]*)?$/
/** RFC 1035 §2.3.1: one label, so no dot. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i
/** Registries that sell names below these (such as `co.uk`): there the registered name has three labels. */
const SECOND_LEVEL = /(?:^|\.)(?:ac|co|com|edu|gov|net|org)\.[a-z]{2}$/

/** The names of the `{key}`s in a text, each once. */
export const keysIn = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '')),
]

/** The names of the `{key}`s in the host of an address, each once. */
export const hostKeysIn = (template: string): readonly string[] => keysIn(PARTS.exec(template)?.[2] ?? '')

/**
 * What is wrong with the address of a manifest, in words; empty when it can be used. `https`, without user, query and
 * fragment. A `{key}` in the host stands for one label or a part of one, and the registered name
 * (the last two labels, three below the likes of `co.uk`) and the port are literal.
 */
export function urlTemplateProblems(template: string): readonly string[] {
  const [, scheme, host = ''] = PARTS.exec(template) ?? []
  const literal = template.replaceAll(PLACEHOLDER, 'x')
  if (scheme !== 'https' || !URL.canParse(literal)) return ['an https URL without query, fragment or user']
  if (/[{}]/.test(literal)) return ['{…} holds the name of a setting or captured value: letters, digits and _']
  return hasLiteralEnd(host) ? [] : ['a {key} in the host stands in front of the registered name, which is literal']
}

function hasLiteralEnd(host: string): boolean {
  if (!host.includes('{')) return true
  const end = host.slice(host.lastIndexOf('}') + 1)
  const labels = end.replace(/:[0-9]+$/, '').split('.')
  const registered = labels.slice(1)
  return registered.length >= (SECOND_LEVEL.test(registered.join('.')) ? 3 : 2) && registered.every(Boolean)
}

/**
 * The address with every `{key}` replaced. A value in the host is one label, a value in the path a part of one segment,
 * encoded as `path` does: so the address never leaves the literal end of the template's host, nor climbs in its path.
 * Throws `invalid_input` for a value that cannot be such a part (naming the key, never the value), a key without a value,
 * and a result that is not the address it was built as.
 */
export function expandUrl(template: string, valueOf: (key: string) => string | undefined): URL {
  const [, scheme, host, pathname = ''] = PARTS.exec(template) ?? []
  if (scheme === undefined || host === undefined) throw refused('The address is not a URL without query and user name')
  const filled = (text: string, encode: (key: string, value: string) => string): string =>
    text.replaceAll(PLACEHOLDER, (_, key: string) => {
      const value = valueOf(key)
      if (value === undefined || value === '') throw refused(`The address needs "${key}", which is not known`)
      return encode(key, value)
    })
  const [at, below] = [filled(host, toLabel), filled(pathname, toSegment)]
  const text = `${scheme}://${at}${below}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !sameHost(url, at) || url.pathname !== (below || '/')) throw refused('The address cannot be used')
  return url
}

/** The port of the scheme disappears from `host`. */
const sameHost = (url: URL, host: string): boolean =>
  url.host === host.toLowerCase() || `${url.host}:${url.protocol === 'https:' ? 443 : 80}` === host.toLowerCase()

function toLabel(key: string, value: string): string {
  if (LABEL.test(value)) return value.toLowerCase()
  throw refused(`"${key}" must be one part of a host name: letters, digits and inner hyphens, at most 63`)
}

function toSegment(key: string, value: string): string {
  try {
    return encodeSegment(value)
  } catch {
    throw refused(`"${key}" must be one part of a path: no slash, no dots alone, no control character`)
  }
}

const refused = (what: string): GatewayError => new GatewayError('invalid_input', `${what}.`)
