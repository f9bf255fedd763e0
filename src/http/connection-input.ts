import * as z from 'zod'
import type { ConnectionDraft } from '../admin/connections-port.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { Secret } from '../kernel/secret.ts'
import { jsonObject, nameText } from './api-input.ts'

const OWNER = /^(?:organisation|user:.{1,256})$/s

/** Whose a connection is: `organisation`, or a person as `user:<id>`. */
export const ownerText = z.string().max(300).regex(OWNER, 'must be organisation, or user: and the id of a person')

const draft = {
  title: z.string().min(1).max(100).optional(),
  provider: nameText.describe('Id of a service, or `mcp` for a downstream MCP server.'),
  server: z
    .strictObject({ url: z.string().max(2_048), transport: z.enum(['auto', 'http', 'sse']).default('auto') })
    .optional()
    .describe('Of a downstream MCP server.'),
  method: z.string().min(1).max(64).describe('Id of a way to sign in; see `/providers/{id}`.'),
  settings: jsonObject.default({} satisfies JsonObject),
  baseUrl: z.string().max(2_048).optional().describe("Stands in for the service's address, as a company's own server."),
  allowPrivateNetwork: z.boolean().default(false),
  owner: ownerText.default('organisation'),
  credential: z
    .enum(['shared', 'per_user'])
    .default('shared')
    .describe('per_user: everybody connects an account of their own.'),
  enabled: z.boolean().default(true),
}

/** Values of a credential, as text. They are read and never written into an answer. */
export const secretFields = z
  .record(z.string().min(1).max(128), z.string().max(65_536))
  .transform((fields) => Object.fromEntries(Object.entries(fields).map(([key, text]) => [key, new Secret(text)])))

export const draftBody = z.strictObject(draft)
export type DraftBody = z.output<typeof draftBody>

export const createBody = z.strictObject({
  id: nameText.describe('The name that its tools carry: lower-case letters, digits, _ and -, at most 32.'),
  ...draft,
  fields: secretFields.optional().describe('The credential. It is tried before anything is stored.'),
  untested: z.boolean().default(false).describe('Stores the credential although the trial fails.'),
})

export const testBody = z.strictObject({ ...draft, fields: secretFields.optional() })

/** A draft in the words of the use cases. */
export function toDraft({ title, server, baseUrl, owner, ...rest }: DraftBody): ConnectionDraft {
  const { provider, method, settings, allowPrivateNetwork, credential, enabled } = rest
  return {
    provider,
    method,
    settings,
    allowPrivateNetwork,
    credential,
    enabled,
    ...(title !== undefined && { title }),
    ...(server && { server }),
    ...(baseUrl !== undefined && { baseUrl }),
    ...(owner !== 'organisation' && { owner: owner.slice('user:'.length) }),
  }
}

/** Throws `not_found` for a service that is none, before anything else is said of the request. */
export function checkProvider(providers: readonly { readonly id: string }[], id: string): void {
  if (id === 'mcp' || providers.some((known) => known.id === id)) return
  throw new GatewayError('not_found', `There is no provider "${id.slice(0, 64)}". See GET /api/providers.`)
}
