import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { type PolicyPart, removePolicyPart, restorePolicy, savePolicy, setPolicyPart } from '../admin/policy-edits.ts'
import type { SavedPolicy, SaveOptions } from '../admin/policy-save.ts'
import { GatewayError } from '../kernel/errors.ts'
import { jsonObject, queryBoolean } from './api-input.ts'
import { policyInputFields, savedAnswer, saveFields, toInput } from './api-policy-schemas.ts'
import { toNumber } from './api-policy.ts'
import { type Reply, type Route, defineRoute, ok } from './route.ts'

const CHANGE = {
  tag: 'policy',
  needs: 'admin',
  deed: 'policy.saved',
  answers: { 200: { description: 'What was put into force, or would have been.', schema: savedAnswer } },
  problems: ['policy_invalid', 'policy_tests_failed', 'conflict'],
} as const

/** `PUT /policy` and everything else that makes another version of the managed policy. */
export const policyChangeRoutes = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      ...CHANGE,
      method: 'put',
      path: '/policy',
      summary: 'Save another managed policy and put it into force',
      body: z.strictObject({ ...policyInputFields, ...saveFields }),
      ifMatch: 'required',
    },
    async ({ principal, body: { document, text, ...options }, ifMatch }) => {
      const input = toInput({ document, text })
      if (!input) throw new GatewayError('invalid_request', 'Send the policy as `document`, or as `text`.')
      return toReply(await savePolicy(deps, principal, { input, ...options, ifMatch }))
    },
  ),
  defineRoute(
    {
      ...CHANGE,
      method: 'post',
      path: '/policy/versions/{n}/activate',
      summary: 'Put the text of an earlier version into force again, as a new version',
      body: z.strictObject(saveFields),
      ifMatch: 'optional',
    },
    async ({ principal, params, body, ifMatch }) =>
      toReply(await restorePolicy(deps, principal, { version: toNumber(params.n), ...body, ifMatch })),
  ),
  ...partRoutes(deps, 'rule'),
  ...partRoutes(deps, 'group'),
  ...partRoutes(deps, 'test'),
]

const deleteQuery = z.strictObject({
  message: saveFields.message,
  force: queryBoolean.optional(),
  dryRun: queryBoolean.optional(),
})

/** A rule, group or test by itself, through the same checks as the whole. */
const partRoutes = (deps: AdminDeps, part: PolicyPart['part']): readonly Route[] => {
  const path = `/policy/${part}s/{name}` as const
  return [
    defineRoute(
      {
        ...CHANGE,
        method: 'put',
        path,
        summary: `Put a managed ${part} in its place, or add it`,
        body: z.strictObject({ [part]: jsonObject, ...saveFields }),
        ifMatch: 'required',
      },
      async ({ principal, params: { name }, body, ifMatch }) => {
        const { [part]: value, ...options } = body as SaveOptions & Readonly<Record<typeof part, unknown>>
        return toReply(await setPolicyPart(deps, principal, { part, name, value, ...options, ifMatch }))
      },
    ),
    defineRoute(
      {
        ...CHANGE,
        method: 'delete',
        path,
        summary: `Take a managed ${part} out`,
        query: deleteQuery,
        ifMatch: 'required',
      },
      async ({ principal, params: { name }, query, ifMatch }) =>
        toReply(await removePolicyPart(deps, principal, { part, name, ...query, ifMatch })),
    ),
  ]
}

const toReply = (saved: SavedPolicy): Reply => ok(saved, saved.etag)
