import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { issuePersonKey, listPersonKeys, revokePersonKey, rotatePersonKey } from '../admin/people.ts'
import { pageAnswer } from './answers.ts'
import { durationText, overlapText } from './api-input.ts'
import { issuedPersonAnswer, personKeyAnswer, toShownPerson } from './api-people.ts'
import { type Route, created, defineRoute, noContent, ok } from './route.ts'

const keyDraft = z.strictObject({ expiresIn: durationText.optional() })
const rotation = z.strictObject({ expiresIn: durationText.optional(), overlap: overlapText })

/** `/people/{id}/keys`. */
export const personKeyRoutes = (deps: AdminDeps): readonly Route[] => [...ofKeys(deps), ...ofKey(deps)]

const ofKeys = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/people/{id}/keys',
      summary: 'List the keys of a person',
      tag: 'people',
      needs: 'viewer',
      deed: 'people.read',
      answers: { 200: { description: 'Their keys, oldest first.', schema: pageAnswer(personKeyAnswer) } },
    },
    async ({ principal, params }) => ok({ items: await listPersonKeys(deps, principal, params.id) }),
  ),
  defineRoute(
    {
      method: 'post',
      path: '/people/{id}/keys',
      summary: 'Give a person another key',
      tag: 'people',
      needs: 'admin',
      deed: 'person_key.issued',
      body: keyDraft,
      creates: true,
      answers: { 201: { description: 'The key.', schema: issuedPersonAnswer } },
      problems: ['conflict'],
    },
    async ({ principal, params, body }) => {
      const draft = { person: params.id, expiresAt: expiry(deps, body.expiresIn) }
      return created(toShownPerson(await issuePersonKey(deps, principal, draft)))
    },
  ),
]

const ofKey = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'post',
      path: '/people/{id}/keys/{key}/rotate',
      summary: 'Give a person another key in place of this one, which ends after the overlap',
      tag: 'people',
      needs: 'admin',
      deed: 'person_key.rotated',
      body: rotation,
      creates: true,
      answers: { 201: { description: 'The new key.', schema: issuedPersonAnswer } },
      problems: ['conflict'],
    },
    async ({ principal, params: { id, key }, body: { expiresIn, overlap } }) => {
      const wanted = { person: id, key, expiresAt: expiry(deps, expiresIn), overlapMs: overlap }
      return created(toShownPerson(await rotatePersonKey(deps, principal, wanted)))
    },
  ),
  defineRoute(
    {
      method: 'delete',
      path: '/people/{id}/keys/{key}',
      summary: 'End one key and the sessions that it opened',
      tag: 'people',
      needs: 'admin',
      deed: 'person_key.revoked',
      answers: { 204: { description: 'It opens nothing any more.' } },
    },
    async ({ principal, params: { id, key } }) => {
      await revokePersonKey(deps, principal, { person: id, key })
      return noContent()
    },
  ),
]

const expiry = ({ clock }: AdminDeps, expiresIn: number | undefined): number | undefined =>
  expiresIn === undefined ? undefined : clock() + expiresIn
