import type { ToolResult } from '../../kernel/tool.ts'

/** A result of one text: clients differ on whether structured content reaches the model. */
export const textResult = (text: string): ToolResult => ({ content: [{ type: 'text', text }] })
