import type { JsonObject } from '../kernel/json.ts'
import type { Effect, ToolDefinition, ToolTraits } from '../kernel/tool.ts'

/**
 * What is known about a downstream server's tool. Annotations are hints of a stranger (MCP, Tool Annotations): they may raise
 * a tool to `destructive` or `external`, never lower it. With an admin's explicit trust they count with the defaults
 * of the specification (destructive and open world unless denied); a tool without any hint stays `unclassified`.
 */
export function traitsOf(definition: ToolDefinition, trusted: boolean): ToolTraits {
  const hints = definition.annotations ?? {}
  const tags: readonly string[] = []
  if (!trusted) {
    const effect: Effect = hints['destructiveHint'] === true ? 'destructive' : 'unclassified'
    return { effect, external: hints['openWorldHint'] === true, idempotent: false, tags }
  }
  const effect = trustedEffect(hints)
  return {
    effect,
    external: effect === 'unclassified' ? hints['openWorldHint'] === true : hints['openWorldHint'] !== false,
    idempotent: effect === 'read' || hints['idempotentHint'] === true,
    tags,
  }
}

function trustedEffect(hints: JsonObject): Effect {
  const { readOnlyHint, destructiveHint } = hints
  if (readOnlyHint === true && destructiveHint !== true) return 'read'
  if (readOnlyHint === undefined && destructiveHint === undefined) return 'unclassified'
  return destructiveHint === false ? 'write' : 'destructive'
}
