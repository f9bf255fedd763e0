import * as z from 'zod'
import { durationSchema, secretSchema, urlSchema } from './field-schemas.ts'
import { maxConcurrentSchema } from './load-schema.ts'

/** What an admin knows of a tool; the same in the file and over the API. */
export const toolOverrideSchema = z.strictObject({
  effect: z
    .enum(['read', 'write', 'destructive', 'unclassified'])
    .optional()
    .describe('What calling the tool does; stands above what the source says.'),
  external: z.boolean().optional().describe('Whether a call reaches people or systems outside of the organisation.'),
  risk: z
    .enum(['low', 'medium', 'high', 'critical'])
    .optional()
    .describe('Raises the risk that follows from effect and external; never lowers it.'),
  tags: z.array(z.string().min(1).max(64)).max(50).optional().describe('Words that policy can select by.'),
  title: z.string().min(1).max(200).optional().describe("Shown to agents instead of the source's own title."),
  description: z
    .string()
    .min(1)
    .max(4_000)
    .optional()
    .describe("Shown to agents instead of the source's own description."),
  aliases: z
    .array(z.string().min(1).max(200))
    .max(20)
    .optional()
    .describe('Words by which search finds the tool too, as people say them.'),
})
export type ToolOverrideConfig = z.output<typeof toolOverrideSchema>

const common = {
  title: z.string().min(1).max(100).optional().describe('Name for people.'),
  enabled: z.boolean().default(true).describe('false keeps the connection configured and does not run it.'),
  owner: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .describe("The only person whose agents see it; left out, it is the organisation's."),
  credential: z
    .enum(['shared', 'per_user'])
    .optional()
    .describe(
      'shared (the default): one credential for everybody. per_user: everybody connects an account of their own.',
    ),
  tools: z
    .record(z.string().min(1).max(256), toolOverrideSchema)
    .default({})
    .describe("What you know of tools, by the source's own names."),
  maxConcurrent: maxConcurrentSchema,
}

const allowPrivateNetwork = z
  .boolean()
  .default(false)
  .describe('Allows loopback and private addresses. Only for servers that you run.')

const stdioServerSchema = z
  .strictObject({
    command: z.string().min(1).max(4_096).describe('Program to start, found on PATH; no shell is involved.'),
    args: z
      .array(z.string().max(8_192))
      .max(200)
      .default([])
      .describe('Its arguments. Everybody on the machine can see them: secrets belong into `env`.'),
    env: z
      .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'Not a name of an environment variable.'), secretSchema)
      .default({})
      .describe('Environment variables, besides a few harmless ones. Nothing else of ours is passed on.'),
    cwd: z.string().min(1).max(4_096).default('.').describe('Working directory, relative to this file.'),
  })
  .describe('A downstream MCP server that is started and spoken to over stdio.')

const remoteServerSchema = z
  .strictObject({
    url: urlSchema({ secure: false, query: true }).describe('Endpoint of the server.'),
    transport: z
      .enum(['auto', 'http', 'sse'])
      .default('auto')
      .describe('auto tries Streamable HTTP and falls back to SSE.'),
    headers: z
      .record(
        z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, 'Not a name of a header (RFC 9110).'),
        secretSchema,
      )
      .default({})
      .describe('Headers of every request, such as Authorization.'),
    allowPrivateNetwork,
  })
  .describe('A downstream MCP server elsewhere.')

const timeoutsSchema = z.strictObject({
  connect: durationSchema.prefault('30s').describe('Until the server has answered its first request.'),
  idle: durationSchema.prefault('60s').describe('Of a call, counted again from each progress notification.'),
  total: durationSchema.prefault('10m').describe('Of a call, whatever happens.'),
})

const authSchema = z
  .object({
    method: z.string().min(1).max(64).describe('One of the methods to sign in, such as token or oauth.'),
  })
  .catchall(secretSchema)
  .transform(({ method, ...fields }) => ({
    method,
    fields: fields as Readonly<Record<string, z.output<typeof secretSchema>>>,
  }))
  .describe(
    "The method and its fields. Fields come from the environment or a file, never from this one's text; without them the account is connected with `gatehouse connect` or in the console.",
  )

/** A downstream MCP server. */
export const mcpConnectionSchema = z.strictObject({
  ...common,
  mcp: z
    .union([stdioServerSchema, remoteServerSchema], {
      error: 'Give either "command" (a program to start) or "url" (a server elsewhere), not both.',
    })
    .describe('How to reach the server.'),
  auth: authSchema.optional(),
  trustAnnotations: z
    .boolean()
    .default(false)
    .describe('Believes what the server says about the effects of its tools. Only for servers that you run.'),
  timeouts: timeoutsSchema.prefault({}).describe('How long to wait.'),
})

/** A service with a provider of its own. */
export const providerConnectionSchema = z.strictObject({
  ...common,
  provider: z.string().min(1).max(64).describe('Id of the provider.'),
  auth: authSchema.optional(),
  settings: z.record(z.string(), z.json()).default({}).describe("The provider's own settings."),
  baseUrl: urlSchema({ secure: false, query: false })
    .optional()
    .describe("Stands in for the provider's address, such as a company's own server."),
  allowPrivateNetwork,
})

export const connectionSchema = z.union([mcpConnectionSchema, providerConnectionSchema], {
  error: 'Give either "mcp" (a downstream MCP server) or "provider" (a service), not both.',
})

const oauthAddress = urlSchema({ secure: false, query: false }).optional()

/** Our own clients at services with OAuth, by the provider's id. */
export const oauthClientsSchema = z.record(
  z.string().min(1).max(64),
  z.strictObject({
    clientId: z.string().min(1).max(1_024).describe('As the service shows it where the client was registered.'),
    clientSecret: secretSchema.optional().describe('Left out for public clients.'),
    authorizeUrl: oauthAddress.describe("The page to sign in on, where the service is a company's own server."),
    tokenUrl: oauthAddress.describe('Where such a server gives tokens.'),
    revokeUrl: oauthAddress.describe('Where it takes them back.'),
  }),
)

export type ConnectionConfig = z.output<typeof connectionSchema>
export type McpConnectionConfig = z.output<typeof mcpConnectionSchema>
export type ProviderConnectionConfig = z.output<typeof providerConnectionSchema>
export type StdioServerConfig = z.output<typeof stdioServerSchema>
export type RemoteServerConfig = z.output<typeof remoteServerSchema>
export type TimeoutsConfig = z.output<typeof timeoutsSchema>

export const isMcpConnection = (connection: ConnectionConfig): connection is McpConnectionConfig => 'mcp' in connection
