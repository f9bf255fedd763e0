import { cutText } from '../../catalog/search/plain-text.ts'
import { slimSchema } from '../../catalog/search/slim-schema.ts'
import type { Exchange } from '../../kernel/exchange.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Tool, ToolResult } from '../../kernel/tool.ts'
import { slimDefinition } from '../advertised.ts'
import type { Snapshot } from '../snapshot.ts'
import { viewFor } from '../view-for.ts'
import { MOST_DESCRIBED } from './definitions.ts'
import { resolveTool } from './resolve.ts'
import { textResult } from './text-result.ts'

const MOST_NAME = 200

/** Everything that is needed to call a few tools. Hidden and unknown ones are `notFound` alike. */
export function describeTools(snapshot: Snapshot, { tools }: JsonObject, exchange: Exchange): ToolResult {
  const view = viewFor(snapshot, exchange)
  const asked = (Array.isArray(tools) ? tools : []).filter((name) => typeof name === 'string').slice(0, MOST_DESCRIBED)
  const answers = asked.map((name) => ({ name, tool: resolveTool(snapshot.catalog, view, name) }))
  const found = answers.flatMap(({ tool }) => (tool ? [toDescription(tool)] : []))
  const notFound = answers.filter(({ tool }) => !tool).map(({ name }) => cutText(name, MOST_NAME))
  return textResult(JSON.stringify({ tools: found, ...(notFound.length > 0 && { notFound }) }))
}

function toDescription({ id, effect, definition }: Tool): JsonObject {
  const { description, inputSchema, outputSchema, annotations } = slimDefinition(definition)
  return {
    tool: id,
    effect,
    description,
    inputSchema,
    ...(outputSchema && { outputSchema: slimSchema(outputSchema) }),
    ...(annotations && { annotations }),
  }
}
