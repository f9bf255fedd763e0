import * as z from 'zod'
import { isSealedSecret, type SealedSecret } from '../vault/sealed-secret.ts'
import { defineCollection } from '../store/store.ts'

const demand = z.strictObject({
  rule: z.string(),
  approvers: z.array(z.string()),
  quorum: z.int().min(1),
  allowSelf: z.boolean(),
})

const vote = z.strictObject({
  by: z.string(),
  at: z.number(),
  verdict: z.enum(['approve', 'deny']),
  reason: z.string().optional(),
  channel: z.enum(['console', 'elicitation-url', 'elicitation-form']),
  rules: z.array(z.string()),
})

const approval = z.strictObject({
  callHash: z.string(),
  organisation: z.string(),
  principal: z.string(),
  agent: z.string(),
  user: z.string().optional(),
  actor: z.string().optional(),
  act: z.string(),
  tool: z.string(),
  connection: z.string(),
  fingerprint: z.string(),
  demands: z.array(demand).min(1),
  policyVersion: z.string(),
  requestedAt: z.number(),
  expiresAt: z.number(),
  state: z.enum(['pending', 'approved', 'denied', 'consumed', 'expired']),
  votes: z.array(vote),
  consumedAt: z.number().optional(),
  outcome: z.enum(['ok', 'error', 'unknown']).optional(),
  /** When it was denied, consumed or expired: it is forgotten some days later. */
  endedAt: z.number().optional(),
  /** The exact arguments; gone once the approval expired without being used. */
  sealed: z.custom<SealedSecret>(isSealedSecret).optional(),
})
export type ApprovalRow = z.infer<typeof approval>

const grant = z.strictObject({
  organisation: z.string(),
  principal: z.string(),
  act: z.string(),
  tool: z.string(),
  connection: z.string(),
  fingerprint: z.string(),
  demands: z.array(demand).min(1),
  callHash: z.string().optional(),
  args: z.record(z.string(), z.json()).optional(),
  by: z.string(),
  approval: z.string(),
  notBefore: z.number(),
  notAfter: z.number(),
  revokedAt: z.number().optional(),
})
export type GrantRow = z.infer<typeof grant>

export const approvalCollection = defineCollection('approvals', approval)
export const grantCollection = defineCollection('approval_grants', grant)
