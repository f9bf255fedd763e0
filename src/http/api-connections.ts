import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { type ConnectionFacts } from '../admin/connection-facts.ts'
import { deleteConnection, deleteConnections, expiringCredentials } from '../admin/connection-lifecycle.ts'
import { createConnection, listConnections, showConnection, updateConnection } from '../admin/connections.ts'
import { pageAnswer } from './answers.ts'
import { nameText, pageQuery, queryBoolean } from './api-input.ts'
import {
  connectionAnswer,
  connectionStates,
  credentialAnswer,
  revokedAnswer,
  testAnswer,
} from './connection-answers.ts'
import { checkProvider, createBody, draftBody, ownerText, toDraft } from './connection-input.ts'
import { toVersion } from './etag.ts'
import { type Reply, type Route, created, defineRoute, ok } from './route.ts'

const tag = 'connections'

/** `/connections` and `/connections/{id}`: what there is, made, changed and deleted. */
export const connectionRoutes = (deps: AdminDeps): readonly Route[] => [
  listRoute(deps),
  createRoute(deps),
  deleteAllRoute(deps),
  expiringRoute(deps),
  ...oneRoutes(deps),
]

const listRoute = (deps: AdminDeps): Route =>
  defineRoute(
    {
      method: 'get',
      path: '/connections',
      summary: 'List connections, declared and managed',
      tag,
      needs: 'viewer',
      deed: 'connections.read',
      query: z.strictObject({
        ...pageQuery,
        provider: nameText.optional(),
        method: nameText.optional(),
        status: connectionStates.optional(),
        owner: ownerText.optional(),
      }),
      answers: { 200: { description: 'A page of connections, ordered by id.', schema: pageAnswer(connectionAnswer) } },
      problems: ['invalid_cursor'],
    },
    async ({ principal, query }) => ok(await listConnections(deps, principal, query)),
  )

const createRoute = (deps: AdminDeps): Route =>
  defineRoute(
    {
      method: 'post',
      path: '/connections',
      summary: 'Make a connection, and store its credential once that has been tried',
      tag,
      needs: 'admin',
      deed: 'connection.created',
      body: createBody,
      creates: true,
      answers: {
        201: {
          description: 'The connection, and what the trial of its credential found.',
          schema: z.looseObject({ connection: connectionAnswer, test: testAnswer.optional() }),
        },
      },
      problems: ['conflict', 'invalid_credential', 'not_found', 'upstream_failed'],
    },
    async ({ principal, body: { id, fields, untested, ...draft } }) => {
      checkProvider(deps.connections.providers(), draft.provider)
      const made = await createConnection(deps, principal, { id, draft: toDraft(draft), fields, untested })
      return created(made, made.connection.version)
    },
  )

const deleteAllRoute = (deps: AdminDeps): Route =>
  defineRoute(
    {
      method: 'delete',
      path: '/connections',
      summary: 'Delete every managed connection of a service; without `confirm=true`, say which ones that would be',
      tag,
      needs: 'admin',
      deed: 'connections.deleted',
      query: z.strictObject({ provider: nameText, confirm: queryBoolean.default(false) }),
      answers: {
        200: {
          description: 'What was deleted, or would be. Declared connections stay.',
          schema: z.looseObject({
            confirmed: z.boolean(),
            deleted: z.array(revokedAnswer),
            wouldDelete: z.array(z.string()),
            declared: z.array(z.string()),
          }),
        },
      },
      problems: ['not_found'],
    },
    async ({ principal, query: { provider, confirm } }) => {
      checkProvider(deps.connections.providers(), provider)
      if (confirm) {
        return ok({ confirmed: true, wouldDelete: [], ...(await deleteConnections(deps, principal, provider)) })
      }
      const { items } = await listConnections(deps, principal, { provider, limit: MOST_LISTED })
      const ids = (origin: string): readonly string[] =>
        items.filter((one) => one.origin === origin).map(({ id }) => id)
      return ok({ confirmed: false, deleted: [], wouldDelete: ids('managed'), declared: ids('declared') })
    },
  )

/** More connections of one service than anybody has. */
const MOST_LISTED = 10_000
const WEEK = 7

const expiringRoute = (deps: AdminDeps): Route =>
  defineRoute(
    {
      method: 'get',
      path: '/connections/expiring',
      summary: 'List credentials with which a person has to do something soon',
      tag,
      needs: 'viewer',
      deed: 'connections.read',
      query: z.strictObject({ days: z.coerce.number().min(0).max(365).default(WEEK) }),
      answers: {
        200: {
          description: 'The credentials, soonest first.',
          schema: z.looseObject({ items: z.array(credentialAnswer) }),
        },
      },
    },
    async ({ principal, query }) => ok({ items: await expiringCredentials(deps, principal, query.days) }),
  )

const oneRoutes = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/connections/{id}',
      summary: 'Show one connection, its state, and what may be shown of its credential',
      tag,
      needs: 'viewer',
      deed: 'connections.read',
      answers: { 200: { description: 'The connection; a managed one has an ETag.', schema: connectionAnswer } },
      problems: ['not_found'],
    },
    async ({ principal, params }) => toReply(await showConnection(deps, principal, params.id)),
  ),
  defineRoute(
    {
      method: 'put',
      path: '/connections/{id}',
      summary: 'Say anew what a managed connection is; another address or method needs its credential again',
      tag,
      needs: 'admin',
      deed: 'connection.updated',
      body: draftBody,
      ifMatch: 'required',
      answers: { 200: { description: 'The connection as it is now.', schema: connectionAnswer } },
      problems: ['conflict', 'not_found', 'version_conflict'],
    },
    async ({ principal, params, body, ifMatch }) => {
      checkProvider(deps.connections.providers(), body.provider)
      // `*` means whatever is there.
      const ifVersion = toVersion(ifMatch) ?? (await showConnection(deps, principal, params.id)).version
      return toReply(await updateConnection(deps, principal, { id: params.id, draft: toDraft(body), ifVersion }))
    },
  ),
  defineRoute(
    {
      method: 'delete',
      path: '/connections/{id}',
      summary: 'Delete a managed connection and end its credential; it can be restored for 30 days, without it',
      tag,
      needs: 'admin',
      deed: 'connection.deleted',
      ifMatch: 'optional',
      answers: { 200: { description: 'What has ended.', schema: revokedAnswer } },
      problems: ['conflict', 'not_found', 'version_conflict'],
    },
    async ({ principal, params, ifMatch }) =>
      ok(await deleteConnection(deps, principal, { id: params.id, ifVersion: toVersion(ifMatch) })),
  ),
]

/** What stands in the file has no version here. */
const toReply = (facts: ConnectionFacts): Reply => ok(facts, facts.origin === 'managed' ? facts.version : undefined)
