/** How a failure reaches an MCP client: something a model can repair is a result, a fault of the protocol is an error. */
export type McpForm = 'result' | 'invalid_params' | 'method_not_found' | 'internal'

/** The one table of failures: code → HTTP status (RFC 9457), title, MCP form. Only the edges read it. */
export const PROBLEMS = {
  unauthenticated: { status: 401, title: 'Authentication required', mcp: 'internal' },
  forbidden: { status: 403, title: 'Not allowed', mcp: 'internal' },
  tool_not_found: { status: 404, title: 'Unknown tool', mcp: 'invalid_params' },
  not_found: { status: 404, title: 'Not found', mcp: 'invalid_params' },
  invalid_request: { status: 400, title: 'Invalid request', mcp: 'invalid_params' },
  invalid_cursor: { status: 400, title: 'Invalid cursor', mcp: 'invalid_params' },
  method_not_found: { status: 404, title: 'Unknown method', mcp: 'method_not_found' },
  invalid_input: { status: 422, title: 'Invalid arguments', mcp: 'result' },
  denied: { status: 403, title: 'Denied by policy', mcp: 'result' },
  approval_required: { status: 403, title: 'Approval required', mcp: 'result' },
  rate_limited: { status: 429, title: 'Too many calls', mcp: 'result' },
  payload_too_large: { status: 413, title: 'Too large', mcp: 'result' },
  conflict: { status: 409, title: 'Conflict', mcp: 'result' },
  version_conflict: { status: 412, title: 'Changed meanwhile', mcp: 'result' },
  connection_unusable: { status: 503, title: 'Connection needs attention', mcp: 'result' },
  upstream_failed: { status: 502, title: 'The service failed', mcp: 'result' },
  upstream_refused: { status: 502, title: 'The service refused the request', mcp: 'result' },
  upstream_timeout: { status: 504, title: 'The service did not answer in time', mcp: 'result' },
  upstream_invalid: { status: 502, title: 'The service sent an answer that cannot be used', mcp: 'result' },
  egress_blocked: { status: 502, title: 'Address not allowed', mcp: 'result' },
  cancelled: { status: 499, title: 'Cancelled', mcp: 'result' },
  config_invalid: { status: 422, title: 'Invalid configuration', mcp: 'internal' },
  policy_invalid: { status: 422, title: 'Invalid policy', mcp: 'internal' },
  store_locked: { status: 503, title: 'The store is in use', mcp: 'internal' },
  store_unavailable: { status: 503, title: 'The store cannot be used', mcp: 'internal' },
  vault_failed: { status: 500, title: 'A sealed value cannot be opened', mcp: 'internal' },
  audit_unavailable: { status: 503, title: 'The audit log cannot be written', mcp: 'result' },
  port_in_use: { status: 500, title: 'The port is in use', mcp: 'internal' },
  usage: { status: 400, title: 'Wrong usage', mcp: 'internal' },
  internal: { status: 500, title: 'Internal error', mcp: 'internal' },
} as const satisfies Record<string, { status: number; title: string; mcp: McpForm }>

export type ErrorCode = keyof typeof PROBLEMS
