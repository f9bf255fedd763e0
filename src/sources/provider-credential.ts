import type { Lease } from '../kernel/credential.ts'
import { methodOf } from '../provider-kit/method-of.ts'
import { baseUrlOf, textOf, type ProviderPlace } from './provider-address.ts'
import { piecesOf, withPieces } from './provider-injection.ts'
import type { ReadyRequest } from './provider-request.ts'
import { scrubber } from './provider-scrub.ts'
import { signed } from './provider-signature.ts'

/** A lease as requests see it. It is revealed only here, where a request leaves. */
export interface Credential {
  /** Where requests with it go. */
  readonly base: URL
  /** The request with the credential where the manifest says, or signed with it. */
  apply(ready: ReadyRequest): Promise<ReadyRequest>
  /** Takes the credential out of a text that came from the vendor. */
  scrub(text: string): string
}

/**
 * Reads a lease by the manifest of the method it was made with. Throws `config_invalid` for a method or an address that
 * cannot be used, `connection_unusable` (`data.reauth`) for a lease that lacks something.
 */
export function toCredential(place: ProviderPlace, lease: Lease): Credential {
  const method = methodOf(place.provider, lease.method)
  const pieces = piecesOf(method, lease)
  const inPath = (key: string): string | undefined =>
    pieces.find((piece) => piece.in === 'path' && piece.name === key)?.value ??
    textOf(Object.hasOwn(lease.captured, key) ? lease.captured[key] : undefined)
  const { sigv4 } = method
  return {
    base: baseUrlOf(place, method, inPath),
    apply: async (ready) => {
      const whole = withPieces(ready, pieces)
      return sigv4 ? await signed(whole, sigv4, lease, place.parsed, place.clock) : whole
    },
    scrub: scrubber(
      method,
      lease,
      pieces.flatMap((piece) => piece.trace ?? []),
    ),
  }
}
