import * as z from 'zod'

/** At most this many values in one list of a selector. */
const MAX_VALUES = 1_000

/** ASCII only, so that no look-alike letter can stand in a rule. */
const glob = z
  .string()
  .regex(/^[\x20-\x7e]{1,128}$/, 'Use 1 to 128 printable ASCII characters; * stands for any run of characters.')

const globs = (of: string) =>
  z.array(glob).min(1).max(MAX_VALUES).describe(`${of} One of them is enough; * stands for any run of characters.`)

/** The name of a rule or a group. */
export const idSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/, 'Use letters, digits, _ . and -, at most 64.')

/** A JSON Pointer (RFC 6901): empty, or `/` and a member for each step, with `~1` for `/` and `~0` for `~`. */
export const pointerSchema = z
  .string()
  .max(256)
  .regex(/^(?:\/(?:[^~/]|~[01])*)*$/, 'Write a JSON Pointer, such as /to or /options/format.')

/** What a claim or an argument is compared with. */
export const scalarSchema = z.union([z.string(), z.number(), z.boolean(), z.null()])
export type Scalar = z.infer<typeof scalarSchema>

export const scalarsSchema = z.array(scalarSchema).min(1).max(MAX_VALUES)

const claimSchema = z
  .strictObject({
    path: pointerSchema.describe('JSON Pointer into the claims of the verified credential, such as /department.'),
    equals: scalarSchema.optional().describe('The claim is exactly this value.'),
    in: scalarsSchema.optional().describe('The claim is one of these values.'),
    contains: scalarSchema.optional().describe('The claim is a list that has this value.'),
  })
  .refine((claim) => [claim.equals, claim.in, claim.contains].filter((test) => test !== undefined).length === 1, {
    error: 'Say exactly one of equals, in and contains.',
  })
export type ClaimTest = z.infer<typeof claimSchema>

const claims = z
  .array(claimSchema)
  .min(1)
  .max(100)
  .describe('Tests of the verified claims. One that holds is enough; a claim that is missing does not match.')

/** Refuses `{}`, which reads like "nobody" and would mean "everybody". */
const hasKeys = (value: object): boolean => Object.keys(value).length > 0
const EMPTY = { error: 'Name at least one thing here, or leave the key out.' }

const subjectKeys = {
  agents: globs('Ids of agents.').optional(),
  users: globs('Ids of the users that an agent acts for.').optional(),
  groups: globs('Groups: defined in this policy, or given to the agent or user by its registration.').optional(),
  claims: claims.optional(),
}

const toolKeys = {
  kinds: z
    .array(z.enum(['tool', 'resource', 'template', 'prompt']))
    .min(1)
    .optional()
    .describe(
      'What is meant besides tools. Left out: tools only in an allow rule or where names are given, everything in a deny or require rule.',
    ),
  connections: globs('Slugs of connections.').optional(),
  providers: globs('Ids of providers; `mcp` for downstream MCP servers.').optional(),
  names: globs("The source's own names of tools, case-sensitive, such as send_message or get_*.").optional(),
  effects: z
    .array(z.enum(['read', 'write', 'destructive', 'unclassified']))
    .min(1)
    .optional()
    .describe('What calling the tool does. `unclassified`: nobody who is trusted has said.'),
  external: z.boolean().optional().describe('Whether a call reaches people or systems outside of the organisation.'),
  tags: globs('Tags of tools.').optional(),
  riskAtLeast: z
    .enum(['low', 'medium', 'high', 'critical'])
    .optional()
    .describe('Tools of this risk or a higher one: read is low, write medium, external high, destructive critical.'),
}

/** Who a group has: any of the keys makes a member. An empty group has the principals that sign in with its name. */
export const groupSchema = z
  .strictObject({ agents: subjectKeys.agents, users: subjectKeys.users, claims: subjectKeys.claims })
  .describe(
    'Members: any of these keys makes one. Principals that bring the name from sign-in are members too; {} names such a group.',
  )
export type GroupDefinition = z.infer<typeof groupSchema>

export const subjectSelectorSchema = z
  .strictObject({
    ...subjectKeys,
    except: z
      .strictObject(subjectKeys)
      .refine(hasKeys, EMPTY)
      .meta({ minProperties: 1 })
      .optional()
      .describe('Who is taken out again.'),
  })
  .refine(hasKeys, EMPTY)
  .meta({ minProperties: 1 })
export type SubjectSelector = z.infer<typeof subjectSelectorSchema>

export const toolSelectorSchema = z
  .strictObject({
    ...toolKeys,
    except: z
      .strictObject(toolKeys)
      .refine(hasKeys, EMPTY)
      .meta({ minProperties: 1 })
      .optional()
      .describe('Which tools are taken out again.'),
  })
  .refine(hasKeys, EMPTY)
  .meta({ minProperties: 1 })
export type ToolSelector = z.infer<typeof toolSelectorSchema>
