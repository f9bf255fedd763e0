import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { refreshTools, restoreConnection, revokeConnection, switchConnection } from '../admin/connection-lifecycle.ts'
import { testConnection, testDraft } from '../admin/connection-tests.ts'
import { rotateCredential } from '../admin/connections.ts'
import { nameText } from './api-input.ts'
import { connectionAnswer, revokedAnswer, testAnswer } from './connection-answers.ts'
import { checkProvider, secretFields, testBody, toDraft } from './connection-input.ts'
import { type Route, defineRoute, ok } from './route.ts'

const tag = 'connections'
const connection = { 200: { description: 'The connection as it is now.', schema: connectionAnswer } }
const tested = { 200: { description: 'What connecting once came to.', schema: testAnswer } }

/** What is done with a connection, besides making, changing and deleting it. */
export const connectionDeedRoutes = (deps: AdminDeps): readonly Route[] => [
  ...testRoutes(deps),
  rotateRoute(deps),
  refreshRoute(deps),
  switchRoute(deps, true),
  switchRoute(deps, false),
  revokeRoute(deps),
  restoreRoute(deps),
]

const testRoutes = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'post',
      path: '/connections/test',
      summary: 'Connect once with what would be saved, and save nothing',
      tag,
      needs: 'admin',
      deed: 'connection.tested',
      body: testBody,
      answers: tested,
      problems: ['invalid_credential', 'not_found'],
    },
    async ({ principal, body: { fields, ...draft } }) => {
      checkProvider(deps.connections.providers(), draft.provider)
      return ok(await testDraft(deps, principal, { draft: toDraft(draft), fields }))
    },
  ),
  defineRoute(
    {
      method: 'post',
      path: '/connections/{id}/test',
      summary: 'Connect once with what is stored',
      tag,
      needs: 'admin',
      deed: 'connection.tested',
      answers: tested,
      problems: ['not_found'],
    },
    async ({ principal, params }) => ok(await testConnection(deps, principal, params.id)),
  ),
]

const rotateRoute = (deps: AdminDeps): Route =>
  defineRoute(
    {
      method: 'post',
      path: '/connections/{id}/rotate',
      summary: 'Put another credential in the place of the one before, once it has been tried',
      tag,
      needs: 'admin',
      deed: 'connection.rotated',
      body: z.strictObject({ fields: secretFields }),
      answers: tested,
      problems: ['invalid_credential', 'not_found', 'upstream_failed'],
    },
    async ({ principal, params, body }) =>
      ok(await rotateCredential(deps, principal, { id: params.id, fields: body.fields })),
  )

const refreshRoute = (deps: AdminDeps): Route =>
  defineRoute(
    {
      method: 'post',
      path: '/connections/{id}/refresh-tools',
      summary: 'Connect anew, so that tools are listed again',
      tag,
      needs: 'admin',
      deed: 'connection.tools_refreshed',
      answers: { 200: { description: 'It has begun.', schema: z.looseObject({ id: z.string() }) } },
      problems: ['not_found'],
    },
    async ({ principal, params }) => {
      await refreshTools(deps, principal, params.id)
      return ok({ id: params.id })
    },
  )

const switchRoute = (deps: AdminDeps, enabled: boolean): Route =>
  defineRoute(
    {
      method: 'post',
      path: enabled ? '/connections/{id}/enable' : '/connections/{id}/disable',
      summary: enabled ? 'Switch a connection on' : 'Switch a connection off: running calls end, its tools go',
      tag,
      needs: 'admin',
      deed: enabled ? 'connection.enabled' : 'connection.disabled',
      answers: connection,
      problems: ['conflict', 'not_found'],
    },
    async ({ principal, params }) => ok(await switchConnection(deps, principal, { id: params.id, enabled })),
  )

const revokeRoute = (deps: AdminDeps): Route =>
  defineRoute(
    {
      method: 'post',
      path: '/connections/{id}/revoke',
      summary: "End a connection's credentials here and at the service, or one person's own",
      tag,
      needs: 'admin',
      deed: 'connection.revoked',
      body: z.strictObject({ user: nameText.optional() }),
      answers: { 200: { description: 'What has ended.', schema: revokedAnswer } },
      problems: ['not_found'],
    },
    async ({ principal, params, body }) =>
      ok(await revokeConnection(deps, principal, { id: params.id, user: body.user })),
  )

const restoreRoute = (deps: AdminDeps): Route =>
  defineRoute(
    {
      method: 'post',
      path: '/connections/{id}/restore',
      summary: 'Bring back a connection that was deleted within 30 days, without its credential',
      tag,
      needs: 'admin',
      deed: 'connection.restored',
      answers: connection,
      problems: ['conflict', 'not_found'],
    },
    async ({ principal, params }) => ok(await restoreConnection(deps, principal, params.id)),
  )
