import { z } from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { callAs } from '../admin/call.ts'
import { explainCall } from '../admin/policy.ts'
import { anyObject } from './answers.ts'
import { jsonObject, nameText } from './api-input.ts'
import { type Route, defineRoute, ok } from './route.ts'

const callBody = z.strictObject({
  agent: nameText,
  user: nameText.optional(),
  groups: z.array(nameText).max(100).optional(),
  tool: nameText,
  arguments: jsonObject.default({}),
})

const questionBody = callBody.extend({ at: z.number().int().min(0).optional() })

const callAnswer = z.looseObject({ requestId: z.string(), durationMs: z.number(), result: anyObject })

const policyAnswer = z.looseObject({
  principal: z.string(),
  tool: z.string(),
  decision: z.enum(['allow', 'deny']),
  rule: z.string().optional(),
  reason: z.string().optional(),
  summary: z.string(),
  visible: z.boolean(),
  obligations: z.array(anyObject),
  rules: z.array(anyObject),
  policyVersion: z.string(),
})

/** `/call` and `/policy/explain`: a call as some agent would make it, run or only judged. */
export const callRoutes = (deps: AdminDeps): readonly Route[] => [
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
  defineRoute(
    {
      method: 'post',
      path: '/policy/explain',
      summary: 'Say what the policy says to a call, and why; nothing is called',
      tag: 'policy',
      needs: 'viewer',
      deed: 'policy.explained',
      body: questionBody,
      answers: { 200: { description: 'The decision and the part of every rule in it.', schema: policyAnswer } },
    },
    async ({ principal, body }) => ok(await explainCall(deps, principal, body)),
  ),
]
