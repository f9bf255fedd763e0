import * as z from 'zod'
import type { JsonObject } from '../kernel/json.ts'
import type { SourceTool } from '../kernel/tool.ts'
import type { Action, Provider } from '../provider-kit/index.ts'

/** A provider's actions as tools: JSON Schema 2020-12 of what each takes and gives, MCP annotations, governed traits. */
export const toSourceTools = (provider: Provider): readonly SourceTool[] =>
  Object.entries(provider.actions).map(([name, action]) => toSourceTool(name, action))

function toSourceTool(name: string, action: Action): SourceTool {
  const { title, description, keywords, effect, external, idempotent, tags = [] } = action
  return {
    definition: {
      name,
      title,
      description,
      inputSchema: toSchema(action.input, 'input'),
      outputSchema: toSchema(action.output, 'output'),
      annotations: {
        title,
        readOnlyHint: effect === 'read',
        destructiveHint: effect === 'destructive',
        idempotentHint: idempotent,
        openWorldHint: external,
      },
    },
    traits: { effect, external, idempotent, tags },
    ...(keywords && { keywords }),
  }
}

const toSchema = (schema: z.ZodType, io: 'input' | 'output'): JsonObject =>
  z.toJSONSchema(schema, { target: 'draft-2020-12', io }) as JsonObject
