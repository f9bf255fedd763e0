import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import {
  type IssuedPersonKey,
  type VersionedPerson,
  addPerson,
  listPeople,
  readPerson,
  revokePerson,
  updatePerson,
} from '../admin/people.ts'
import { pageAnswer, timeAnswer } from './answers.ts'
import { durationText, pageQuery } from './api-input.ts'
import { toVersion } from './etag.ts'
import { type Reply, type Route, created, defineRoute, ok } from './route.ts'

const role = z.enum(['admin', 'approver', 'auditor', 'viewer'])

const settings = {
  title: z.string().min(1).max(100).optional(),
  groups: z.array(z.string().min(1).max(64)).max(50).default([]),
  email: z.email().max(254).optional(),
  enabled: z.boolean().default(true),
}

const personDraft = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9._@+-]{0,127}$/, 'must be at most 128 lower-case letters, digits and . _ @ + -'),
  ...settings,
  roles: z.array(role).max(4).default(['viewer']),
  expiresIn: durationText.optional(),
})

/** Roles must be said: leaving them out must neither keep nor give any. */
const personSettings = z.strictObject({ ...settings, roles: z.array(role).max(4) })

export const personKeyAnswer = z
  .looseObject({
    id: z.string(),
    createdAt: timeAnswer,
    expiresAt: timeAnswer.optional(),
    lastUsedAt: timeAnswer.optional(),
  })
  .meta({ id: 'PersonKey' })

const personAnswer = z
  .looseObject({
    id: z.string(),
    title: z.string().optional(),
    roles: z.array(role),
    groups: z.array(z.string()),
    email: z.string().optional(),
    enabled: z.boolean(),
    origin: z.enum(['declared', 'managed']),
    keys: z.array(personKeyAnswer).optional(),
  })
  .meta({ id: 'Person' })

export const issuedPersonAnswer = z
  .looseObject({ person: personAnswer, keyId: z.string(), key: z.string().describe('Shown this once.') })
  .meta({ id: 'IssuedPersonKey' })

const revokedAnswer = z.looseObject({ person: z.string(), revokedKeys: z.number(), removed: z.boolean() })

/** `/people`: who may use this API and the pages. */
export const peopleRoutes = (deps: AdminDeps): readonly Route[] => [...ofBook(deps), ...ofPerson(deps)]

const ofBook = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/people',
      summary: 'List people and what is known of their keys',
      tag: 'people',
      needs: 'viewer',
      deed: 'people.read',
      query: z.strictObject(pageQuery),
      answers: { 200: { description: 'A page of people, ordered by id.', schema: pageAnswer(personAnswer) } },
      problems: ['invalid_cursor'],
    },
    async ({ principal, query }) => ok(await listPeople(deps, principal, query)),
  ),
  defineRoute(
    {
      method: 'post',
      path: '/people',
      summary: 'Register a person and give them a key',
      tag: 'people',
      needs: 'admin',
      deed: 'person.added',
      body: personDraft,
      creates: true,
      answers: { 201: { description: 'The person and their key.', schema: issuedPersonAnswer } },
      problems: ['conflict'],
    },
    async ({ principal, body: { expiresIn, ...draft } }) => {
      const expiresAt = expiresIn === undefined ? undefined : deps.clock() + expiresIn
      const { version, ...issued } = await addPerson(deps, principal, { ...draft, expiresAt })
      return created(toShownPerson(issued), version)
    },
  ),
]

const ofPerson = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/people/{id}',
      summary: 'Show one person and what is known of their keys',
      tag: 'people',
      needs: 'viewer',
      deed: 'people.read',
      answers: { 200: { description: 'The person; a managed one has an ETag.', schema: personAnswer } },
    },
    async ({ principal, params }) => toReply(await readPerson(deps, principal, params.id)),
  ),
  defineRoute(
    {
      method: 'put',
      path: '/people/{id}',
      summary: 'Say anew who a managed person is and what they may do',
      tag: 'people',
      needs: 'admin',
      deed: 'person.changed',
      body: personSettings,
      ifMatch: 'required',
      answers: { 200: { description: 'The person as they are now.', schema: personAnswer } },
      problems: ['conflict'],
    },
    async ({ principal, params, body, ifMatch }) =>
      toReply(await updatePerson(deps, principal, { id: params.id, draft: body, ifVersion: toVersion(ifMatch) })),
  ),
  defineRoute(
    {
      method: 'delete',
      path: '/people/{id}',
      summary: 'End the keys and sessions of a person and, when they are managed, their registration',
      tag: 'people',
      needs: 'admin',
      deed: 'person.revoked',
      ifMatch: 'optional',
      answers: { 200: { description: 'What has ended.', schema: revokedAnswer } },
    },
    async ({ principal, params, ifMatch }) =>
      ok(await revokePerson(deps, principal, { id: params.id, ifVersion: toVersion(ifMatch) })),
  ),
]

const toReply = ({ person, version }: VersionedPerson): Reply => ok(person, version)

/** The one answer that shows a key. */
export const toShownPerson = ({ key, ...facts }: IssuedPersonKey): object => ({ ...facts, key: key.reveal() })
