import ipaddr from 'ipaddr.js'

/** What an address is to us. `never` is not reached under any setting. */
export type AddressKind = 'public' | 'private' | 'never'

/** Ranges that belong to somebody's own machine or network. */
const PRIVATE_RANGES = new Set<string>(['loopback', 'private', 'uniqueLocal', 'carrierGradeNat'])
/** Services of clouds for their own machines, outside of link-local: AWS and Google over IPv6, Alibaba, Azure's wire server. */
const METADATA = new Set(['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '168.63.129.16'])
/** Deprecated by RFC 4291 §2.5.5.1; the parser would take it for an IPv4-mapped address. */
const IPV4_COMPATIBLE = /^::[0-9.]+\.[0-9]+$/
/** All of today's global unicast space (RFC 4291 §2.4, IANA): what lies outside translates, tunnels or is reserved. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3')

/**
 * Classifies an IP literal (RFC 6890 and IANA's special-purpose registries). IPv4-mapped IPv6 counts as the IPv4 address
 * that the socket would reach; NAT64, 6to4, Teredo and site-local addresses, link-local, multicast and `::` are `never`.
 */
export function addressKind(literal: string): AddressKind {
  if (!ipaddr.isValid(literal) || IPV4_COMPATIBLE.test(literal)) return 'never'
  const address = ipaddr.process(literal)
  const text = address.toString()
  const range = address.range()
  if (METADATA.has(text)) return 'never'
  if (PRIVATE_RANGES.has(range)) return 'private'
  if (range !== 'unicast') return 'never'
  return address.kind() === 'ipv4' || address.match(GLOBAL_IPV6) ? 'public' : 'never'
}

/** Whether a socket may be opened. Plain http is for private networks only; https goes to private ones only when allowed. */
export function isAllowed(kind: AddressKind, scheme: string, allowPrivateNetwork: boolean): boolean {
  if (kind === 'private') return allowPrivateNetwork
  return kind === 'public' && scheme === 'https:'
}
