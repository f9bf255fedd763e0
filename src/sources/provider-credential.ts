import { GatewayError } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import type { AuthMethod, Injection, Provider } from '../provider-kit/index.ts'

/** A credential that was checked. It is revealed only here, where a request leaves. */
export interface Credential {
  /** Puts the credential where the manifest says: last, so that nothing else can stand in its place. */
  inject(url: URL, headers: Record<string, string>): void
  /** Takes the credential out of a text that came from the vendor. */
  scrub(text: string): string
}

/** Shorter values would be found everywhere by accident. */
const MIN_SCRUBBED = 8

/**
 * The credential of a connection for one of the provider's methods. Throws `config_invalid` for an unknown method and
 * `connection_unusable` for a field that is missing or cannot be right.
 */
export function toCredential(
  provider: Provider,
  methodId: string,
  fields: Readonly<Record<string, Secret>>,
): Credential {
  const method = methodOf(provider, methodId)
  checkFields(provider.title, method, fields)
  const expand = (template: string): string =>
    template.replaceAll(/\{([^{}]*)\}/g, (_, key: string) => fields[key]?.reveal() ?? '')
  const traces = method.fields
    .filter((field) => field.secret)
    .flatMap((field) => fields[field.key] ?? [])
    .map((secret) => () => secret.reveal())
    .concat(method.inject.filter((injection) => injection.base64).map((injection) => () => encode(injection, expand)))
  return {
    inject: (url, headers) => {
      for (const injection of method.inject) put(injection, expand, url, headers)
    },
    scrub: (text) => traces.reduce((clean, trace) => hide(clean, trace()), text),
  }
}

/** Also as it looks inside of a JSON string and of a URL. */
function hide(text: string, secret: string): string {
  if (secret.length < MIN_SCRUBBED) return text
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)].reduce(
    (clean, form) => (clean.includes(form) ? clean.replaceAll(form, '[secret]') : clean),
    text,
  )
}

function methodOf(provider: Provider, id: string): AuthMethod {
  const method = provider.auth.find((candidate) => candidate.id === id)
  if (method) return method
  const known = provider.auth.map((candidate) => candidate.id).join(', ')
  throw new GatewayError('config_invalid', `${provider.title} has no way to sign in called "${id}". It has: ${known}.`)
}

function checkFields(title: string, method: AuthMethod, fields: Readonly<Record<string, Secret>>): void {
  for (const { key, label, pattern } of method.fields) {
    const value = fields[key]?.reveal()
    if (!value) throw unusable(title, `its ${label} ("${key}") is missing`)
    if (/\p{Cc}/u.test(value)) throw unusable(title, `its ${label} holds a line break or control character`)
    if (pattern !== undefined && !new RegExp(pattern).test(value)) {
      throw unusable(title, `its ${label} does not look like one (expected ${pattern})`)
    }
  }
}

const unusable = (title: string, why: string): GatewayError =>
  new GatewayError('connection_unusable', `${title} cannot be used: ${why}. Correct the connection's credential.`)

function put(
  injection: Injection,
  expand: (template: string) => string,
  url: URL,
  headers: Record<string, string>,
): void {
  const name = expand(injection.name)
  const value = (injection.prefix ?? '') + encode(injection, expand)
  if (injection.in === 'query') url.searchParams.set(name, value)
  else headers[name.toLowerCase()] = value
}

const encode = ({ value, base64 }: Injection, expand: (template: string) => string): string =>
  base64 ? Buffer.from(expand(value)).toString('base64') : expand(value)
