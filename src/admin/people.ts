import { GatewayError } from '../kernel/errors.ts'
import type { Person, Principal, Role } from '../kernel/principal.ts'
import type { Secret } from '../kernel/secret.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { type Page, type PageRequest, pageOf } from './page.ts'
import type { KnownPerson, PersonDraft, PersonKeyFacts } from './people-books.ts'

export interface PersonFacts extends Person {
  readonly keys: readonly PersonKeyFacts[]
}

/** A person as it is answered, with the version that `If-Match` names; a declared one has none. */
export interface VersionedPerson {
  readonly person: PersonFacts
  readonly version: number | undefined
}

export interface IssuedPersonKey {
  readonly person: Person
  readonly keyId: string
  /** Shown this once. */
  readonly key: Secret
}

/** Everybody, declared or managed, with what is known of their keys. */
export async function listPeople(deps: AdminDeps, principal: Principal, page: PageRequest): Promise<Page<PersonFacts>> {
  return asAdmin(deps, principal, { type: 'people.read', kind: 'look' }, () => {
    const { items, ...rest } = pageOf(deps.people.list(), ({ id }) => id, page)
    return { ...rest, items: items.map((person) => withKeys(deps, person)) }
  })
}

/** One person. Throws `not_found`. */
export async function readPerson(deps: AdminDeps, principal: Principal, id: string): Promise<VersionedPerson> {
  return asAdmin(deps, principal, { type: 'people.read', kind: 'look' }, () => toVersioned(deps, known(deps, id)))
}

export interface AddPerson extends Partial<PersonDraft> {
  readonly id: string
  /** When the key stops working, in milliseconds since the epoch; never when left out. */
  readonly expiresAt?: number | undefined
}

/** Registers a person and gives them a key. `conflict` when the id is taken. */
export async function addPerson(
  deps: AdminDeps,
  principal: Principal,
  { id, expiresAt, ...draft }: AddPerson,
): Promise<IssuedPersonKey & { readonly version: number }> {
  const roles: readonly Role[] = draft.roles ?? ['viewer']
  const facts = { detail: { person: id, roles } }
  return asAdmin(deps, principal, { type: 'person.added', kind: 'change', facts }, async () => {
    refusePast(deps, expiresAt)
    const { groups = [], enabled = true } = draft
    const { person, version } = await deps.people.add(id, { ...draft, roles, groups, enabled })
    const { id: keyId, key } = await deps.personKeys.issue(id, withExpiry(expiresAt))
    return { person, version, keyId, key }
  })
}

/** Takes the place of what was said of a person. In force with their next request. Throws `version_conflict`. */
export async function updatePerson(
  deps: AdminDeps,
  principal: Principal,
  {
    id,
    draft,
    ifVersion,
  }: { readonly id: string; readonly draft: PersonDraft; readonly ifVersion?: number | undefined },
): Promise<VersionedPerson> {
  const facts = { detail: { person: id, roles: draft.roles, enabled: draft.enabled } }
  return asAdmin(deps, principal, { type: 'person.changed', kind: 'change', facts }, async () =>
    toVersioned(deps, await deps.people.update(id, draft, ifVersion)),
  )
}

export interface RevokedPerson {
  readonly person: string
  readonly revokedKeys: number
  /** False for a declared person, who stays until the configuration drops them. */
  readonly removed: boolean
}

/** Ends all keys of a person, the sessions that they opened and, when they are managed, their registration. */
export async function revokePerson(
  deps: AdminDeps,
  principal: Principal,
  { id, ifVersion }: { readonly id: string; readonly ifVersion?: number | undefined },
): Promise<RevokedPerson> {
  const facts = { detail: { person: id } }
  return asAdmin(deps, principal, { type: 'person.revoked', kind: 'change', facts }, async () => {
    const { person } = known(deps, id)
    const removed = person.origin === 'managed'
    // First: without a registration no key opens anything, and a stale version must end nothing.
    if (removed) await deps.people.remove(id, ifVersion)
    return { person: id, revokedKeys: await deps.personKeys.revokeAll(id), removed }
  })
}

/** Another key for a person, to be shown once. */
export async function issuePersonKey(
  deps: AdminDeps,
  principal: Principal,
  { person: id, expiresAt }: { readonly person: string; readonly expiresAt?: number | undefined },
): Promise<IssuedPersonKey> {
  const facts = { detail: { person: id } }
  return asAdmin(deps, principal, { type: 'person_key.issued', kind: 'change', facts }, async () => {
    refusePast(deps, expiresAt)
    const { person } = known(deps, id)
    const { id: keyId, key } = await deps.personKeys.issue(id, withExpiry(expiresAt))
    return { person, keyId, key }
  })
}

/** The keys of a person, without the keys themselves. */
export async function listPersonKeys(
  deps: AdminDeps,
  principal: Principal,
  id: string,
): Promise<readonly PersonKeyFacts[]> {
  return asAdmin(
    deps,
    principal,
    { type: 'people.read', kind: 'look' },
    () => withKeys(deps, known(deps, id).person).keys,
  )
}

export interface PersonKeyName {
  readonly person: string
  readonly key: string
}

/** Another key in place of one, which goes on working for the overlap (milliseconds). Throws `not_found`. */
export async function rotatePersonKey(
  deps: AdminDeps,
  principal: Principal,
  {
    person: id,
    key,
    ...rotation
  }: PersonKeyName & { readonly expiresAt?: number | undefined; readonly overlapMs: number },
): Promise<IssuedPersonKey> {
  const facts = { detail: { person: id, key } }
  return asAdmin(deps, principal, { type: 'person_key.rotated', kind: 'change', facts }, async () => {
    refusePast(deps, rotation.expiresAt)
    const { person } = ownKey(deps, { person: id, key })
    const { overlapMs, expiresAt } = rotation
    const issued = await deps.personKeys.rotate(key, { overlapMs, ...withExpiry(expiresAt) })
    return { person, keyId: issued.id, key: issued.key }
  })
}

/** Ends one key, and the sessions that it opened. */
export async function revokePersonKey(deps: AdminDeps, principal: Principal, name: PersonKeyName): Promise<void> {
  const facts = { detail: { person: name.person, key: name.key } }
  return asAdmin(deps, principal, { type: 'person_key.revoked', kind: 'change', facts }, async () => {
    ownKey(deps, name)
    await deps.personKeys.revoke(name.key)
  })
}

function known(deps: AdminDeps, id: string): KnownPerson {
  const found = deps.people.get(id)
  if (found) return found
  throw new GatewayError('not_found', `There is no person "${id}". Add them with \`gatehouse people add ${id}\`.`)
}

function ownKey(deps: AdminDeps, { person: id, key }: PersonKeyName): KnownPerson {
  const found = known(deps, id)
  if (deps.personKeys.list(id).some((one) => one.id === key)) return found
  throw new GatewayError('not_found', `"${id}" has no key "${key}". See \`gatehouse people keys ${id}\`.`)
}

const withKeys = (deps: AdminDeps, person: Person): PersonFacts => ({
  ...person,
  keys: deps.personKeys.list(person.id).map(({ owner: _owner, ...facts }) => facts),
})

const toVersioned = (deps: AdminDeps, { person, version }: KnownPerson): VersionedPerson => ({
  person: withKeys(deps, person),
  version: version === 0 ? undefined : version,
})

const withExpiry = (expiresAt: number | undefined): { readonly expiresAt?: number } =>
  expiresAt === undefined ? {} : { expiresAt }

function refusePast({ clock }: AdminDeps, expiresAt: number | undefined): void {
  if (expiresAt === undefined || expiresAt > clock()) return
  throw new GatewayError('invalid_request', 'The key would have expired already. Give a time in the future.')
}
