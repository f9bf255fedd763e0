import { toToolId } from '../catalog/names.ts'
import { endingWith } from '../kernel/ending.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { ToolResult } from '../kernel/tool.ts'
import { decide } from '../policy/decide.ts'
import { type AdminDeps, type AdminSnapshot, asAdmin } from './admin.ts'
import { may, refusal } from './authority.ts'
import { type Subject, principalOf } from './subject.ts'

export interface AdminCall extends Subject {
  readonly tool: string
  readonly arguments: JsonObject
}

/** A call of an agent that does not speak MCP. */
export interface ActionCall {
  /** A canonical id, a portable name, or the name of an action of the connection. */
  readonly actionIdentifier: string
  readonly connectionId?: string | undefined
  readonly input: JsonObject
}

export interface CallOutcome {
  /** Finds the call in the audit log. */
  readonly requestId: string
  readonly durationMs: number
  readonly result: ToolResult
}

/**
 * Runs one governed call as an agent, through the same path as the agent's own calls. Throws what that path throws,
 * but says `denied` and why where the agent itself would only hear of an unknown tool.
 */
export async function callAs(
  deps: AdminDeps,
  principal: Principal,
  { tool, arguments: input, ...subject }: AdminCall,
  signal: AbortSignal,
): Promise<CallOutcome> {
  const facts = { agent: subject.agent, tool }
  return asAdmin(deps, principal, { type: 'tool.tried', kind: 'read', needs: 'admin', facts }, async () => {
    const caller = principalOf(deps.snapshot(), principal, subject)
    const exchange: Exchange = {
      principal: caller,
      requestId: deps.newId(),
      ending: endingWith(signal),
      protocol: { era: 'modern', version: '2026-07-28', capabilities: {} },
    }
    const startedAt = deps.clock()
    const result = await deps.callTool({ name: tool, arguments: input }, exchange).catch((error: unknown) => {
      throw isUnknown(error) ? (whyHidden(deps, caller, tool) ?? error) : error
    })
    return { requestId: exchange.requestId, durationMs: deps.clock() - startedAt, result }
  })
}

/**
 * Runs one governed call as the agent that asks, through the same path as its calls over MCP. Throws what that path throws:
 * `tool_not_found` for what is hidden or unknown, `denied`, `approval_required`, …
 */
export async function callAction(
  deps: Pick<AdminDeps, 'callTool' | 'clock' | 'newId'>,
  principal: Principal,
  call: ActionCall,
  { signal, requestId = deps.newId() }: { readonly signal: AbortSignal; readonly requestId?: string | undefined },
): Promise<CallOutcome> {
  if (!may(principal, 'agent')) throw refusal(principal, 'agent')
  const exchange: Exchange = {
    principal,
    requestId,
    ending: endingWith(signal),
    protocol: { era: 'modern', version: '2026-07-28', capabilities: {} },
  }
  const startedAt = deps.clock()
  const result = await deps.callTool({ name: nameOf(call), arguments: call.input }, exchange)
  return { requestId, durationMs: deps.clock() - startedAt, result }
}

/** A connection that contradicts the identifier makes a name that nothing has. */
function nameOf({ actionIdentifier, connectionId }: ActionCall): string {
  if (connectionId === undefined) return actionIdentifier
  const prefix = toToolId(connectionId, '')
  return actionIdentifier.startsWith(prefix) ? actionIdentifier : toToolId(connectionId, actionIdentifier)
}

const isUnknown = (error: unknown): boolean => error instanceof GatewayError && error.code === 'tool_not_found'

function whyHidden(deps: AdminDeps, caller: Principal, name: string): GatewayError | undefined {
  const { catalog, policy }: AdminSnapshot = deps.snapshot()
  const tool = catalog.find(name)
  if (!tool) return undefined
  const decision = decide(policy, { principal: caller, tool, verb: 'see', at: deps.clock() })
  if (decision.effect === 'allow') return undefined
  return new GatewayError(
    'denied',
    `${tool.id} is hidden from ${caller.id}, which hears of an unknown tool: ${decision.reason}`,
    {
      data: { rule: decision.rule, hidden: true },
    },
  )
}
