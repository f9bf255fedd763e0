import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { CommandLog, House } from '../../src/cli/house.ts'
import { compose } from '../../src/compose/compose.ts'
import type { JsonObject } from '../../src/kernel/json.ts'

const SYNTHETIC = 3_000
const root = join(import.meta.dirname, '../..')
const MODES = ['auto', 'full', 'search', 'both'] as const

const node = (...args: readonly string[]) => ({ mcp: { command: process.execPath, args, cwd: root } })
const server = (name: string, ...args: readonly string[]) =>
  node(`node_modules/@modelcontextprotocol/server-${name}/dist/index.js`, ...args)

const config = (directory: string) => ({
  organisation: 'acme',
  server: { port: 0 },
  store: { path: directory },
  agents: Object.fromEntries(
    MODES.map((toolMode) => [toolMode, { groups: ['assistants'], toolMode, pinned: ['conn:files:read_text_file'] }]),
  ),
  connections: {
    everything: server('everything', 'stdio'),
    files: { ...server('filesystem', 'test/demo/files'), tools: { read_text_file: { effect: 'read' } } },
    memory: { ...server('memory'), trustAnnotations: true },
    many: {
      ...node('test/fakes/downstream/many-tools.mjs', String(SYNTHETIC)),
      trustAnnotations: true,
      tools: { get_vehicle_7: { aliases: ['where is my truck'] } },
    },
  },
  toolsets: { fleet: { title: 'Fleet', tools: { connections: ['many'], names: ['*_vehicle_*'], effects: ['read'] } } },
  policy: {
    rules: [
      { id: 'all', effect: 'allow', subjects: { groups: ['assistants'] } },
      { id: 'keep', effect: 'deny', tools: { connections: ['many'], names: ['delete_*'] } },
    ],
  },
})

const silent: CommandLog = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
}

let house: House
let url: string
let directory: string
const keys = new Map<string, string>()

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gatehouse-discovery-'))
  const configPath = join(directory, 'gateway.config.json')
  await writeFile(configPath, JSON.stringify(config(join(directory, 'store'))))
  house = await compose({ configPath, mode: 'serve', log: silent })
  url = (await house.listen()).url
  await house.settled(60_000)
  for (const mode of MODES) keys.set(mode, await newKey(mode))
}, 90_000)

afterAll(async () => {
  await house?.close()
  await rm(directory, { recursive: true, force: true })
})

async function newKey(agent: string): Promise<string> {
  const response = await house.app.request(`http://localhost/api/agents/${agent}/keys`, {
    method: 'POST',
    headers: { authorization: `Bearer ${house.adminToken.reveal()}`, 'content-type': 'application/json' },
    body: '{}',
  })
  return ((await response.json()) as { readonly key: string }).key
}

/** What this test does with a real client. */
interface Agent {
  list(): Promise<readonly JsonObject[]>
  /** The text of the result. */
  call(name: string, input: JsonObject): Promise<string>
}

type Connect = (endpoint: URL, key: string) => Promise<ModernClient | LegacyClient>

const INFO = { name: 'test-client', version: '1.0.0' }
const requestInit = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })

const connectModern: Connect = async (endpoint, key) => {
  const client = new ModernClient(INFO, { capabilities: {}, versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(endpoint, { requestInit: requestInit(key) }))
  return client
}

const connectLegacy: Connect = async (endpoint, key) => {
  const client = new LegacyClient(INFO, { capabilities: {} })
  await client.connect(new LegacyTransport(endpoint, { requestInit: requestInit(key) }))
  return client
}

/** Connects, and lists the tools first, as agents do: a modern client learns there which arguments go into headers. */
async function connected(connect: Connect, agent: (typeof MODES)[number], path = '/mcp'): Promise<Agent> {
  const client = await connect(new URL(path, url), keys.get(agent) ?? '')
  onTestFinished(() => client.close())
  const listTools = async (cursor?: string): Promise<readonly JsonObject[]> => {
    const { tools, nextCursor } = await client.listTools(cursor === undefined ? {} : { cursor })
    const page = tools as unknown as readonly JsonObject[]
    return nextCursor === undefined ? page : [...page, ...(await listTools(nextCursor))]
  }
  await listTools()
  return {
    list: () => listTools(),
    async call(name, input) {
      const { content } = await client.callTool({ name, arguments: input })
      return (content as readonly JsonObject[]).map(textOf).join('\n')
    },
  }
}

const textOf = ({ text }: JsonObject): string => (typeof text === 'string' ? text : '')

const namesOf = (tools: readonly JsonObject[]): readonly unknown[] => tools.map(({ name }) => name)

const BUILT_IN = ['search_tools', 'describe_tools', 'call_tool', 'call_read_tool', 'status', 'approval_status'].map(
  (name) => `conn__gatehouse__${name}`,
)
const PINNED = 'conn__files__read_text_file'

describe.each([
  ['a modern client', connectModern],
  ['a legacy client', connectLegacy],
] as const)(`%s before ${SYNTHETIC} tools and three real servers`, (_, connect) => {
  it('lists all of them to an agent in the mode full, but for the ones that find', async () => {
    const tools = await (await connected(connect, 'full')).list()
    expect(tools.length).toBeGreaterThan(2_600)
    expect(namesOf(tools)).toContain('conn__gatehouse__status')
    expect(namesOf(tools)).not.toContain('conn__gatehouse__search_tools')
    expect(namesOf(tools).filter((name) => String(name).includes('many__delete'))).toEqual([])
  })

  it.each(['auto', 'search', 'both'] as const)(
    'lists seven to an agent in the mode %s, and the same each time',
    async (mode) => {
      const client = await connected(connect, mode)
      const tools = await client.list()
      expect(namesOf(tools)).toEqual([PINNED, ...BUILT_IN])
      expect(await client.list()).toEqual(tools)
      expect(JSON.stringify(tools).length / 4).toBeLessThan(1_500)
    },
  )

  it('finds, describes and calls a tool among them', async () => {
    const client = await connected(connect, 'search')
    const found = await client.call('conn__gatehouse__search_tools', { query: 'export the lease of region12' })
    expect(found.split('\n')[0]).toMatch(/^conn:many:export_lease_12\(id:str\)/)
    const described = await client.call('conn__gatehouse__describe_tools', { tools: ['conn:many:export_lease_12'] })
    expect(JSON.parse(described)).toMatchObject({ tools: [{ tool: 'conn:many:export_lease_12', effect: 'read' }] })
    const call = { tool: 'conn:many:export_lease_12', arguments: { id: 'L1' } }
    expect(await client.call('conn__gatehouse__call_tool', call)).toBe('export_lease_12 {"id":"L1"}')
    expect(await client.call('conn__gatehouse__call_read_tool', call)).toBe('export_lease_12 {"id":"L1"}')
    const truck = await client.call('conn__gatehouse__search_tools', { query: 'where is my truck' })
    expect(truck).toContain('conn:many:get_vehicle_7')
  })

  it('calls by canonical ids too, for which no list tells it what belongs into headers', async () => {
    const client = await connected(connect, 'search')
    const call = { tool: 'conn:many:export_lease_12', arguments: { id: 'L1' } }
    expect(await client.call('conn:gatehouse:call_tool', call)).toBe('export_lease_12 {"id":"L1"}')
    expect(await client.call('conn:many:export_lease_12', { id: 'L2' })).toBe('export_lease_12 {"id":"L2"}')
  })

  it('hears the same of hidden and unknown tools, and gets the schema for wrong arguments', async () => {
    const client = await connected(connect, 'search')
    const ask = (tool: string) => client.call('conn__gatehouse__call_tool', { tool, arguments: { id: '1' } })
    expect(await ask('conn:many:delete_lease_1')).toBe(
      (await ask('conn:many:nonesuch')).replace('nonesuch', 'delete_lease_1'),
    )
    const wrong = await client.call('conn__gatehouse__call_tool', { tool: 'conn:many:get_lease_1', arguments: {} })
    expect(wrong).toContain('Schema of conn:many:get_lease_1: {"type":"object","properties":{"id":')
  })

  it('sees nothing but a toolset at its path', async () => {
    const client = await connected(connect, 'both', '/mcp/fleet')
    const tools = await client.list()
    expect(tools.length).toBeGreaterThan(100)
    expect(namesOf(tools).filter((name) => !/__gatehouse__|_vehicle_/.test(String(name)))).toEqual([])
    const found = await client.call('conn__gatehouse__search_tools', { query: 'get the lease of region1' })
    expect(found).not.toContain('lease_')
    expect(await client.call('conn__many__get_vehicle_3', { id: 'V' })).toBe('get_vehicle_3 {"id":"V"}')
    await expect(client.call('conn__many__get_lease_3', { id: 'V' })).rejects.toThrow('Unknown tool')
  })
})

describe('what an admin says of a tool over the API', () => {
  it('is shown to agents at once; what the configuration declares stands above it', async () => {
    const id = 'conn:many:get_vehicle_7'
    const headers = { authorization: `Bearer ${house.adminToken.reveal()}`, 'content-type': 'application/json' }
    const say = (method: string, body?: object) =>
      house.app.request(`http://localhost/api/tools/${id}/override`, {
        method,
        headers,
        ...(body && { body: JSON.stringify(body) }),
      })
    const said = { description: 'Tells where a lorry is.', aliases: ['parcels on the road'] }
    expect((await say('PUT', said)).status).toBe(200)
    const agent = await connected(connectModern, 'search')
    const described = await agent.call('conn__gatehouse__describe_tools', { tools: [id] })
    expect(described).toContain('Tells where a lorry is.')
    const find = (query: string) => agent.call('conn__gatehouse__search_tools', { query })
    expect(await find('where is my truck')).toContain(id)
    expect(await find('parcels on the road')).not.toContain(id)
    expect((await say('DELETE')).status).toBe(204)
    expect(await agent.call('conn__gatehouse__describe_tools', { tools: [id] })).not.toContain('lorry')
  })
})

describe('the doors of toolsets', () => {
  it('are those that the configuration names', async () => {
    const headers = { authorization: `Bearer ${keys.get('full')}`, 'content-type': 'application/json' }
    const ask = (path: string, more = headers) =>
      fetch(new URL(path, url), { method: 'POST', headers: more, body: '{}' })
    expect((await ask('/mcp/nonesuch')).status).toBe(404)
    expect((await ask('/mcp/fleet')).status).not.toBe(404)
    expect((await ask('/mcp/nonesuch', { ...headers, authorization: 'Bearer no' })).status).toBe(401)
  })
})
