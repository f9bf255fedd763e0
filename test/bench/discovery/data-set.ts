import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { z } from 'zod'
import { buildCatalog } from '../../../src/catalog/catalog.ts'
import type { ConnectionText, Surroundings } from '../../../src/catalog/search/tool-texts.ts'
import type { SourceTool, Tool, ToolId } from '../../../src/kernel/tool.ts'

/** A question with what answers it: of each inner list any one tool will do. No list at all: nothing answers it. */
export interface BenchQuery {
  readonly id: string
  readonly text: string
  readonly split: string
  readonly gold: readonly (readonly ToolId[])[]
  /** Weights may be chosen by it; only the others are reported as held out. */
  readonly isTune: boolean
}

export interface DataSet {
  readonly name: string
  readonly tools: readonly Tool[]
  readonly connections: ReadonlyMap<string, ConnectionText>
  /** Words that people gave the tools, besides their definitions. */
  readonly aliases?: Surroundings['aliases']
  readonly queries: readonly BenchQuery[]
}

const toolSchema = z.object({
  id: z.string(),
  name: z.string(),
  server: z.string(),
  description: z.string().default(''),
  inputSchema: z.record(z.string(), z.json()).default({ type: 'object' }),
  serverDescription: z.string().default(''),
})
const querySchema = z.object({
  id: z.string(),
  text: z.string(),
  split: z.string().default('all'),
  part: z.enum(['tune', 'held-out']).optional(),
  gold: z.array(z.string()).default([]),
  goldSets: z.array(z.array(z.string())).optional(),
  grades: z.record(z.string(), z.number()).optional(),
})

/** Reads `tools.jsonl` and `queries.jsonl` of a folder; undefined when it has none. */
export async function readDataSet(folder: string): Promise<DataSet | undefined> {
  if (!existsSync(join(folder, 'tools.jsonl'))) return undefined
  const rows = await readLines(join(folder, 'tools.jsonl'), toolSchema)
  const ids = new Map(rows.map(({ id, server, name }) => [id, { connection: toSlug(server), name }]))
  const { tools } = buildCatalog(toInputs(rows), new Map())
  const byName = new Map([...tools.values()].map((tool) => [`${tool.connection}\n${tool.name}`, tool.id]))
  const resolve = (id: string): readonly ToolId[] => {
    const { connection = '', name = '' } = ids.get(id) ?? {}
    return [byName.get(`${connection}\n${name}`) ?? []].flat()
  }
  return {
    name: basename(folder),
    tools: [...tools.values()],
    connections: new Map(
      rows.map(({ server, serverDescription }) => [toSlug(server), { title: server, description: serverDescription }]),
    ),
    queries: await readQueries(join(folder, 'queries.jsonl'), resolve),
  }
}

/** The queries of a file, their gold made into tool ids. A gold tool of grade 0 is a wrong answer that looks right. */
export async function readQueries(
  file: string,
  resolve: (id: string) => readonly ToolId[],
): Promise<readonly BenchQuery[]> {
  const rows = await readLines(file, querySchema)
  return rows.map(({ id, text, split, part, gold, goldSets = gold.map((one) => [one]), grades = {} }) => ({
    id,
    text,
    split,
    gold: goldSets
      .map((set) => set.filter((one) => grades[one] !== 0).flatMap(resolve))
      .filter((set) => set.length > 0),
    isTune: part === undefined ? isTune(id) : part === 'tune',
  }))
}

/** 30% of the queries that do not say it themselves, by the 32-bit FNV-1a hash of their id. */
const isTune = (id: string): boolean => fnv1a(Buffer.from(id)) % 10 < 3

const fnv1a = (bytes: Uint8Array): number =>
  bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5)

async function readLines<T>(file: string, schema: z.ZodType<T>): Promise<readonly T[]> {
  const text = await readFile(file, 'utf8')
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => schema.parse(JSON.parse(line)))
}

function toInputs(rows: readonly z.infer<typeof toolSchema>[]) {
  const servers = new Map<string, z.infer<typeof toolSchema>[]>()
  for (const row of rows) servers.set(toSlug(row.server), [...(servers.get(toSlug(row.server)) ?? []), row])
  return [...servers].map(([connection, tools]) => ({
    connection,
    provider: 'mcp',
    identity: connection,
    tools: tools.map(toSourceTool),
  }))
}

const toSourceTool = ({ name, description, inputSchema }: z.infer<typeof toolSchema>): SourceTool => ({
  definition: { name, description, inputSchema },
  traits: { effect: 'read', external: false, idempotent: true, tags: [] },
})

const toSlug = (server: string): string =>
  server
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '') || 'server'
