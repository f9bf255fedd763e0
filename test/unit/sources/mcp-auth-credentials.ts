import type { Credentials, CredentialsOf, Lease, Subject } from '../../../src/kernel/credential.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { Secret } from '../../../src/kernel/secret.ts'

/** The credentials of one connection as a test arranges them. */
export interface TestCredentials {
  readonly of: CredentialsOf
  readonly renewals: string[]
  readonly reports: string[]
}

/** OAuth tokens by person, `shared` among them; each renewal takes the person's next one. */
export function tokensOf(
  tokens: Readonly<Record<string, readonly string[]>>,
  scopes?: readonly string[],
): TestCredentials {
  const [renewals, reports]: [string[], string[]] = [[], []]
  const used = new Map<string, number>()
  const of = (subject: Subject): Credentials => {
    const key = subject === 'shared' ? 'shared' : subject.user
    const current = (): Lease => {
      const token = tokens[key]?.[used.get(key) ?? 0]
      if (token === undefined) throw new GatewayError('connect_required', `${key} has no account.`)
      return { ...leaseOf('oauth', { access_token: token }), scopes }
    }
    return {
      lease: async () => current(),
      async renew(refused) {
        renewals.push(key)
        if (refused.generation !== current().generation) return current()
        if (tokens[key]?.[(used.get(key) ?? 0) + 1] === undefined) return undefined
        used.set(key, (used.get(key) ?? 0) + 1)
        return current()
      },
      report: async (_lease, reason) => void reports.push(`${key}: ${reason}`),
    }
  }
  return { of, renewals, reports }
}

export const leaseOf = (method: string, fields: Readonly<Record<string, string>>): Lease => ({
  method,
  fields: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, new Secret(value)])),
  captured: {},
  generation: JSON.stringify(fields),
})

/** One credential for everybody that is never renewed. */
export const always =
  (lease: Lease): CredentialsOf =>
  () => ({ lease: async () => lease, renew: async () => undefined, report: async () => undefined })
