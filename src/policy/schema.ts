import * as z from 'zod'
import { argumentsSchema, runSchema, whenSchema, zoneSchema } from './condition-schema.ts'
import { obligationsSchema } from './obligations-schema.ts'
import { groupSchema, idSchema, subjectSelectorSchema, toolSelectorSchema } from './selector-schema.ts'
import { policyTestSchema } from './test-schema.ts'

const ruleSchema = z
  .strictObject({
    id: idSchema.describe('Unique name; denials, audit and explanations speak of the rule by it.'),
    effect: z
      .enum(['allow', 'deny', 'require'])
      .describe('allow grants; deny wins over every allow; require grants nothing, and what it asks for must hold.'),
    description: z.string().max(500).optional().describe('Why the rule is there, for people.'),
    enabled: z.boolean().optional().describe('false switches the rule off.'),
    mode: z
      .enum(['enforce', 'shadow'])
      .optional()
      .describe('shadow: the rule decides nothing, and the audit log has what it would have done. Left out: enforce.'),
    subjects: subjectSelectorSchema.optional().describe('Who; everybody when left out. All keys must match.'),
    tools: toolSelectorSchema.optional().describe('Which tools; all when left out. All keys must match.'),
    run: runSchema.optional(),
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
    timezone: zoneSchema.optional().describe('IANA zone of all times, such as Europe/Berlin; UTC without.'),
    groups: z.record(idSchema, groupSchema).optional().describe('Groups that rules speak of, by name.'),
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
