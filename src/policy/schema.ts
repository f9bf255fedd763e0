import { z } from 'zod'
import { DURATION_PATTERN } from '../kernel/duration.ts'
import { argumentsSchema, patternSchema, whenSchema } from './condition-schema.ts'
import { groupSchema, pointerSchema, subjectSelectorSchema, toolSelectorSchema } from './selector-schema.ts'
import { policyTestSchema } from './test-schema.ts'

const id = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'Use letters, digits, _ . and -, at most 64.')
const duration = z.string().regex(DURATION_PATTERN, 'Write a duration such as 30s, 15m, 1h or 7d.')
const replacement = z.string().max(64).optional().describe('What stands in its place.')

const approvalSchema = z.strictObject({
  approvers: z.array(id).min(1).max(20).describe('Groups whose members may approve.'),
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

const rateLimitSchema = z.strictObject({
  limit: z.int().min(1).max(1_000_000).describe('Calls per window. Attempts count, also those that fail.'),
  window: duration.describe('Length of the window.'),
  per: z
    .array(z.enum(['agent', 'user', 'tool', 'connection', 'organisation']))
    .min(1)
    .optional()
    .describe('Who or what has a budget of its own; each agent when left out.'),
  burst: z.int().min(1).max(1_000_000).optional().describe('Calls that may come at once; `limit` when left out.'),
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

const obligationsSchema = z
  .strictObject({
    approval: approvalSchema.optional().describe('People must approve the call first.'),
    rateLimit: rateLimitSchema.optional().describe('How often it may be called.'),
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

const ruleSchema = z
  .strictObject({
    id: id.describe('Unique name; denials, audit and explanations speak of the rule by it.'),
    effect: z
      .enum(['allow', 'deny', 'require'])
      .describe('allow grants; deny wins over every allow; require grants nothing, and what it asks for must hold.'),
    description: z.string().max(500).optional().describe('Why the rule is there, for people.'),
    enabled: z.boolean().optional().describe('false switches the rule off.'),
    subjects: subjectSelectorSchema.optional().describe('Who; everybody when left out. All keys must match.'),
    tools: toolSelectorSchema.optional().describe('Which tools; all when left out. All keys must match.'),
    when: whenSchema.optional().describe('At which times.'),
    args: argumentsSchema
      .optional()
      .describe(
        'Constraints by JSON Pointer into the arguments. In allow and require every item of a list must satisfy them; in deny one item is enough.',
      ),
    closedArgs: z.literal(true).optional().describe('Refuses arguments that `args` does not name.'),
    obligations: obligationsSchema.optional().describe('What must be done besides allowing.'),
  })
  .superRefine((rule, context) => {
    const refuse = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message })
    if (rule.effect === 'deny' && rule.obligations) {
      refuse('obligations', 'A deny rule forbids the call, so that nothing is left to do: remove `obligations`.')
    }
    if (rule.effect === 'deny' && rule.closedArgs) {
      refuse('closedArgs', 'On a deny rule this would narrow what is denied. Put `closedArgs` on a require rule.')
    }
    if (rule.effect === 'require' && !(rule.when ?? rule.args ?? rule.closedArgs ?? rule.obligations)) {
      refuse('effect', 'A require rule must restrict something: add when, args, closedArgs or obligations.')
    }
  })
export type Rule = z.infer<typeof ruleSchema>

/** The policy as it stands in a file, strictly: an unknown key is an error. */
export const policyDocumentSchema = z
  .strictObject({
    version: z.literal(1).optional().describe('Version of this format.'),
    timezone: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('IANA zone of all times, such as Europe/Berlin; UTC without.'),
    groups: z.record(id, groupSchema).optional().describe('Groups that rules speak of, by name.'),
    rules: z
      .array(ruleSchema)
      .max(10_000)
      .describe('The rules. Their order does not matter; what no rule allows is denied.'),
    tests: z.array(policyTestSchema).max(10_000).optional().describe('Examples that must stay true.'),
  })
  .superRefine(({ rules }, context) => {
    const seen = new Set<string>()
    for (const [index, { id }] of rules.entries()) {
      if (seen.has(id)) {
        const message = `There is another rule "${id}": give this one an id of its own.`
        context.addIssue({ code: 'custom', path: ['rules', index, 'id'], message })
      }
      seen.add(id)
    }
  })
export type PolicyDocument = z.infer<typeof policyDocumentSchema>
