import * as z from 'zod'
import type { AdminDeps } from '../admin/admin.ts'
import {
  effectivePolicy,
  lintFindings,
  managedPolicy,
  policyVersion,
  policyVersions,
  runTests,
} from '../admin/policy.ts'
import { explainCall } from '../admin/policy-explain.ts'
import { policyMatrix } from '../admin/policy-matrix.ts'
import { shadowReport } from '../admin/policy-shadow.ts'
import { GatewayError } from '../kernel/errors.ts'
import { anyObject, pageAnswer, timeAnswer } from './answers.ts'
import { callBody } from './api-call.ts'
import { nameText, pageQuery, queryBoolean } from './api-input.ts'
import {
  documentAnswer,
  findingAnswer,
  layerText,
  policyInputFields,
  testsAnswer,
  toInput,
  versionAnswer,
} from './api-policy-schemas.ts'
import { type Route, defineRoute, ok } from './route.ts'

const time = z.number().int().min(0)

const questionBody = callBody.extend({
  at: time.optional(),
  seen: z.array(nameText).max(100).optional().describe('Labels that the run has seen; none when left out.'),
})

const explanationAnswer = z.looseObject({
  principal: z.string(),
  tool: z.string(),
  decision: z.enum(['allow', 'deny']),
  rule: z.string().optional(),
  reason: z.string().optional(),
  summary: z.string(),
  forAgent: z.string().optional(),
  visible: z.boolean(),
  obligations: z.array(anyObject),
  rules: z.array(anyObject),
  failed: z.array(z.looseObject({ rule: z.string(), pointer: z.string().optional(), note: z.string() })),
  policyVersion: z.string(),
})

const effectiveAnswer = z
  .looseObject({
    version: z.string(),
    managed: z.number(),
    problem: z.string().optional(),
    timezone: z.string(),
    rules: z.array(z.looseObject({ origin: z.enum(['declared', 'managed']), rule: anyObject })),
    groups: z.array(anyObject),
    tests: z.array(anyObject),
    grants: z.array(z.looseObject({ origin: z.literal('grant') })),
  })
  .meta({ id: 'EffectivePolicy' })

const count = z.looseObject({ name: z.string(), calls: z.number() })
const shadowAnswer = z.looseObject({
  since: timeAnswer,
  calls: z.number(),
  isCut: z.boolean(),
  rules: z.array(
    z.looseObject({
      rule: z.string(),
      mode: z.enum(['shadow', 'enforce', 'gone']),
      calls: z.number(),
      would: z.looseObject({ deny: z.number(), allow: z.number(), obligations: z.number() }),
      agents: z.array(count),
      tools: z.array(count),
    }),
  ),
})

const cellAnswer = z.looseObject({
  agent: z.string(),
  tool: z.string(),
  access: z.enum(['none', 'approval', 'conditional', 'allow']),
  effect: z.string(),
  risk: z.string(),
  quarantined: z.boolean(),
  rules: z.array(z.string()),
})

const LOOK = { tag: 'policy', needs: 'viewer', deed: 'policy.read' } as const

/** `/policy`: what is in force, what was, and what it means. */
export const policyRoutes = (deps: AdminDeps): readonly Route[] => [
  ...ofDocuments(deps),
  ...ofMeaning(deps),
  ...ofAnswers(deps),
]

const ofDocuments = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      ...LOOK,
      method: 'get',
      path: '/policy',
      summary: 'Show the managed policy: what is edited here',
      answers: { 200: { description: 'The document, and an ETag to save the next one with.', schema: documentAnswer } },
    },
    async ({ principal }) => {
      const policy = await managedPolicy(deps, principal)
      return ok(policy, policy.etag)
    },
  ),
  defineRoute(
    {
      ...LOOK,
      method: 'get',
      path: '/policy/versions',
      summary: 'List the versions of the managed policy, newest first',
      query: z.strictObject(pageQuery),
      answers: {
        200: { description: 'A page of versions, without their documents.', schema: pageAnswer(versionAnswer) },
      },
      problems: ['invalid_cursor'],
    },
    async ({ principal, query }) => ok(await policyVersions(deps, principal, query)),
  ),
  defineRoute(
    {
      ...LOOK,
      method: 'get',
      path: '/policy/versions/{n}',
      summary: 'Show one version of the managed policy; 0 is the empty one before all',
      answers: { 200: { description: 'The version and its document.', schema: documentAnswer } },
    },
    async ({ principal, params }) => ok(await policyVersion(deps, principal, toNumber(params.n))),
  ),
]

const ofMeaning = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      ...LOOK,
      method: 'get',
      path: '/policy/effective',
      summary: 'Show everything that is evaluated: declared and managed rules, and grants, with their origin',
      answers: { 200: { description: 'The policy in force.', schema: effectiveAnswer } },
    },
    async ({ principal }) => ok(await effectivePolicy(deps, principal)),
  ),
  defineRoute(
    {
      ...LOOK,
      method: 'get',
      path: '/policy/matrix',
      summary: 'List what each agent may do with each tool',
      query: z.strictObject({
        ...pageQuery,
        agent: nameText.optional(),
        connection: nameText.optional(),
        reachable: queryBoolean.optional(),
      }),
      answers: { 200: { description: 'A page of cells, ordered by agent and tool.', schema: pageAnswer(cellAnswer) } },
      problems: ['invalid_cursor'],
    },
    async ({ principal, query }) => ok(await policyMatrix(deps, principal, query)),
  ),
  defineRoute(
    {
      ...LOOK,
      method: 'get',
      path: '/policy/lint',
      summary: 'List what the policy allows or forbids without anyone having meant it',
      answers: {
        200: {
          description: 'The findings, the gravest first.',
          schema: z.looseObject({ items: z.array(findingAnswer) }),
        },
      },
    },
    async ({ principal }) => ok({ items: await lintFindings(deps, principal) }),
  ),
  defineRoute(
    {
      ...LOOK,
      method: 'get',
      path: '/policy/shadow',
      summary: 'Report what rules in shadow mode would have done',
      deed: 'policy.shadow_read',
      query: z.strictObject({ since: z.coerce.number().int().min(0).optional() }),
      answers: { 200: { description: 'Counts by rule; of the last 7 days without `since`.', schema: shadowAnswer } },
    },
    async ({ principal, query, signal }) => ok(await shadowReport(deps, principal, { ...query, signal })),
  ),
]

const ofAnswers = (deps: AdminDeps): readonly Route[] => [
  defineRoute(
    {
      ...LOOK,
      method: 'post',
      path: '/policy/explain',
      summary: 'Say what the policy says to a call, and why; nothing is called',
      deed: 'policy.explained',
      body: questionBody,
      answers: { 200: { description: 'The decision and the part of every rule in it.', schema: explanationAnswer } },
    },
    async ({ principal, body }) => ok(await explainCall(deps, principal, body)),
  ),
  defineRoute(
    {
      ...LOOK,
      method: 'post',
      path: '/policy/test',
      summary: 'Run the tests of the policy, with another document in the place of one of the two when one is sent',
      deed: 'policy.tested',
      body: z.strictObject({ ...policyInputFields, layer: layerText.default('managed') }),
      answers: { 200: { description: 'What became of each test.', schema: testsAnswer } },
      problems: ['policy_invalid'],
    },
    async ({ principal, body }) => ok(await runTests(deps, principal, { input: toInput(body), layer: body.layer })),
  ),
]

/** The number of a version as it stands in an address. Throws `not_found`. */
export function toNumber(text: string): number {
  if (/^[0-9]{1,9}$/.test(text)) return Number(text)
  throw new GatewayError('not_found', `There is no version "${text.slice(0, 64)}" of the managed policy.`)
}
