import { buildCatalog, type Catalog } from '../../src/catalog/catalog.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { SourceTool, Tool, ToolTraits } from '../../src/kernel/tool.ts'

const TRAITS: ToolTraits = { effect: 'read', external: false, idempotent: true, tags: [] }

/** A tool as a source offers it. */
export function sourceTool(name: string, traits: Partial<ToolTraits> = {}, definition: JsonObject = {}): SourceTool {
  const inputSchema: JsonObject = { type: 'object' }
  return { definition: { name, inputSchema, ...definition }, traits: { ...TRAITS, ...traits } }
}

/** A catalog of one connection. */
export const catalogOf = (connection: string, tools: readonly SourceTool[], provider = 'mcp'): Catalog =>
  buildCatalog([{ connection, provider, identity: `test:${connection}`, tools }], new Map())

/** One tool as the catalog makes it. */
export function catalogTool(connection: string, tool: SourceTool, provider = 'mcp'): Tool {
  const [made] = catalogOf(connection, [tool], provider).tools.values()
  if (!made) throw new Error('the catalog made no tool')
  return made
}
