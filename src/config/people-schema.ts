import * as z from 'zod'
import { pointerSchema } from './field-schemas.ts'

export const roleSchema = z.enum(['admin', 'approver', 'auditor', 'viewer'])

/** What people go by in rules and the audit log: a name, or an e-mail address. */
export const personIdSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._@+-]{0,127}$/,
    'The id of a person has at most 128 lower-case letters, digits and . _ @ + -, and begins with a letter or digit.',
  )

export const personSchema = z.strictObject({
  title: z.string().min(1).max(100).optional().describe('Name for people.'),
  roles: z
    .array(roleSchema)
    .max(4)
    .default(['viewer'])
    .describe('admin does everything, approver decides approvals, auditor reads arguments and results, viewer looks.'),
  groups: z.array(z.string().min(1).max(64)).max(50).default([]).describe('Groups that approvals are asked of.'),
  email: z.email().max(254).optional().describe('Where to reach them.'),
  enabled: z.boolean().default(true).describe('false refuses them.'),
})
export type PersonConfig = z.output<typeof personSchema>

/** Which access tokens are people's, and the roles that these people have. */
export const jwtRolesSchema = z.strictObject({
  clients: z
    .array(z.string().min(1).max(2_048))
    .min(1)
    .max(20)
    .describe("Clients with which people sign in. Tokens of other clients are an agent's and give no role."),
  claim: pointerSchema.default('/roles').describe('Which claim lists what stands for roles.'),
  values: z
    .record(z.string().min(1).max(256), z.array(roleSchema).min(1).max(4))
    .describe('Roles by a value of that claim.'),
})
