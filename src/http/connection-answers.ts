import * as z from 'zod'
import { anyObject, timeAnswer } from './answers.ts'

export const connectionStates = z.enum([
  'disconnected',
  'connected',
  'action_required',
  'inbound_ready',
  'active',
  'degraded',
])

export const credentialAnswer = z
  .looseObject({
    connection: z.string(),
    user: z.string().optional().describe('Whose own account it is; absent for the shared one.'),
    method: z.string(),
    account: z.string().optional(),
    scopes: z.array(z.string()).optional(),
    expiresAt: timeAnswer.optional(),
    refreshes: z.boolean().describe('The access token comes anew by itself.'),
    refreshExpiresAt: timeAnswer.optional(),
    fields: z
      .record(z.string(), z.looseObject({ set: z.literal(true), last4: z.string().optional() }))
      .describe('That a value is stored, and its last four characters where twelve more stay hidden.'),
  })
  .meta({ id: 'Credential' })

export const connectionAnswer = z
  .looseObject({
    id: z.string(),
    title: z.string().optional(),
    origin: z.enum(['declared', 'managed']),
    provider: z.string(),
    method: z.string(),
    owner: z.string().describe('`organisation`, or `user:<id>`.'),
    credential: z.enum(['shared', 'per_user']),
    enabled: z.boolean(),
    settings: anyObject,
    status: connectionStates,
    reason: z.string().optional(),
    reasonCode: z.string().optional(),
    since: timeAnswer.optional(),
    lastOkAt: timeAnswer.optional(),
    tools: z.number(),
    account: z.string().optional(),
    credentials: z.array(credentialAnswer),
  })
  .meta({ id: 'Connection' })

export const testAnswer = z
  .looseObject({
    status: z.enum(['ok', 'refused', 'failed']),
    latencyMs: z.number(),
    tokenValid: z.boolean().optional().describe('Absent where the service could not be asked.'),
    scopesGranted: z.array(z.string()),
    account: z.string().optional(),
    tools: z.number(),
    problem: z.looseObject({ code: z.string(), message: z.string() }).optional(),
  })
  .meta({ id: 'ConnectionTest' })

export const revokedAnswer = z
  .looseObject({
    id: z.string(),
    removed: z.number().describe('Credentials that are gone here.'),
    endedAtVendor: z.number().describe('Those that the service has confirmed to have ended.'),
  })
  .meta({ id: 'RevokedConnection' })
