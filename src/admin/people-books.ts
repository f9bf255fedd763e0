import type { KnownPerson, Person, PersonDraft } from '../kernel/principal.ts'
import type { Secret } from '../kernel/secret.ts'

export type { KnownPerson, PersonDraft }

/** The people who use API, pages and CLI; declared ones stand in the configuration and cannot be changed here. */
export interface PeopleBook {
  get(id: string): KnownPerson | undefined
  /** Declared and managed, ordered by id. */
  list(): readonly Person[]
  /** `conflict` when the id is taken, `invalid_request` when it is none. */
  add(id: string, draft: PersonDraft): Promise<KnownPerson>
  /** `version_conflict` when it was changed meanwhile, `conflict` for a declared person. */
  update(id: string, draft: PersonDraft, ifVersion?: number): Promise<KnownPerson>
  /** `version_conflict`; `not_found` when there is none, `conflict` for a declared person. */
  remove(id: string, ifVersion?: number): Promise<void>
}

/** What is known of a person's key. Times are milliseconds since the epoch. */
export interface PersonKeyFacts {
  readonly id: string
  readonly createdAt: number
  readonly expiresAt?: number
  readonly lastUsedAt?: number
}

/** The keys of people. A key is in the answer that issues it and nowhere else. */
export interface PersonKeyBook {
  issue(
    person: string,
    options: { readonly expiresAt?: number },
  ): Promise<{ readonly id: string; readonly key: Secret }>
  list(person?: string): readonly (PersonKeyFacts & { readonly owner: string })[]
  /** Another key in place of this one, which ends after the overlap (milliseconds). `not_found` when it works no more. */
  rotate(
    id: string,
    rotation: { readonly expiresAt?: number; readonly overlapMs: number },
  ): Promise<{ readonly id: string; readonly owner: string; readonly key: Secret }>
  /** False when there is no such key. Takes effect with the next request, and ends sessions that it opened. */
  revoke(id: string): Promise<boolean>
  /** How many keys were revoked. */
  revokeAll(person: string): Promise<number>
}
