import { lookup as systemLookup } from 'node:dns'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import type { LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { GatewayError } from '../kernel/errors.ts'
import { addressKind, isAllowed } from './address.ts'

/** Resolves a host name to all of its addresses; `dns.lookup` with `all`. */
export type Lookup = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** This machine by definition (RFC 6761 §6.3), whatever a resolver says. */
const LOCALHOST = /^(?:.*\.)?localhost\.?$/i

export interface ConnectOptions {
  readonly allowPrivateNetwork: boolean
  readonly timeoutMs: number
  readonly lookup?: Lookup
}

/**
 * Opens sockets to checked addresses only. A host name is resolved once, every answer is checked, and the socket goes to
 * an address that was checked, so that a second DNS answer has no say. A lookup hook alone would not do: it is never
 * asked about IP literals.
 */
export function guardedConnect({ allowPrivateNetwork, timeoutMs, lookup = systemLookup }: ConnectOptions) {
  const connectorFor = (scheme: string) =>
    buildConnector({ timeout: timeoutMs, lookup: checkedLookup(lookup, scheme, allowPrivateNetwork) })
  const https = connectorFor('https:')
  const http = connectorFor('http:')
  return (options: buildConnector.Options, callback: buildConnector.Callback): void => {
    const { hostname, protocol } = options
    const known = isIP(hostname) ? addressKind(hostname) : LOCALHOST.test(hostname) ? 'private' : undefined
    if (known && !isAllowed(known, protocol, allowPrivateNetwork)) {
      callback(blocked(hostname, protocol, allowPrivateNetwork), null)
      return
    }
    ;(protocol === 'https:' ? https : http)(options, callback)
  }
}

function checkedLookup(lookup: Lookup, scheme: string, allowPrivateNetwork: boolean): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { all: true }, (error, addresses) => {
      const [first] = addresses ?? []
      const refused = (addresses ?? []).find(
        ({ address }) => !isAllowed(addressKind(address), scheme, allowPrivateNetwork),
      )
      if (error) callback(error, '')
      else if (refused || !first) callback(blocked(hostname, scheme, allowPrivateNetwork), '')
      else if (options.all) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

/** The refusal names the host as it was asked for, never what it resolved to: that would map the network behind us. */
function blocked(host: string, scheme: string, allowPrivateNetwork: boolean): GatewayError {
  const rule = allowPrivateNetwork
    ? `${scheme === 'http:' ? 'Plain http goes to private addresses only; use https' : 'Link-local, metadata and reserved addresses are never reached'}.`
    : 'Only public addresses over https are reached. For a service on your own network set allowPrivateNetwork on its connection.'
  return new GatewayError('egress_blocked', `The address of ${host} is not allowed. ${rule}`)
}
