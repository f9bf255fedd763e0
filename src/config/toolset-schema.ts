import * as z from 'zod'
import { toolSelectorSchema } from '../policy/selector-schema.ts'
import { slugSchema } from './field-schemas.ts'

/** It stands in a URL. */
export const toolsetNameSchema = slugSchema('The name of a toolset', [], 64)

export const toolsetSchema = z.strictObject({
  title: z.string().min(1).max(100).optional().describe('Name for people.'),
  tools: toolSelectorSchema.describe('Which tools it holds, in the words of a policy rule.'),
})
export type ToolsetConfig = z.output<typeof toolsetSchema>
