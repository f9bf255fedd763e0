import { type Command, InvalidArgumentError } from 'commander'
import type { ConnectionFacts } from '../../admin/connection-facts.ts'
import type { MethodFacts, ProviderFacts } from '../../admin/connections-port.ts'
import { parseDuration } from '../../kernel/duration.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { type Cli, type CommonOptions, answeringCommand } from '../command.ts'
import { pairs, readFields } from '../connect-fields.ts'
import { type Begun, untilConnected } from '../connect-wait.ts'
import { type GatewayClient, withGateway } from '../gateway-client.ts'
import { paint, plain, say, sayJson } from '../print.ts'
import type { Shell } from '../shell.ts'

interface ConnectOptions extends CommonOptions {
  readonly name?: string
  readonly method?: string
  readonly owner?: string
  readonly perUser?: boolean
  readonly setting?: readonly string[]
  readonly field?: readonly string[]
  readonly baseUrl?: string
  readonly url?: string
  readonly allowPrivateNetwork?: boolean
  readonly untested?: boolean
  readonly timeout: number
}

const TEN_MINUTES = 600_000

/** `connect <provider>`: makes a connection where there is none, and connects an account to it. */
export const connectCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'connect', 'connect a service: sign in with a browser, or enter its credential', [
    'connect github                                   # signs in, where an OAuth client is configured',
    'connect github --method token --field token=env:GITHUB_TOKEN',
    'connect jira --name tickets --setting site=acme --field api_token=@token.txt --field email=ann@acme.example',
    'connect mcp --name notes --url https://notes.example.com/mcp --method oauth',
  ])
    .argument('<provider>', 'id of a service, or mcp for a downstream MCP server')
    .option('--name <slug>', 'name of the connection; the provider when left out')
    .option('--method <id>', 'how to sign in; the first that can be used when left out')
    .option('--owner <person>', 'the only person whose agents see it')
    .option('--per-user', 'everybody connects an account of their own')
    .option('--setting <key=value...>', "the provider's settings")
    .option('--field <key=value...>', 'the credential: key=env:NAME or key=@file')
    .option('--base-url <url>', "a company's own server")
    .option('--url <url>', 'of a downstream MCP server')
    .option('--allow-private-network', 'allow loopback and private addresses')
    .option('--untested', 'store the credential although the trial fails')
    .option('--timeout <duration>', 'how long to wait for a sign-in', duration, TEN_MINUTES)
    .action((provider: string, options: ConnectOptions) =>
      withGateway(cli.shell, { config: options.config }, (gateway) => connect(cli.shell, gateway, provider, options)),
    )

async function connect(shell: Shell, gateway: GatewayClient, provider: string, options: ConnectOptions): Promise<void> {
  const name = options.name ?? provider
  const existing = await find(gateway, name, provider)
  const method = await methodOf(gateway, provider, existing?.method ?? options.method)
  const given = pairs(options.field)
  const isSignIn = method.signIn && existing?.credential !== 'per_user'
  const needsFields = method.signIn
    ? Object.keys(given).length > 0
    : method.fields.length > 0 && options.perUser !== true
  const fields = needsFields ? await readFields(shell, method.signIn ? [] : method.fields, given) : undefined
  if (!existing) await create(gateway, { name, provider, method, fields }, options)
  else if (fields) await gateway.ask('POST', `${pathOf(name)}/rotate`, { body: { fields } })
  if (isSignIn && options.perUser !== true) await signIn(shell, gateway, { provider, name }, options)
  await sayConnected(shell, gateway, name, options.json)
}

const pathOf = (name: string): string => `/connections/${encodeURIComponent(name)}`

/** The connection of that name; throws `conflict` when it is one of another service. */
async function find(gateway: GatewayClient, name: string, provider: string): Promise<ConnectionFacts | undefined> {
  const found = await gateway.ask<ConnectionFacts>('GET', pathOf(name)).catch((error: unknown) => {
    if (error instanceof GatewayError && error.code === 'not_found') return undefined
    throw error
  })
  if (!found || found.provider === provider) return found
  throw new GatewayError('conflict', `"${name}" is a connection of ${found.provider}. Choose another --name.`)
}

/** The ways of MCP servers, as the gateway's own list has them. */
const MCP_METHODS: readonly MethodFacts[] = [
  { id: 'oauth', kind: 'oauth2', title: 'Sign in', fields: [], ready: true, signIn: true },
  { id: 'bearer', kind: 'bearer', title: 'Bearer token', ready: true, signIn: false, fields: [secret('token')] },
  { id: 'key', kind: 'key', title: 'API key', ready: true, signIn: false, fields: [open('header'), secret('key')] },
  {
    id: 'basic',
    kind: 'basic',
    title: 'User and password',
    ready: true,
    signIn: false,
    fields: [open('username'), secret('password')],
  },
  { id: 'none', kind: 'none', title: 'None', fields: [], ready: true, signIn: false },
]

function secret(key: string) {
  return { key, label: key, secret: true }
}

function open(key: string) {
  return { key, label: key, secret: false }
}

async function methodOf(gateway: GatewayClient, provider: string, wanted: string | undefined): Promise<MethodFacts> {
  const methods =
    provider === 'mcp'
      ? MCP_METHODS
      : (await gateway.ask<ProviderFacts>('GET', `/providers/${encodeURIComponent(provider)}`)).methods
  const usable = methods.find(({ ready, signIn: isSignIn }) => ready && isSignIn) ?? methods.find(({ ready }) => ready)
  const found = wanted === undefined ? usable : methods.find(({ id }) => id === wanted)
  if (found) return found
  const known = methods.map(({ id }) => id).join(', ')
  throw new GatewayError('usage', `${provider} has no way to sign in called "${wanted ?? ''}". It has: ${known}.`)
}

interface Making {
  readonly name: string
  readonly provider: string
  readonly method: MethodFacts
  readonly fields: Readonly<Record<string, string>> | undefined
}

async function create(
  gateway: GatewayClient,
  { name, provider, method, fields }: Making,
  { owner, perUser, setting, baseUrl, url, allowPrivateNetwork, untested }: ConnectOptions,
): Promise<void> {
  await gateway.ask('POST', '/connections', {
    body: {
      id: name,
      provider,
      method: method.id,
      settings: pairs(setting),
      ...(owner !== undefined && { owner: `user:${owner}` }),
      ...(perUser === true && { credential: 'per_user' }),
      ...(baseUrl !== undefined && { baseUrl }),
      ...(url !== undefined && { server: { url } }),
      ...(allowPrivateNetwork === true && { allowPrivateNetwork }),
      ...(fields && { fields }),
      // A client by itself cannot be tried: somebody has to sign in with it.
      ...((untested === true || (method.signIn && fields)) && { untested: true }),
    },
  })
}

async function signIn(
  shell: Shell,
  gateway: GatewayClient,
  { provider, name }: Pick<Making, 'provider' | 'name'>,
  { timeout }: ConnectOptions,
): Promise<void> {
  if (!gateway.isRunning) {
    throw new GatewayError(
      'usage',
      'The service sends the browser back to the gateway, and none runs. Start `gatehouse serve`, then run the command again.',
    )
  }
  const path = `/oauth/${encodeURIComponent(provider)}/authorize`
  const begun = await gateway.ask<Begun>('GET', path, { query: { connection: name, for: 'shared' } })
  shell.stderr(`Open this page and sign in:\n  ${begun.link}\n`)
  shell.terminal?.browse(begun.link)
  await untilConnected(shell, gateway, begun, timeout)
}

async function sayConnected(
  shell: Shell,
  gateway: GatewayClient,
  name: string,
  json: boolean | undefined,
): Promise<void> {
  const facts = await gateway.ask<ConnectionFacts>('GET', pathOf(name))
  if (json === true) return sayJson(shell, facts)
  const who = facts.account === undefined ? '' : ` as ${plain(facts.account)}`
  const how =
    facts.credential === 'per_user' ? 'is there; everybody connects an account of their own' : `is connected${who}`
  say(shell, `${paint(shell, 'good', name)} ${how} (${facts.status}).`)
}

function duration(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms > 0) return ms
  throw new InvalidArgumentError('Give a duration, such as 10m.')
}
