import * as z from 'zod'
import { pointerSchema, scalarSchema, scalarsSchema } from './selector-schema.ts'

/** Linear-time patterns (RE2) of at most this many characters. */
export const patternSchema = z.string().min(1).max(500)

const domain = z
  .string()
  .max(253)
  .regex(
    /^(?:\*\.)?(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/,
    'Write a domain in lower case, such as corp.com, or *.corp.com for its subdomains.',
  )

const host = z
  .string()
  .max(260)
  .regex(
    /^(?:(?:\*\.)?[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?$/,
    'Write a host in lower case, such as api.corp.com, *.corp.com or localhost:8080.',
  )

/** What an argument must be like. All operators of one constraint must hold. */
export const constraintSchema = z
  .strictObject({
    equals: scalarSchema.optional().describe('Exactly this value.'),
    in: scalarsSchema.optional().describe('One of these values.'),
    notIn: scalarsSchema.optional().describe('None of these values. Prefer `in`: a list of what is good has no gaps.'),
    pattern: patternSchema.optional().describe('RE2 pattern that the whole text matches (texts of at most 10,000).'),
    emailDomains: z
      .array(domain)
      .min(1)
      .max(1_000)
      .optional()
      .describe('A plain email address at one of these domains: no display name, no second address.'),
    hosts: z
      .array(host)
      .min(1)
      .max(1_000)
      .optional()
      .describe('An http or https URL on one of these hosts, at the default port unless the host names one.'),
    min: z.number().optional().describe('A number of at least this.'),
    max: z.number().optional().describe('A number of at most this.'),
    maxLength: z.int().min(0).optional().describe('A text of at most this many UTF-16 units.'),
    maxItems: z.int().min(1).optional().describe('A list of at most this many items.'),
    absent: z.literal(true).optional().describe('The argument must be left out. Stands alone.'),
    optional: z.literal(true).optional().describe('The argument may be left out; when it is there, the rest holds.'),
    schema: z.record(z.string(), z.json()).optional().describe('A JSON Schema that the whole value is valid for.'),
  })
  .refine((constraint) => constraint.absent === undefined || Object.keys(constraint).length === 1, {
    error: '`absent` stands alone: an argument that is left out has no value to test.',
    path: ['absent'],
  })
  .refine(({ min, max }) => min === undefined || max === undefined || min <= max, {
    error: 'No number is at least `min` and at most `max`: swap them.',
    path: ['min'],
  })
export type Constraint = z.infer<typeof constraintSchema>

export const argumentsSchema = z
  .record(pointerSchema, constraintSchema)
  .refine((args) => Object.keys(args).length > 0, { error: 'Name at least one argument, or leave `args` out.' })
  .refine((args) => Object.keys(args).length <= 100, { error: 'At most 100 arguments in one rule.' })
  .meta({ minProperties: 1, maxProperties: 100 })

export const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
export type Day = (typeof DAYS)[number]

export const zoneSchema = z.string().min(1).max(64)

const label = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'Write a label in lower case, such as untrusted or confidential; at most 64.')
export const labelsSchema = z.array(label).min(1).max(20)

/** What the agent's run must have seen for a rule to be about its calls at all. */
export const runSchema = z
  .strictObject({
    seen: labelsSchema.describe('Labels; one that the run has seen is enough.'),
  })
  .describe(
    'The rule is about calls of runs that have seen one of these labels, and about no other. Where nobody knows what a run has seen, a deny or require rule is about it and an allow rule is not.',
  )

const TIME = /^(?:[01][0-9]|2[0-3]):[0-5][0-9]$/
const moment = z.iso.datetime({ offset: true, error: 'Write a time with its offset, such as 2026-11-20T17:00:00Z.' })

/** When a rule holds. Parts that are left out do not limit. */
export const whenSchema = z
  .strictObject({
    days: z.array(z.enum(DAYS)).min(1).optional().describe('Days of the week on which the window begins.'),
    from: z.string().regex(TIME, 'Write a time such as 09:00.').optional().describe('Begin of the window, inclusive.'),
    to: z
      .string()
      .regex(/^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$/, 'Write a time such as 17:00, or 24:00.')
      .optional()
      .describe('End of the window, exclusive. Before `from`: the window ends on the next day.'),
    timezone: zoneSchema.optional().describe("IANA zone; without it the policy's, or else UTC."),
    notBefore: moment.optional().describe('The rule begins to hold at this moment.'),
    notAfter: moment.optional().describe('The last moment at which the rule holds.'),
  })
  .refine((when) => Object.keys(when).some((key) => key !== 'timezone'), {
    error: 'Say days, from, to, notBefore or notAfter, or leave `when` out.',
  })
  .refine((when) => when.from === undefined || when.from !== when.to, {
    error: '`from` and `to` are the same, so that no time is between them. Leave both out for the whole day.',
    path: ['to'],
  })
  .refine(
    ({ notBefore, notAfter }) =>
      notBefore === undefined || notAfter === undefined || Date.parse(notBefore) <= Date.parse(notAfter),
    { error: '`notAfter` is before `notBefore`, so that the rule would never hold.', path: ['notAfter'] },
  )
export type When = z.infer<typeof whenSchema>
