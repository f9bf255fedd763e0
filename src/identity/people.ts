import * as z from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import type { KnownPerson, Person, PersonDraft } from '../kernel/principal.ts'
import { defineCollection, type Store, type Versioned } from '../store/store.ts'
import { readableRow } from './readable-row.ts'

const PERSON_ID = /^[a-z0-9][a-z0-9._@+-]{0,127}$/

const managedSchema = z.strictObject({
  title: z.string().max(100).optional(),
  roles: z.array(z.enum(['admin', 'approver', 'auditor', 'viewer'])).max(4),
  groups: z.array(z.string().min(1).max(64)).max(50),
  email: z.string().max(254).optional(),
  enabled: z.boolean(),
})
type PersonRow = z.infer<typeof managedSchema>

export const peopleCollection = defineCollection('people', managedSchema)

/** All people: those that the configuration declares and those that admins registered. A declared one hides a managed one. */
export interface PeopleBook {
  /** From memory. */
  get(id: string): KnownPerson | undefined
  /** Ordered by id. */
  list(): readonly Person[]
  /** GatewayError `conflict` when the id is taken, `invalid_request` when it is none. */
  add(id: string, draft: PersonDraft): Promise<KnownPerson>
  /** GatewayError `version_conflict` when it was changed meanwhile, `conflict` for a declared person. */
  update(id: string, draft: PersonDraft, ifVersion?: number): Promise<KnownPerson>
  /** GatewayError `version_conflict`; `not_found` when no managed person has that id. */
  remove(id: string, ifVersion?: number): Promise<void>
  close(): void
}

export interface PeopleBookDeps {
  readonly store: Store
  /** The people of the configuration in force. */
  readonly declared: () => ReadonlyMap<string, Person>
}

/** Opens the book of people: an index in memory that follows the store. */
export async function openPeopleBook({ store, declared }: PeopleBookDeps): Promise<PeopleBook> {
  const managed = new Map<string, Versioned<PersonRow>>()
  const keep = (row: Versioned<PersonRow>): void => void managed.set(row.id, row)
  const seen = new Set<string>()
  const unwatch = store.watch(peopleCollection, (change) => {
    seen.add(change.id)
    managed.delete(change.id)
    const row = readableRow(change)
    if (row) keep(row)
  })
  for (const row of await store.list(peopleCollection)) if (!seen.has(row.id)) keep(row)

  const get = (id: string): KnownPerson | undefined => {
    const person = declared().get(id)
    if (person) return { person, version: 0 }
    const row = managed.get(id)
    return row && toKnown(row)
  }
  return {
    get,
    list: () =>
      [...new Map([...[...managed.values()].map(toEntry), ...declared()]).values()].toSorted((a, b) =>
        a.id < b.id ? -1 : 1,
      ),
    async add(id, draft) {
      refuseBadId(id)
      if (get(id)) throw new GatewayError('conflict', `There is a person "${id}" already.`)
      return toKnown(await store.put(peopleCollection, id, toRow(draft), { ifVersion: 0 }))
    },
    async update(id, draft, ifVersion) {
      const known = managed.get(id)
      if (!known || declared().has(id)) throw notManaged(id, declared().has(id))
      return toKnown(await store.put(peopleCollection, id, toRow(draft), { ifVersion: ifVersion ?? known.version }))
    },
    async remove(id, ifVersion) {
      const options = ifVersion === undefined ? {} : { ifVersion }
      if (!managed.has(id) || !(await store.delete(peopleCollection, id, options))) {
        throw notManaged(id, declared().has(id))
      }
    },
    close: unwatch,
  }
}

function refuseBadId(id: string): void {
  if (PERSON_ID.test(id)) return
  throw new GatewayError(
    'invalid_request',
    'The id of a person has at most 128 lower-case letters, digits and . _ @ + -, and begins with a letter or digit.',
  )
}

const notManaged = (id: string, isDeclared: boolean): GatewayError =>
  isDeclared
    ? new GatewayError('conflict', `"${id}" is declared in the configuration: change it there.`)
    : new GatewayError('not_found', `There is no person "${id}". See gatehouse people list.`)

/** Rows are JSON: what was not given is not a member. */
const toRow = ({ title, email, roles, groups, enabled }: PersonDraft): PersonRow => ({
  ...(title === undefined ? {} : { title }),
  ...(email === undefined ? {} : { email }),
  roles: [...new Set(roles)],
  groups: [...new Set(groups)],
  enabled,
})

const toKnown = ({ id, version, value }: Versioned<PersonRow>): KnownPerson => ({
  person: { id, ...value, origin: 'managed' },
  version,
})

const toEntry = (row: Versioned<PersonRow>): [string, Person] => [row.id, toKnown(row).person]
