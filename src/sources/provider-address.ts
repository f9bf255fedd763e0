import { GatewayError } from '../kernel/errors.ts'
import type { AuthMethod, Settings } from '../provider-kit/index.ts'
import { expandUrl, keysIn } from '../provider-kit/url-template.ts'
import type { ProviderConnection } from './provider-connection.ts'

/** A connection whose settings were parsed. */
export interface ProviderPlace extends ProviderConnection {
  readonly parsed: Settings
}

/**
 * Where requests of a connection go: the connection's own base URL, else the method's, else the provider's. `leased` gives
 * the values that come with a credential (captured ones and path injections). Throws `config_invalid` when the address or a
 * setting in it cannot be used, `connection_unusable` (`data.reauth`) when a leased value is missing or cannot be used.
 */
export function baseUrlOf(place: ProviderPlace, method: AuthMethod, leased: (key: string) => string | undefined): URL {
  const template = templateOf(place, method)
  const fromLease = leasedKeys(method)
  const valueOf = (key: string): string | undefined =>
    fromLease.includes(key) ? leased(key) : textOf(Object.hasOwn(place.parsed, key) ? place.parsed[key] : undefined)
  try {
    const url = expandUrl(template, valueOf)
    if (url.protocol === 'https:' || place.allowPrivateNetwork) return url
  } catch (cause) {
    throw faulty(
      place,
      cause,
      keysIn(template).some((key) => fromLease.includes(key)),
    )
  }
  throw faulty(place, undefined, false)
}

/** The origin by which the connection is known; a leased host label is stood for by its name. */
export const originOf = (place: ProviderPlace, method: AuthMethod): URL =>
  new URL(baseUrlOf(place, method, (key) => key.replaceAll('_', '')).origin)

function templateOf({ connection, provider, baseUrl }: ProviderPlace, method: AuthMethod): string {
  const template = baseUrl ?? method.baseUrl ?? provider.baseUrl
  if (template !== undefined) return template
  throw new GatewayError(
    'config_invalid',
    `The connection ${connection} needs a baseUrl: ${provider.title} has none of its own.`,
  )
}

const leasedKeys = ({ oauth, inject }: AuthMethod): readonly string[] => [
  ...Object.keys(oauth?.capture ?? {}),
  ...inject.filter((injection) => injection.in === 'path').map(({ name }) => name),
]

/** A setting or captured value as a part of an address or header; undefined for lists and objects. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}

function faulty({ connection, allowPrivateNetwork }: ProviderPlace, cause: unknown, isLeased: boolean): GatewayError {
  const why = cause instanceof GatewayError ? ` ${cause.message}` : ''
  if (isLeased) {
    return new GatewayError(
      'connection_unusable',
      `The address of the connection ${connection} cannot be made.${why} Connect the account again.`,
      { cause, data: { reauth: true } },
    )
  }
  return new GatewayError(
    'config_invalid',
    `The baseUrl of the connection ${connection} must be an https URL without query or user name` +
      (allowPrivateNetwork
        ? ` (http within a private network).${why}`
        : `; for http in your own network set allowPrivateNetwork.${why}`),
    { cause },
  )
}
