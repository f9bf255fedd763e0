import { Counter, Histogram, type Registry } from 'prom-client'
import type { AuditEvent } from '../kernel/audit.ts'

/** One act that is over. Times are milliseconds. */
export interface Measured {
  readonly method: string
  readonly event: AuditEvent
  readonly totalMs: number
  /** Undefined when nothing was sent. */
  readonly upstreamMs: number | undefined
}

/** One list that was made, or could not be: `errorType` is empty when all went well. */
export interface Listed {
  readonly method: string
  readonly errorType: string
  readonly totalMs: number
}

/** Counts and times what is over. */
export interface Meter {
  act(act: Measured): void
  list(list: Listed): void
}

/** Different values of a label; what comes later counts as `other`. Connections and tools come and go. */
const MOST_CONNECTIONS = 1_000
const MOST_TOOLS = 2_000
/** What semantic conventions advise for MCP operations, with finer steps below: most of ours take less. Seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
/** What we add ourselves, seconds. */
const OWN_BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30]

/** Counts and times acts by their outcome lines, so that metrics and audit log cannot tell different stories. */
export function callMeter(registry: Registry, { tools }: { readonly tools: boolean }): Meter {
  const { calls, decisions, limited, server, client, added } = instruments(registry, tools ? ['gen_ai_tool_name'] : [])
  const connectionLabel = bounded(MOST_CONNECTIONS)
  const toolLabel = bounded(MOST_TOOLS)
  const act = ({ method, event, totalMs, upstreamMs }: Measured): void => {
    const { outcome = 'ok', code = '', decision } = event
    const connection = event.connection === undefined ? 'none' : connectionLabel(event.connection)
    // What an agent has asked for in vain may be anything at all.
    const tool = tools
      ? { gen_ai_tool_name: event.connection === undefined ? 'none' : toolLabel(event.tool ?? 'none') }
      : undefined
    const error_type = errorTypeOf(event)
    calls.inc({ connection, outcome, ...tool })
    if (decision) decisions.inc({ effect: decision })
    if (LIMITED.has(code)) limited.inc({ code })
    server.observe({ mcp_method_name: method, error_type, ...tool }, totalMs / 1_000)
    if (upstreamMs !== undefined)
      client.observe({ mcp_method_name: method, connection, error_type }, upstreamMs / 1_000)
    added.observe(Math.max(0, totalMs - (upstreamMs ?? 0)) / 1_000)
  }
  return {
    act,
    list: ({ method, errorType, totalMs }) =>
      server.observe({ mcp_method_name: method, error_type: errorType }, totalMs / 1_000),
  }
}

/** The families; `byTool` is the label that tells calls apart by tool, where that is wanted. */
function instruments(registry: Registry, byTool: readonly string[]) {
  const registers = [registry]
  const calls = new Counter({
    name: 'gw_calls_total',
    help: 'Acts of agents by connection and outcome, as in the audit log.',
    labelNames: ['connection', 'outcome', ...byTool],
    registers,
  })
  const decisions = new Counter({
    name: 'gw_policy_decisions_total',
    help: 'Decisions that calls ended with.',
    labelNames: ['effect'],
    registers,
  })
  const limited = new Counter({
    name: 'gw_rate_limited_total',
    help: 'Calls that were refused because there were too many, by code.',
    labelNames: ['code'],
    registers,
  })
  const server = new Histogram({
    name: 'mcp_server_operation_duration_seconds',
    help: 'Acts of agents from beginning to end, and lists.',
    labelNames: ['mcp_method_name', 'error_type', ...byTool],
    buckets: BUCKETS,
    registers,
  })
  const client = new Histogram({
    name: 'mcp_client_operation_duration_seconds',
    help: 'The part of it that connections took.',
    labelNames: ['mcp_method_name', 'connection', 'error_type'],
    buckets: BUCKETS,
    registers,
  })
  const added = new Histogram({
    name: 'gw_added_duration_seconds',
    help: 'The part of it that the gateway took, waiting for a place included.',
    buckets: OWN_BUCKETS,
    registers,
  })
  return { calls, decisions, limited, server, client, added }
}

const LIMITED: ReadonlySet<string> = new Set(['rate_limit_exceeded', 'quota_exceeded', 'overloaded'])

/** Empty when all went well; `tool_error` is a result that says of itself that it failed. */
export const errorTypeOf = ({ outcome, code }: Pick<AuditEvent, 'outcome' | 'code'>): string =>
  code ?? (outcome === 'error' ? 'tool_error' : '')

function bounded(most: number): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    if (known.has(value)) return value
    if (known.size >= most) return 'other'
    known.add(value)
    return value
  }
}
