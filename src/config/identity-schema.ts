import * as z from 'zod'
import { jwtRolesSchema } from './people-schema.ts'
import { durationSchema, pointerSchema, slugSchema, urlSchema } from './field-schemas.ts'

/** Agents that the gateway itself could be taken for. */
const RESERVED = ['admin', 'gatehouse']

export const agentIdSchema = slugSchema('The id of an agent', RESERVED, 64)

/** Only signatures that need a private key: with a shared secret, whoever can verify could also sign (RFC 8725 §3.1). */
const ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const

const scopeSchema = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/, 'Not a scope (RFC 6749 §3.3).')

const jwtSchema = z.strictObject({
  issuer: urlSchema({ secure: true, query: false }).describe('The `iss` of the tokens, exactly.'),
  jwksUrl: urlSchema({ secure: true, query: true }).describe("Where the issuer's public keys are."),
  allowPrivateNetwork: z.boolean().default(false).describe('Allows an issuer on loopback or a private network.'),
  audience: z
    .string()
    .min(1)
    .max(2_048)
    .optional()
    .describe("The `aud` that tokens must be for; this gateway's own URL when left out (RFC 8707)."),
  algorithms: z
    .array(z.enum(ALGORITHMS))
    .min(1)
    .default([...ALGORITHMS])
    .describe('Signatures that are accepted.'),
  agentClaim: pointerSchema.default('/client_id').describe('Which claim names the agent.'),
  agents: z
    .record(z.string().min(1).max(2_048), agentIdSchema)
    .default({})
    .describe('Which agent a value of that claim stands for, where it is not the id itself.'),
  userClaim: pointerSchema.default('/sub').describe('Which claim names the person that the agent acts for.'),
  groupsClaim: pointerSchema.default('/groups').describe('Which claim lists groups.'),
  clockTolerance: durationSchema.prefault('30s').describe('How far the clocks may differ.'),
  scopes: z.array(scopeSchema).max(50).default([]).describe('Scopes that every token must have.'),
  authorizationServers: z
    .array(urlSchema({ secure: true, query: false }))
    .max(10)
    .optional()
    .describe('Where clients get tokens; the issuer when left out (RFC 9728).'),
  roles: jwtRolesSchema
    .optional()
    .describe("Lets people sign in with the identity provider. Without it, tokens are agents'."),
})
export type JwtConfig = z.output<typeof jwtSchema>

export const identitySchema = z.strictObject({
  loopbackAgent: agentIdSchema
    .optional()
    .describe('The agent that callers on this machine are, without a key. Only while the gateway listens on loopback.'),
  jwt: jwtSchema.optional().describe('Access tokens of an identity provider. API keys work without it.'),
})

export const agentSchema = z.strictObject({
  title: z.string().min(1).max(100).optional().describe('Name for people.'),
  groups: z.array(z.string().min(1).max(64)).max(50).default([]).describe('Groups that policy can select by.'),
  toolNames: z
    .enum(['portable', 'canonical', 'plain'])
    .default('portable')
    .describe('How tools are named: conn__files__read_file, conn:files:read_file, or read_file (one connection only).'),
  toolMode: z
    .enum(['auto', 'full', 'search', 'both'])
    .default('auto')
    .describe(
      'What its list of tools holds: full is everything visible, search the tools that find and call the others, both is both; auto is full while that is short.',
    ),
  pinned: z
    .array(z.string().regex(/^[\x21-\x7e]{1,200}$/, 'Write a canonical id, such as conn:files:read_*.'))
    .max(100)
    .default([])
    .describe('Tools that are listed in every mode, by canonical id; * stands for any run of characters.'),
  schemas: z
    .enum(['full', 'slim'])
    .default('full')
    .describe('slim leaves out of lists what only costs tokens; calls are validated against the full schemas.'),
  enabled: z.boolean().default(true).describe('false refuses the agent.'),
})
export type AgentConfig = z.output<typeof agentSchema>
