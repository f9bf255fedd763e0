import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { ToolResult } from '../kernel/tool.ts'
import { decide } from '../policy/decide.ts'
import { type AdminDeps, type AdminSnapshot, asAdmin } from './admin.ts'
import { type Subject, principalOf } from './subject.ts'

export interface AdminCall extends Subject {
  readonly tool: string
  readonly arguments: JsonObject
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
      signal,
      protocol: { era: 'modern', version: '2026-07-28', capabilities: {} },
    }
    const startedAt = deps.clock()
    const result = await deps.callTool({ name: tool, arguments: input }, exchange).catch((error: unknown) => {
      throw isUnknown(error) ? (whyHidden(deps, caller, tool) ?? error) : error
    })
    return { requestId: exchange.requestId, durationMs: deps.clock() - startedAt, result }
  })
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
