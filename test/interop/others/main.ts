import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { pinoLog } from '../../../src/cli/log.ts'
import { compose } from '../../../src/compose/compose.ts'
import { table } from '../../demo/table.ts'

const HELP = `Lets MCP clients that others wrote list the gateway's tools and call one. Installs them on first use.

  npm run interop             prints a table
  npm run interop -- --json   prints one JSON document; exit code 1 when a client fails
`
const run = promisify(execFile)
const HERE = import.meta.dirname
const ROOT = join(HERE, '../../..')
const TOOL = 'conn__everything__echo'
const CLIENT_MS = 90_000

interface Client {
  readonly name: string
  /** Resolves with the client's own words; what it must have said is in `shows`. */
  readonly steps: readonly { readonly file: string; readonly args: readonly string[]; readonly shows: string }[]
  readonly note?: string
}

interface Told {
  readonly client: string
  readonly version: string
  readonly lists: boolean
  readonly calls: boolean | null
  readonly note: string
}

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
})
const say = (text: string): void => void process.stderr.write(`${text}\n`)

const script = (file: string): Client['steps'] => [
  { file: process.execPath, args: [join(HERE, file)], shows: '"tools":' },
  { file: process.execPath, args: [join(HERE, file)], shows: 'Echo: hello' },
]
const bin = (name: string): string => join(HERE, 'node_modules/.bin', name)

/** The packages and what each of them does. */
const clients = (url: string): Readonly<Record<string, Client>> => ({
  '@ai-sdk/mcp': { name: 'Vercel AI SDK', steps: script('ai-sdk.mjs') },
  '@langchain/mcp-adapters': { name: 'LangChain', steps: script('langchain.mjs') },
  '@openai/agents': { name: 'OpenAI Agents SDK', steps: script('openai-agents.mjs') },
  'mcp-remote': { name: 'mcp-remote (stdio bridge)', steps: script('mcp-remote.mjs') },
  '@modelcontextprotocol/inspector': {
    name: 'MCP Inspector CLI',
    steps: [
      {
        file: bin('mcp-inspector'),
        args: ['--cli', url, '--transport', 'http', '--method', 'tools/list'],
        shows: TOOL,
      },
      {
        file: bin('mcp-inspector'),
        args: [
          '--cli',
          url,
          '--transport',
          'http',
          '--method',
          'tools/call',
          '--tool-name',
          TOOL,
          '--tool-arg',
          'message=hello',
        ],
        shows: 'Echo: hello',
      },
    ],
    note: 'sends no key: it is the loopback agent',
  },
  '@google/gemini-cli': {
    name: 'Gemini CLI',
    steps: [{ file: bin('gemini'), args: ['mcp', 'list'], shows: 'Connected' }],
    note: 'connects; calling needs an account',
  },
})

async function main(): Promise<number> {
  if (values.help) return print(HELP)
  await install()
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-interop-'))
  const house = await compose({
    configPath: await writeConfig(folder),
    mode: 'serve',
    log: pinoLog({ level: 'error', fixed: true, write: (line) => void process.stderr.write(line) }),
    listen: { port: 0 },
  })
  try {
    const { url } = await house.listen()
    await house.settled(30_000)
    const key = await issueKey(house)
    const told: Told[] = []
    for (const [name, client] of Object.entries(clients(`${url}/mcp`))) {
      say(`${client.name} …`)
      told.push(await tell(name, client, await environment(folder, `${url}/mcp`, key)))
    }
    report(told)
    return told.every(({ lists, calls }) => lists && calls !== false) ? 0 : 1
  } finally {
    await house.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function install(): Promise<void> {
  if (existsSync(bin('mcp-inspector'))) return
  say('Installing the clients (about a minute) …')
  await run('npm', ['ci', '--prefix', HERE], { maxBuffer: 16 * 1024 * 1024 })
}

async function writeConfig(folder: string): Promise<string> {
  const path = join(folder, 'gateway.config.json')
  const server = join(ROOT, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js')
  const config = {
    organisation: 'interop',
    identity: { loopbackAgent: 'visitor' },
    agents: { visitor: {} },
    connections: { everything: { mcp: { command: process.execPath, args: [server, 'stdio'] } } },
    policy: { rules: [{ id: 'all', effect: 'allow', tools: { connections: ['everything'] } }] },
  }
  await writeFile(path, JSON.stringify(config))
  return path
}

async function issueKey({ app, adminToken }: Awaited<ReturnType<typeof compose>>): Promise<string> {
  const headers = { authorization: `Bearer ${adminToken.reveal()}`, 'content-type': 'application/json' }
  const response = await app.request('http://localhost/api/agents/visitor/keys', {
    method: 'POST',
    headers,
    body: '{}',
  })
  return ((await response.json()) as { readonly key: string }).key
}

/** A home of their own, so that no client reads or writes the settings of whoever runs this. */
async function environment(folder: string, url: string, key: string): Promise<NodeJS.ProcessEnv> {
  const settings = {
    security: { folderTrust: { enabled: false } },
    mcpServers: { gatehouse: { httpUrl: url, trust: true, headers: { Authorization: `Bearer ${key}` } } },
  }
  await mkdir(join(folder, '.gemini'), { recursive: true })
  await writeFile(join(folder, '.gemini/settings.json'), JSON.stringify(settings))
  return {
    PATH: process.env['PATH'],
    HOME: folder,
    GW_URL: url,
    GW_KEY: key,
    GEMINI_CLI_TRUST_WORKSPACE: 'true',
    OPENAI_AGENTS_DISABLE_TRACING: '1',
  }
}

async function tell(name: string, client: Client, env: NodeJS.ProcessEnv): Promise<Told> {
  const version = await versionOf(name)
  const [list, call] = client.steps
  const lists = list ? await shows(list, env) : 'nothing to run'
  const calls = call ? await shows(call, env) : undefined
  const problems = [lists, calls].filter((result) => typeof result === 'string')
  return {
    client: client.name,
    version,
    lists: lists === true,
    calls: calls === undefined ? null : calls === true,
    note: problems.length > 0 ? problems.join('; ').slice(0, 300) : (client.note ?? ''),
  }
}

/** True when the client said what it must; otherwise what it said instead. */
async function shows(
  { file, args, shows: expected }: Client['steps'][number],
  env: NodeJS.ProcessEnv,
): Promise<true | string> {
  try {
    const { stdout, stderr } = await run(file, args, {
      env,
      cwd: HERE,
      timeout: CLIENT_MS,
      maxBuffer: 16 * 1024 * 1024,
    })
    return stdout.includes(expected) || stderr.includes(expected)
      ? true
      : `it said: ${(stdout + stderr).trim().slice(-200)}`
  } catch (error) {
    return error instanceof Error ? error.message.slice(-300) : String(error)
  }
}

async function versionOf(name: string): Promise<string> {
  const { default: found } = (await import(join(HERE, 'node_modules', name, 'package.json'), {
    with: { type: 'json' },
  })) as {
    readonly default: { readonly version: string }
  }
  return found.version
}

function report(told: readonly Told[]): void {
  const mark = (value: boolean | null): string => (value === null ? '–' : value ? 'yes' : 'no')
  const rows = told.map(({ client, version, lists, calls, note }) => [client, version, mark(lists), mark(calls), note])
  print(
    values.json
      ? `${JSON.stringify({ clients: told })}\n`
      : `${table(['CLIENT', 'VERSION', 'LISTS', 'CALLS', 'NOTE'], rows, 200)}\n`,
  )
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

process.exitCode = await main()
