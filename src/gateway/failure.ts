import type { GatewayError } from '../kernel/errors.ts'
import { PROBLEMS } from '../kernel/problem.ts'
import type { ToolResult } from '../kernel/tool.ts'

/** True when a model can do something about it: such a failure is a tool result, not a protocol error. */
export const isRepairable = (error: GatewayError): boolean => PROBLEMS[error.code].mcp === 'result'

/** A failure as a model reads it: what happened, to what, what to do next; the code stands in `_meta` for programs. */
export function toToolResult(error: GatewayError): ToolResult {
  return {
    content: [{ type: 'text', text: `${PROBLEMS[error.code].title}: ${error.message}` }],
    isError: true,
    _meta: {
      'dev.gatehouse/code': error.code,
      ...(Object.keys(error.data).length > 0 && { 'dev.gatehouse/data': error.data }),
    },
  }
}
