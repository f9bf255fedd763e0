import type { CatalogInput } from '../../catalog/catalog.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Feature, SourceTool } from '../../kernel/tool.ts'

/** The connection that is always there: the gateway itself. No configuration can take its name. */
export const BUILT_IN = 'gatehouse'

/** The tools that find and call other tools: listed in the search modes only. */
export const FINDING = {
  search: 'search_tools',
  describe: 'describe_tools',
  call: 'call_tool',
  callRead: 'call_read_tool',
}
const FINDING_NAMES: ReadonlySet<string> = new Set(Object.values(FINDING))

/** True for the gateway's own tools. */
export const isBuiltIn = ({ connection }: Pick<Feature, 'connection'>): boolean => connection === BUILT_IN

/** True for those of them that find and call other tools. */
export const isFinding = (tool: Feature): boolean => isBuiltIn(tool) && FINDING_NAMES.has(tool.name)

/** True for those that run another tool. */
export const isCalling = (tool: Feature): boolean =>
  isBuiltIn(tool) && (tool.name === FINDING.call || tool.name === FINDING.callRead)

/** The most tools that one `describe_tools` looks at. */
export const MOST_DESCRIBED = 5
export const MOST_HITS = 20
export const USUAL_HITS = 6

const READS = { readOnlyHint: true }

const toCall = {
  // Proxies in front see only call_tool in Mcp-Name; a marked parameter travels as `Mcp-Param-Tool` too (MCP 2026-07-28).
  tool: { type: 'string', 'x-mcp-header': 'Tool' },
  arguments: { type: 'object' },
}

const text = { type: 'string' }

/** By themselves they change nothing, so that all have the effect `read`: what they call passes policy for itself. */
const TOOLS: readonly SourceTool[] = [
  builtInTool(
    FINDING.search,
    'Finds tools. Say action, object and product, such as "create issue github"; leave out ids, dates and file names; one search per step. A connection without a query lists its tools.',
    {
      query: text,
      connection: text,
      limit: { type: 'integer', minimum: 1, maximum: MOST_HITS },
      detail: { enum: ['names', 'signatures', 'schemas'] },
      cursor: text,
    },
    { annotations: READS },
  ),
  builtInTool(
    FINDING.describe,
    'Gives descriptions and schemas of tools by id.',
    { tools: { type: 'array', items: text, minItems: 1, maxItems: MOST_DESCRIBED } },
    { annotations: READS, required: ['tools'] },
  ),
  builtInTool(FINDING.call, 'Calls a tool by id with arguments that fit its schema.', toCall, {
    annotations: { destructiveHint: true },
    required: ['tool'],
  }),
  builtInTool(FINDING.callRead, 'As call_tool, for tools that only read; refuses all others.', toCall, {
    annotations: READS,
    required: ['tool'],
  }),
  builtInTool(
    'status',
    'Says which connections need attention, and why tools may be missing.',
    {},
    { annotations: READS },
  ),
  builtInTool(
    'approval_status',
    'Says how an approval stands.',
    { id: text },
    { annotations: READS, required: ['id'] },
  ),
]

interface More {
  readonly annotations: JsonObject
  readonly required?: readonly string[]
}

function builtInTool(
  name: string,
  description: string,
  properties: JsonObject,
  { annotations, required }: More,
): SourceTool {
  return {
    definition: {
      name,
      description,
      inputSchema: { type: 'object', properties, ...(required && { required }) },
      annotations,
      _meta: { 'anthropic/alwaysLoad': true },
    },
    traits: { effect: 'read', external: false, idempotent: true, tags: [] },
  }
}

/** What the catalog is built with, besides the connections of the configuration. */
export const builtInInput: CatalogInput = {
  connection: BUILT_IN,
  provider: BUILT_IN,
  identity: BUILT_IN,
  title: 'Gatehouse',
  tools: TOOLS,
}
