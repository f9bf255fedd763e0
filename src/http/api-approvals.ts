import * as z from 'zod'
import {
  type ApprovalDeps,
  decideApproval,
  grantApproval,
  listApprovals,
  listGrants,
  revokeGrant,
  showApproval,
} from '../admin/approvals.ts'
import { anyObject, pageAnswer, timeAnswer } from './answers.ts'
import { durationText, jsonObject, pageQuery } from './api-input.ts'
import { toVersion } from './etag.ts'
import { type Route, created, defineRoute, noContent, ok } from './route.ts'

const states = z.enum(['pending', 'approved', 'denied', 'consumed', 'expired'])

const approval = z
  .looseObject({
    id: z.string(),
    version: z.number(),
    state: states,
    tool: z.string(),
    agent: z.string(),
    callHash: z.string().describe('SHA-256 of the call in canonical JSON, base64url.'),
    demands: z.array(anyObject),
    votes: z.array(anyObject),
    requestedAt: timeAnswer,
    expiresAt: timeAnswer,
  })
  .meta({ id: 'Approval' })

const shown = approval.extend({ arguments: anyObject.optional(), mayDecide: z.array(z.string()) })

const grant = z.looseObject({ id: z.string(), tool: z.string(), notAfter: timeAnswer }).meta({ id: 'ApprovalGrant' })

const reason = z.string().trim().min(1).max(500).optional().describe('Why; the agent reads it when the answer is no.')

const tag = 'approvals'

/** `/approvals` and `/approval-grants`. */
export const approvalRoutes = (deps: ApprovalDeps): readonly Route[] => [
  ...lookingRoutes(deps),
  decisionRoute(deps, 'approve', 'Say yes to a call'),
  decisionRoute(deps, 'deny', 'Say no to a call, finally'),
  ...grantRoutes(deps),
]

const lookingRoutes = (deps: ApprovalDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/approvals',
      summary: 'List calls that wait for people or were decided, newest first',
      tag,
      needs: 'viewer',
      deed: 'approval.listed',
      query: z.strictObject({ ...pageQuery, state: states.optional() }),
      answers: { 200: { description: 'A page, without arguments.', schema: pageAnswer(approval) } },
      problems: ['invalid_cursor'],
    },
    async ({ principal, query }) => ok(await listApprovals(deps, principal, query)),
  ),
  defineRoute(
    {
      method: 'get',
      path: '/approvals/{id}',
      summary: 'Show one with its arguments; looking is recorded',
      tag,
      needs: 'viewer',
      deed: 'approval.viewed',
      answers: { 200: { description: 'Arguments are there for its approvers and for auditors.', schema: shown } },
      problems: ['not_found'],
    },
    async ({ principal, params: { id } }) => {
      const found = await showApproval(deps, principal, { id, channel: 'console' })
      return ok(found, found.version)
    },
  ),
]

const decisionRoute = (deps: ApprovalDeps, verdict: 'approve' | 'deny', summary: string): Route =>
  defineRoute(
    {
      method: 'post',
      path: `/approvals/{id}/${verdict}`,
      summary,
      tag,
      needs: 'approver',
      deed: 'approval.decide',
      body: z.strictObject({ reason }),
      ifMatch: 'optional',
      answers: { 200: { description: 'How it stands now.', schema: approval } },
      problems: ['not_found', 'conflict', 'version_conflict'],
    },
    async ({ principal, params: { id }, body, ifMatch }) => {
      const ifVersion = toVersion(ifMatch)
      const said = { id, verdict, reason: body.reason, ifVersion, channel: 'console' } as const
      const decided = await decideApproval(deps, principal, said)
      return ok(decided, decided.version)
    },
  )

const grantRoutes = (deps: ApprovalDeps): readonly Route[] => [
  defineRoute(
    {
      method: 'post',
      path: '/approvals/{id}/grant',
      summary: 'Say yes, and spare such calls the wait for a while',
      tag,
      needs: 'approver',
      deed: 'approval.grant',
      body: z.strictObject({
        for: durationText.describe('At most 24h.'),
        args: jsonObject
          .optional()
          .describe('Constraints as in a rule with closedArgs; this very call alone when left out.'),
      }),
      ifMatch: 'optional',
      answers: { 201: { description: 'The grant in force.', schema: grant } },
      problems: ['not_found', 'conflict', 'version_conflict', 'overloaded'],
    },
    async ({ principal, params: { id }, body, ifMatch }) => {
      const draft = { id, forMs: body.for, args: body.args, ifVersion: toVersion(ifMatch), channel: 'console' } as const
      return created(await grantApproval(deps, principal, draft))
    },
  ),
  defineRoute(
    {
      method: 'get',
      path: '/approval-grants',
      summary: 'List the grants in force',
      tag,
      needs: 'viewer',
      deed: 'approval.grants_listed',
      answers: { 200: { description: 'All of them.', schema: z.looseObject({ items: z.array(grant) }) } },
    },
    async ({ principal }) => ok({ items: await listGrants(deps, principal) }),
  ),
  defineRoute(
    {
      method: 'delete',
      path: '/approval-grants/{id}',
      summary: 'Take a grant back, at once',
      tag,
      needs: 'approver',
      deed: 'approval.grant_revoke',
      answers: { 204: { description: 'It is over.' } },
      problems: ['not_found'],
    },
    async ({ principal, params: { id } }) => {
      await revokeGrant(deps, principal, id)
      return noContent()
    },
  ),
]
