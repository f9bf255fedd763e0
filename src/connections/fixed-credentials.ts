import type { CredentialsOf, Lease } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import { checkFields } from '../provider-kit/check-fields.ts'
import type { AuthMethod } from '../provider-kit/index.ts'

/** A credential that stands in the configuration. */
export interface FixedCredential {
  readonly method: AuthMethod
  readonly fields: Readonly<Record<string, Secret>>
}

/**
 * The same lease for everybody, as it stands in the configuration; there is never a newer one. `lease` rejects with
 * `invalid_credential` when a field cannot be right, and with `connect_required` for OAuth, whose tokens come from a sign-in.
 */
export function fixedCredentials(credential: FixedCredential): CredentialsOf {
  let lease: Lease | undefined
  return () => ({
    lease: async () => (lease ??= toLease(credential)),
    renew: async () => undefined,
    report: async () => undefined,
  })
}

function toLease({ method, fields }: FixedCredential): Lease {
  checkFields(method, fields)
  if (method.oauth) throw signIn(method)
  return { method: method.id, fields, captured: {}, generation: 'fixed' }
}

const signIn = ({ title }: AuthMethod): GatewayError =>
  new GatewayError(
    'connect_required',
    `"${title}" is a sign-in: its token cannot stand in the configuration. Connect the account.`,
  )
