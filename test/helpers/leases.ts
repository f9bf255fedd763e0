import type { Credentials, CredentialsOf, Lease, Subject } from '../../src/kernel/credential.ts'
import { Secret } from '../../src/kernel/secret.ts'

/** A lease of these fields. */
export const leaseOf = (
  method: string,
  fields: Readonly<Record<string, string>>,
  more: Partial<Pick<Lease, 'captured' | 'scopes' | 'generation'>> = {},
): Lease => ({
  method,
  fields: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, new Secret(value)])),
  captured: {},
  generation: '1',
  ...more,
})

/** Credentials at the port that say what was asked of them. */
export interface RecordedCredentials {
  readonly of: CredentialsOf
  readonly subjects: readonly Subject[]
  /** How often anyone asked for a newer lease, and how often one was really made. */
  readonly renewals: { asked: number; made: number }
  readonly reports: readonly { readonly generation: string; readonly reason: string }[]
}

/** Every subject walks through the given leases: a refused one is replaced by the next, once for all who ask. */
export function recordedCredentials(leasesOf: (subject: Subject) => readonly Lease[]): RecordedCredentials {
  const subjects: Subject[] = []
  const reports: { generation: string; reason: string }[] = []
  const renewals = { asked: 0, made: 0 }
  const places = new Map<string, number>()

  const credentialsFor = (subject: Subject): Credentials => {
    const key = JSON.stringify(subject)
    const leases = leasesOf(subject)
    const newest = (): Lease => {
      const lease = leases[places.get(key) ?? 0]
      if (!lease) throw new Error(`There is no lease for ${key}.`)
      return lease
    }
    return {
      lease: async () => {
        subjects.push(subject)
        return newest()
      },
      renew: async (refused) => {
        renewals.asked += 1
        const place = places.get(key) ?? 0
        if (newest().generation !== refused.generation) return newest()
        if (place + 1 >= leases.length) return undefined
        renewals.made += 1
        places.set(key, place + 1)
        return newest()
      },
      report: async (refused, reason) => {
        reports.push({ generation: refused.generation, reason })
      },
    }
  }
  return { of: credentialsFor, subjects, renewals, reports }
}
