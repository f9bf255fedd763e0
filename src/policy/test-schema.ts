import * as z from 'zod'
import { labelsSchema } from './condition-schema.ts'

const ids = z.array(z.string().min(1)).max(10_000)

const callerSchema = z.strictObject({
  agent: z.string().min(1).describe('Id of a registered agent; it has the groups of its registration.'),
  user: z.string().min(1).optional().describe('The user that it acts for.'),
  groups: z.array(z.string().min(1)).optional().describe('More groups, as sign-in would give them.'),
  claims: z.record(z.string(), z.json()).optional().describe('Claims of the credential.'),
})

const callSchema = z.strictObject({
  tool: z.string().min(1).describe('Canonical id, such as conn:slack:post_message.'),
  args: z.record(z.string(), z.json()).optional().describe('Arguments of the call.'),
})

const listSchema = z
  .strictObject({
    exactly: ids.optional().describe('Canonical ids of all tools that it sees.'),
    includes: ids.optional().describe('Tools that it sees, among others.'),
    excludes: ids.optional().describe('Tools that it does not see.'),
  })
  .refine((list) => Object.keys(list).length > 0, { error: 'Say exactly, includes or excludes.' })

/** An example that must stay true: a call and what becomes of it, or what a principal sees. */
export const policyTestSchema = z
  .strictObject({
    name: z.string().min(1).max(200).describe('What the test shows, as a sentence.'),
    as: callerSchema.describe('Who asks.'),
    at: z.iso.datetime({ offset: true }).optional().describe('When it asks; without it, now.'),
    call: callSchema.optional().describe('A call to decide. Needs `expect`.'),
    seen: labelsSchema.optional().describe("Labels that the agent's run has seen before; none when left out."),
    times: z
      .int()
      .min(1)
      .max(10_000)
      .optional()
      .describe('The call is made so often at that moment, and `expect` is about the last time; 1 when left out.'),
    expect: z.enum(['allow', 'deny', 'approval']).optional().describe('What becomes of the call.'),
    rule: z.string().optional().describe('The rule that must have decided.'),
    list: listSchema.optional().describe('What it sees, instead of a call.'),
  })
  .refine((test) => (test.call === undefined) !== (test.list === undefined), { error: 'Say either `call` or `list`.' })
  .refine((test) => (test.call === undefined) === (test.expect === undefined), {
    error: 'A `call` needs `expect`, and only a call may have it.',
    path: ['expect'],
  })
  .refine((test) => test.call !== undefined || (test.seen ?? test.times ?? test.rule) === undefined, {
    error: '`seen`, `times` and `rule` are about a call; what is seen depends on none of them. Remove them.',
    path: ['list'],
  })
export type PolicyTest = z.infer<typeof policyTestSchema>
