import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { callAction, callAs } from '../admin/call.ts'
import { anyObject } from './answers.ts'
import { jsonObject, nameText } from './api-input.ts'
import { type Route, defineRoute, ok } from './route.ts'

export const callBody = z.strictObject({
  agent: nameText,
  user: nameText.optional(),
  groups: z.array(nameText).max(100).optional(),
  tool: nameText,
  arguments: jsonObject.default({}),
})

const actionBody = z.strictObject({
  actionIdentifier: nameText,
  connectionId: nameText.optional(),
  input: jsonObject.default({}),
})

const callAnswer = z.looseObject({ requestId: z.string(), durationMs: z.number(), result: anyObject })

/** `/actions/call`: a call of an agent. `/call`: a call as some agent would make it. */
export const callRoutes = (deps: AdminDeps): readonly Route[] => [
  actionRoute(deps),
  defineRoute(
    {
      method: 'post',
      path: '/call',
      summary: 'Run one governed call as an agent, to try it',
      tag: 'calls',
      needs: 'admin',
      deed: 'tool.tried',
      body: callBody,
      answers: { 200: { description: 'The result, as the agent would get it.', schema: callAnswer } },
      problems: ['denied', 'tool_not_found', 'invalid_input', 'connection_unusable'],
    },
    async ({ principal, body, signal }) => ok(await callAs(deps, principal, body, signal)),
  ),
]

const actionRoute = (deps: AdminDeps): Route =>
  defineRoute(
    {
      method: 'post',
      path: '/actions/call',
      summary: 'Run one governed action, for agents that do not speak MCP',
      tag: 'calls',
      needs: 'agent',
      deed: 'tool.call',
      body: actionBody,
      creates: true,
      answers: { 200: { description: 'What the action answered.', schema: callAnswer } },
      problems: [
        'tool_not_found',
        'denied',
        'invalid_input',
        'approval_required',
        'connect_required',
        'connection_unusable',
        'rate_limit_exceeded',
        'quota_exceeded',
        'upstream_failed',
        'upstream_timeout',
      ],
    },
    async ({ principal, body, signal, requestId }) =>
      ok(await callAction(deps, principal, body, { signal, requestId })),
  )
