import * as z from 'zod'
import { policyDocumentSchema } from '../policy/schema.ts'
import { connectionSchema, oauthClientsSchema } from './connection-schema.ts'
import { connectionSlugSchema, durationSchema, urlSchema } from './field-schemas.ts'
import { agentIdSchema, agentSchema, identitySchema } from './identity-schema.ts'
import { limitsSchema, metricsSchema } from './load-schema.ts'
import { personIdSchema, personSchema } from './people-schema.ts'
import type { ConfigSource } from './source.ts'
import { toolsetNameSchema, toolsetSchema } from './toolset-schema.ts'
import { vaultSchema } from './vault-schema.ts'

const hostSchema = z
  .string()
  .max(260)
  .regex(
    /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/,
    'Write a host, such as gw.example.com, gw.example.com:8443 or [::1].',
  )

const originSchema = z
  .string()
  .max(300)
  .regex(
    /^[a-z][a-z0-9+.-]*:\/\/(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/,
    'Write an origin, such as https://app.example.com: scheme, host and port, no path.',
  )

const serverSchema = z.strictObject({
  host: z.string().min(1).max(255).default('127.0.0.1').describe('Address to listen on.'),
  port: z.int().min(0).max(65_535).default(8787).describe('Port to listen on; 0 takes any free one.'),
  publicUrl: urlSchema({ secure: true, query: false })
    .optional()
    .describe('How clients reach the gateway when it stands behind a proxy, such as https://gw.example.com.'),
  allowedHosts: z
    .array(hostSchema)
    .max(100)
    .default([])
    .describe('Values of the Host header, besides those that follow from host and publicUrl.'),
  allowedOrigins: z
    .array(originSchema)
    .max(100)
    .default([])
    .describe('Web pages that may call, besides our own. Agents that are no web pages need none.'),
  maxBodyBytes: z
    .int()
    .min(1_024)
    .max(64 * 1_048_576)
    .default(4 * 1_048_576)
    .describe('The largest request, in bytes.'),
  maxDepth: z.int().min(8).max(256).default(64).describe('The deepest nesting of a request.'),
})
export type ServerConfig = z.output<typeof serverSchema>

const storeSchema = z.strictObject({
  path: z.string().min(1).max(4_096).default('.gatehouse').describe('Folder of the state, relative to this file.'),
})

const auditSchema = z.strictObject({
  maxBytes: z
    .int()
    .min(65_536)
    .max(1_073_741_824)
    .default(64 * 1_048_576)
    .describe('Size at which a new audit file is begun, in bytes.'),
  retain: z
    .strictObject({
      days: z
        .int()
        .min(1)
        .max(36_500)
        .optional()
        .describe('A file of which every record is older is removed; left out, age removes nothing.'),
      maxBytes: z
        .int()
        .min(1_048_576)
        .max(Number.MAX_SAFE_INTEGER)
        .optional()
        .describe(
          'The oldest files are removed while all together are larger, in bytes; left out, size removes nothing.',
        ),
    })
    .prefault({})
    .describe('What is kept. Whole files are removed, never the one that is written to; what is left can be verified.'),
})

const runsSchema = z.strictObject({
  idle: durationSchema
    .prefault('30m')
    .describe('How long the run of an agent remembers the labels it has seen, after the last call.'),
})

const discoverySchema = z.strictObject({
  learnAliases: z
    .boolean()
    .default(false)
    .describe(
      'Lets search learn from itself: word stems of searches that led to a call that worked find the tool too.',
    ),
})

const stdioSchema = z.strictObject({
  allowedCommands: z
    .array(z.string().regex(/\S/, 'Write a command.').max(1_000))
    .max(200)
    .default([])
    .describe(
      'First words of command lines, such as "npx -y @modelcontextprotocol/server-memory", that admins may have started through API, console and CLI. Connections of this file need none.',
    ),
})

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export const logLevelSchema = z.enum(LOG_LEVELS)
export type LogLevel = z.infer<typeof logLevelSchema>

const logSchema = z.strictObject({
  level: logLevelSchema.default('info').describe('What is logged to stderr. LOG_LEVEL stands above it.'),
})

/** The file, once references are resolved. Strict all the way down: a typo is an error, never a setting that is lost. */
export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('Where editors find the schema of this file.'),
  organisation: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, 'Use lower-case letters, digits, _ and -, at most 64.')
    .describe('Whose gateway this is. Sealed credentials are bound to it.'),
  server: serverSchema.prefault({}).describe('How clients reach the gateway.'),
  store: storeSchema.prefault({}).describe('Where state is kept.'),
  vault: vaultSchema.prefault({}).describe('The keys that seal credentials.'),
  audit: auditSchema.prefault({}).describe('The audit log, in the store folder.'),
  log: logSchema.prefault({}).describe('The log, on stderr.'),
  identity: identitySchema.prefault({}).describe('How callers prove who they are.'),
  agents: z.record(agentIdSchema, agentSchema).default({}).describe('AI agents, by id.'),
  people: z.record(personIdSchema, personSchema).default({}).describe('People who use API, console and CLI, by id.'),
  connections: z
    .record(connectionSlugSchema, connectionSchema)
    .default({})
    .describe('Services and downstream MCP servers, by the name that their tools carry.'),
  oauthClients: oauthClientsSchema
    .default({})
    .describe('Our own clients at services with OAuth, by provider. Register them there with our redirect address.'),
  runs: runsSchema.prefault({}).describe('Runs of agents, for rules about what a run has seen.'),
  limits: limitsSchema.prefault({}).describe('How much may go on at once.'),
  metrics: metricsSchema.prefault({}).describe('Who may read /metrics.'),
  stdio: stdioSchema.prefault({}).describe('Programs that may be started for connections which are not in this file.'),
  discovery: discoverySchema.prefault({}).describe('How agents find tools.'),
  toolsets: z
    .record(toolsetNameSchema, toolsetSchema)
    .default({})
    .describe('Curated selections of tools, each served at /mcp/<name>. What no rule allows stays hidden there too.'),
  policy: policyDocumentSchema.prefault({ rules: [] }).describe('Who may do what. What no rule allows is denied.'),
})

export type ConfigDocument = z.output<typeof configSchema>

/** A configuration that is right in itself. Paths are absolute, durations milliseconds, secrets `Secret`. */
export interface Config extends Readonly<ConfigDocument> {
  /** Where it came from. */
  readonly source: ConfigSource
}
