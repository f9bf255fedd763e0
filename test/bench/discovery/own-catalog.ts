import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { providers } from '../../../providers/index.ts'
import { buildCatalog } from '../../../src/catalog/catalog.ts'
import type { SourceTool, ToolDefinition } from '../../../src/kernel/tool.ts'
import { knownWords } from '../../../src/sources/known-tools.ts'
import { toSourceTools } from '../../../src/sources/provider-tools.ts'
import { type DataSet, readQueries } from './data-set.ts'

const ROOT = join(import.meta.dirname, '../../..')
const QUERIES = join(ROOT, 'test/fixtures/discovery/queries.jsonl')
const SERVERS: readonly (readonly [name: string, ...args: string[]])[] = [
  ['everything', 'stdio'],
  ['filesystem', join(ROOT, 'test/demo/files')],
  ['memory'],
]

/** The project's own catalog, each connection named like its provider or server, with the queries kept under test/. */
export async function ownCatalog(): Promise<DataSet> {
  const fromProviders = [...providers.values()].map((provider) => ({
    connection: provider.id,
    provider: provider.id,
    tools: toSourceTools(provider),
  }))
  const fromServers = await Promise.all(
    SERVERS.map(async ([name, ...args]) => ({ connection: name, provider: 'mcp', tools: await toolsOf(name, args) })),
  )
  const inputs = [...fromProviders, ...fromServers].map((input) => ({ ...input, identity: input.connection }))
  const { tools: built, surroundings } = buildCatalog(inputs, new Map())
  const tools = [...built.values()]
  const byName = new Map(tools.map((tool) => [`${tool.connection}.${tool.name}`, tool.id]))
  const resolve = (name: string) => {
    const id = byName.get(name)
    if (id === undefined) throw new Error(`${QUERIES} names ${name}, which is not in the catalog.`)
    return [id]
  }
  return {
    name: 'own',
    tools,
    connections: new Map([...providers.values()].map(({ id, title }) => [id, { title }])),
    aliases: surroundings.aliases,
    queries: await readQueries(QUERIES, resolve),
  }
}

async function toolsOf(name: string, args: readonly string[]): Promise<readonly SourceTool[]> {
  const program = join(ROOT, `node_modules/@modelcontextprotocol/server-${name}/dist/index.js`)
  const client = new Client({ name: 'bench', version: '1.0.0' })
  const start = { command: process.execPath, args: [program, ...args] }
  await client.connect(new StdioClientTransport({ ...start, stderr: 'ignore' }))
  try {
    const words = knownWords(client.getServerVersion()?.name, { kind: 'stdio', ...start, env: {} })
    const { tools } = await client.listTools()
    return tools.map((tool) => ({
      definition: JSON.parse(JSON.stringify(tool)) as ToolDefinition,
      traits: { effect: 'unclassified', external: true, idempotent: false, tags: [] },
      keywords: words.get(tool.name) ?? [],
    }))
  } finally {
    await client.close()
  }
}
