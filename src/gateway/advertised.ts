import { cutText } from '../catalog/search/plain-text.ts'
import { slimSchema } from '../catalog/search/slim-schema.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { NameStyle } from '../kernel/principal.ts'
import { type Feature, isTool, type ToolDefinition } from '../kernel/tool.ts'
import { FINDING, isBuiltIn } from './meta/definitions.ts'

const MOST_CONNECTIONS = 40
const MOST_DESCRIPTION = 600

/** The upstream's definition, whole, under our name. The canonical id stands in `title` and `_meta` (DESIGN §2). */
export function toAdvertised({ kind, definition, id, name: own }: Feature, name: string, style: NameStyle): JsonObject {
  if (kind === 'template') return definition
  if (kind === 'resource') return name === own ? definition : { ...definition, uri: name }
  if (style === 'plain' && name === own) return definition
  const upstreamTitle = definition['title']
  // Not spread: V8 gives each `{ ...one, more }` a hidden class of its own, which takes as much memory as the object.
  return Object.assign({}, definition, {
    name,
    title: typeof upstreamTitle === 'string' ? `${upstreamTitle} (${id})` : id,
    _meta: Object.assign({}, definition['_meta'], { 'dev.gatehouse/id': id }),
  })
}

/** The same tool for fewer tokens. What a result looks like is for `describe_tools` to tell. */
export function slimmed<F extends Feature>(feature: F): F {
  if (!isTool(feature)) return feature
  const { outputSchema: _output, ...definition } = feature.definition
  return { ...feature, definition: slimDefinition(definition) }
}

export const slimDefinition = (definition: ToolDefinition): ToolDefinition => ({
  ...definition,
  ...(definition.description !== undefined && { description: cutText(definition.description, MOST_DESCRIPTION) }),
  inputSchema: slimSchema(definition.inputSchema),
})

/** Search says where it can look: the connections that the caller sees, in the catalog's order. */
export function withConnections<F extends Feature>(feature: F, visible: readonly Feature[]): F {
  const { description } = feature.definition
  if (!isBuiltIn(feature) || feature.name !== FINDING.search || typeof description !== 'string') return feature
  const names = connectionsOf(visible)
  const more = names.length > MOST_CONNECTIONS ? ` and ${names.length - MOST_CONNECTIONS} more` : ''
  const words = `${description} Connections: ${names.slice(0, MOST_CONNECTIONS).join(', ') || 'none'}${more}.`
  return { ...feature, definition: { ...feature.definition, description: words } }
}

/** The connections of these tools, without the gateway's own. */
export const connectionsOf = (tools: readonly Feature[]): readonly string[] => [
  ...new Set(tools.filter((tool) => tool.kind === 'tool' && !isBuiltIn(tool)).map(({ connection }) => connection)),
]
