import * as z from 'zod'
import { DURATION_PATTERN } from '../kernel/duration.ts'
import { labelsSchema, patternSchema, zoneSchema } from './condition-schema.ts'
import { idSchema, pointerSchema } from './selector-schema.ts'

const duration = z.string().regex(DURATION_PATTERN, 'Write a duration such as 30s, 15m, 1h or 7d.')
const replacement = z.string().max(64).optional().describe('What stands in its place.')

const approvalSchema = z.strictObject({
  approvers: z.array(idSchema).min(1).max(20).describe('Groups whose members may approve.'),
  quorum: z.int().min(1).max(20).optional().describe('How many people must approve; 1 when left out.'),
  allowSelf: z
    .boolean()
    .optional()
    .describe('Whether the user that the agent acts for may approve; false when left out.'),
  ttl: duration.optional().describe('How long an approval waits and is good for; 15m when left out.'),
  channels: z
    .array(z.enum(['console', 'elicitation-url', 'elicitation-form']))
    .min(1)
    .optional()
    .describe('Where approvers may be asked; everywhere when left out.'),
})

const scopes = z
  .array(z.enum(['agent', 'user', 'tool', 'connection', 'organisation']))
  .min(1)
  .optional()
  .describe('Who or what has a budget of its own; each agent when left out.')

const rateLimitSchema = z.strictObject({
  limit: z.int().min(1).max(1_000_000).describe('Calls per window. Attempts count, also those that fail.'),
  window: duration.describe('Length of the window.'),
  per: scopes,
  burst: z.int().min(1).max(1_000_000).optional().describe('Calls that may come at once; `limit` when left out.'),
})

const quotaSchema = z.strictObject({
  limit: z.int().min(1).max(1_000_000_000).describe('Calls per window. Attempts count, also those that fail.'),
  window: z
    .enum(['hour', 'day', 'week', 'month'])
    .describe('Calendar window; a week begins on Monday. At its end the count begins anew.'),
  timezone: zoneSchema.optional().describe("IANA zone of the calendar; without it the policy's, or else UTC."),
  per: scopes,
})

const redactionSchema = z
  .strictObject({
    preset: z
      .enum(['secrets', 'emails', 'phones', 'cards', 'iban', 'nationalIds'])
      .optional()
      .describe('A kind of text that the gateway recognises.'),
    pattern: patternSchema.optional().describe('RE2 pattern of the text to take out.'),
    pointer: pointerSchema.optional().describe('JSON Pointer of the value to take out of the structured content.'),
    with: replacement,
  })
  .refine(
    ({ preset, pattern, pointer }) => [preset, pattern, pointer].filter((what) => what !== undefined).length === 1,
    {
      error: 'Say exactly one of preset, pattern and pointer.',
    },
  )

/** What a rule asks for besides allowing. */
export const obligationsSchema = z
  .strictObject({
    approval: approvalSchema.optional().describe('People must approve the call first.'),
    rateLimit: rateLimitSchema.optional().describe('How often it may be called.'),
    quota: quotaSchema
      .optional()
      .describe('How often it may be called in an hour, day, week or month of the calendar.'),
    label: labelsSchema
      .optional()
      .describe("What the result carries, such as untrusted: the agent's run has seen it from then on."),
    redact: z.array(redactionSchema).min(1).max(50).optional().describe('What is taken out of the result.'),
    maxResponseBytes: z.int().min(1).optional().describe('The largest result that is handed on, in bytes.'),
    log: z
      .enum(['meta', 'hash', 'args', 'full'])
      .optional()
      .describe(
        'What the audit log keeps: who and what only, a hash of the arguments, the arguments, or the result too.',
      ),
  })
  .refine((value) => Object.keys(value).length > 0, { error: 'Name at least one obligation, or leave the key out.' })
  .meta({ minProperties: 1 })
export type ObligationsSpec = z.infer<typeof obligationsSchema>
