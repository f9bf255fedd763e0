import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import { type PlanRequest, planPolicy } from '../admin/policy-plan.ts'
import { DEFAULT_LAST, MOST_RECORDED } from '../admin/policy-recorded.ts'
import { GatewayError } from '../kernel/errors.ts'
import { anyObject, timeAnswer } from './answers.ts'
import { findingAnswer, layerText, policyInputFields, testsAnswer, toInput } from './api-policy-schemas.ts'
import { type Route, defineRoute, ok } from './route.ts'

const replayBody = z.strictObject({
  last: z.number().int().min(1).max(MOST_RECORDED).optional().describe('So many calls; 10,000 without `since`.'),
  since: z.number().int().min(0).optional().describe('Calls from this moment on, milliseconds since the epoch.'),
})

const planBody = z.strictObject({
  ...policyInputFields,
  rules: z
    .record(z.string().min(1).max(200), z.unknown())
    .optional()
    .describe('Rules of the managed policy by id, instead of a document; null takes one out.'),
  layer: layerText.default('managed'),
  replay: z
    .union([replayBody, z.literal(false)])
    .default({ last: DEFAULT_LAST })
    .describe('Which calls of the past are decided anew; false for none.'),
  listed: z.number().int().min(1).max(1_000).optional().describe('How many changes of a kind are listed.'),
})

const diffEntries = z.array(z.looseObject({ part: z.string(), name: z.string(), lines: z.array(z.string()) }))
const changes = z.array(
  z.looseObject({ agent: z.string(), tool: z.string(), before: z.string(), after: z.string(), widening: z.boolean() }),
)
const outcome = z.looseObject({ kind: z.enum(['allow', 'deny', 'approval']), because: z.string() })

const planAnswer = z
  .looseObject({
    base: z.looseObject({ version: z.number(), etag: z.string() }),
    layer: layerText,
    text: z.looseObject({ added: diffEntries, removed: diffEntries, changed: diffEntries }),
    access: z.looseObject({
      gained: changes,
      lost: changes,
      approvalChanged: changes,
      conditionsChanged: changes,
      obligationsChanged: changes,
      totals: anyObject,
    }),
    tests: testsAnswer,
    lint: z.array(findingAnswer),
    warnings: z.array(anyObject),
    replay: z
      .looseObject({
        total: z.number(),
        changed: z.number(),
        widened: z.number(),
        indeterminate: z.number(),
        changes: z.array(
          z.looseObject({ at: timeAnswer, agent: z.string(), tool: z.string(), before: outcome, after: outcome }),
        ),
        isCut: z.boolean(),
      })
      .optional(),
  })
  .meta({ id: 'PolicyPlan' })

/** `POST /policy/plan`: what saving would change. */
export const policyPlanRoutes = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'post',
      path: '/policy/plan',
      summary: 'Say what saving a policy would change for whom, and for which calls of the past; nothing is saved',
      tag: 'policy',
      needs: 'viewer',
      deed: 'policy.planned',
      body: planBody,
      answers: { 200: { description: 'What would change.', schema: planAnswer } },
      problems: ['policy_invalid', 'conflict'],
    },
    async ({ principal, body, signal }) => {
      const { layer, listed, replay: past } = body
      const request = { change: toChange(body), layer, listed, signal, past: past === false ? undefined : past }
      return ok(await planPolicy(deps, principal, request))
    },
  ),
]

function toChange({ rules, layer, ...sent }: z.infer<typeof planBody>): PlanRequest['change'] {
  const input = toInput(sent)
  if (input && !rules) return input
  if (rules && !input && layer === 'managed') return { rules }
  throw new GatewayError(
    'invalid_request',
    'Send the policy as `document` or as `text`, or else single rules of the managed policy as `rules`.',
  )
}
