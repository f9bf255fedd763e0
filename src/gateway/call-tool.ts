import type { AuditEvent } from '../kernel/audit.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Decision } from '../kernel/policy.ts'
import type { Source } from '../kernel/source.ts'
import type { Tool, ToolResult } from '../kernel/tool.ts'
import { decide } from '../policy/decide.ts'
import type { GatewayDeps } from './gateway.ts'
import { listingFor } from './list-tools.ts'
import { before, obligationsAfter } from './obligations.ts'
import { auditArguments, auditResult } from './audit-arguments.ts'
import type { Snapshot } from './snapshot.ts'

export interface Call {
  /** The advertised name, or the canonical id. */
  readonly name: string
  readonly arguments: unknown
}

/** What is known of a call so far; the ledger's lines are written from it. */
interface Facts {
  readonly call: Call
  readonly exchange: Exchange
  readonly startedAt: number
  readonly policyVersion: string
  tool?: Tool
  input?: JsonObject
  decision?: Decision
}

/**
 * The life of a `tools/call`, and the only way to a tool. Every exit passes the ledger.
 * Throws GatewayError; a hidden tool and an unknown one are the same `tool_not_found`.
 */
export async function callTool(deps: GatewayDeps, call: Call, exchange: Exchange): Promise<ToolResult> {
  const snapshot = deps.snapshot()
  const facts: Facts = { call, exchange, startedAt: deps.clock(), policyVersion: snapshot.policy.version }
  try {
    const resuming = deps.ledger.check(facts.startedAt)
    if (resuming) await resuming
    const result = await run(deps, snapshot, facts)
    const outcome = result.isError === true ? 'error' : 'ok'
    deps.ledger.outcome(toEvent(deps, facts, { phase: 'outcome', outcome, ...auditResult(result, facts.decision) }))
    return result
  } catch (error) {
    const failure = toGatewayError(error)
    if (failure.code === 'internal') deps.log.error({ requestId: exchange.requestId }, 'a call failed', failure.cause)
    deps.ledger.outcome(toEvent(deps, facts, { phase: 'outcome', ...outcomeOf(failure) }))
    throw failure
  }
}

async function run(deps: GatewayDeps, snapshot: Snapshot, facts: Facts): Promise<ToolResult> {
  const { call, exchange } = facts
  const tool = find(deps, snapshot, facts)
  const input = (facts.input = deps.validator.parse(tool, call.arguments ?? {}))
  const decision = (facts.decision = ask(deps, snapshot, { facts, tool, verb: 'invoke' }))
  if (decision.effect === 'deny') throw new GatewayError('denied', decision.reason, { data: { rule: decision.rule } })
  before(deps, decision.obligations, exchange.principal, tool)
  const source = sourceOf(snapshot, tool)
  if (tool.effect !== 'read') await deps.ledger.intent(toEvent(deps, facts, { phase: 'intent' }))
  const result = await source.callTool(tool.name, input, exchange)
  return obligationsAfter(deps, decision.obligations, tool, result)
}

/** A tool that the principal may not see does not exist for it, so that its name leaks nothing. The ledger knows why. */
function find(deps: GatewayDeps, snapshot: Snapshot, facts: Facts): Tool {
  const { name } = facts.call
  const tool = snapshot.catalog.find(name) ?? listingFor(deps, snapshot, facts.exchange.principal).find(name)
  if (!tool) throw unknown(name)
  facts.tool = tool
  const seen = ask(deps, snapshot, { facts, tool, verb: 'see' })
  if (seen.effect === 'allow') return tool
  facts.decision = seen
  throw unknown(name)
}

const unknown = (name: string): GatewayError => new GatewayError('tool_not_found', `Unknown tool: ${name}`)

function ask(
  deps: GatewayDeps,
  snapshot: Snapshot,
  { facts, tool, verb }: { readonly facts: Facts; readonly tool: Tool; readonly verb: 'see' | 'invoke' },
): Decision {
  const { principal } = facts.exchange
  return decide(snapshot.policy, {
    principal,
    tool,
    verb,
    at: facts.startedAt,
    ...(facts.input && { input: facts.input }),
  })
}

/** A connection that is known but down has a source that says so; this is for one that was taken away meanwhile. */
function sourceOf(snapshot: Snapshot, tool: Tool): Source {
  const source = snapshot.sources.get(tool.connection)
  if (source) return source
  throw new GatewayError(
    'connection_unusable',
    `The connection "${tool.connection}" is not available right now. Try again later, or ask an admin to look at it.`,
  )
}

function outcomeOf(failure: GatewayError): Partial<AuditEvent> {
  const outcome =
    failure.code === 'tool_not_found'
      ? 'unknown_tool'
      : failure.code === 'denied'
        ? 'denied'
        : failure.code === 'cancelled'
          ? 'cancelled'
          : 'error'
  return { outcome, code: failure.code, reason: failure.message }
}

function toEvent(deps: GatewayDeps, facts: Facts, more: Pick<AuditEvent, 'phase'> & Partial<AuditEvent>): AuditEvent {
  const { exchange, tool, decision, input } = facts
  const { principal } = exchange
  return {
    type: 'tool.call',
    at: deps.clock(),
    requestId: exchange.requestId,
    principal: principal.id,
    agent: principal.agent,
    ...(principal.user !== undefined && { user: principal.user }),
    tool: tool?.id ?? facts.call.name.slice(0, 200),
    ...(tool && { connection: tool.connection }),
    ...(decision && { decision: decision.effect }),
    ...(decision?.rule !== undefined && { rule: decision.rule }),
    ...(input && auditArguments(input, decision)),
    policyVersion: facts.policyVersion,
    ...(more.phase === 'outcome' && { durationMs: deps.clock() - facts.startedAt }),
    ...more,
  }
}
