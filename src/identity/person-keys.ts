import * as z from 'zod'
import { defineCollection } from '../store/store.ts'
import { type KeyBookDeps, type KeyKind, keyParts, openKeys, type OwnedKeys } from './key-book.ts'

/** What keys of people begin with: they open the API and the pages, never a tool. */
export const PERSON_KEY_PREFIX = 'ghp_'

const keySchema = z.strictObject({ person: z.string(), ...keyParts })

const PERSON_KEYS: KeyKind<z.infer<typeof keySchema>> = {
  prefix: PERSON_KEY_PREFIX,
  collection: defineCollection('person_keys', keySchema),
  ownerOf: ({ person }) => person,
  toRow: (person, parts) => ({ person, ...parts }),
  advice: (person) =>
    person === undefined
      ? 'Ask an admin for one: gatehouse people add <id> --roles viewer.'
      : `Ask an admin for another one: gatehouse people keys ${person} --add.`,
  title: 'key of a person',
}

/** The keys of people. They are kept apart from those of agents, so that neither can pass for the other. */
export type PersonKeys = OwnedKeys

/** Opens the book of the keys of people. */
export const openPersonKeys = (deps: KeyBookDeps): Promise<PersonKeys> => openKeys(PERSON_KEYS, deps)
