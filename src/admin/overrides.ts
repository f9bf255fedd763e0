import { type ToolOverrideConfig, toolOverrideSchema } from '../config/connection-schema.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { knownTool } from './tools.ts'

export { toolOverrideSchema }

export interface OverriddenTool {
  readonly tool: string
  /** What is said of it here; the configuration's own word stands above it. */
  readonly override: ToolOverrideConfig
}

/** What was said of a tool through the API; empty when nothing was. */
export async function readOverride(deps: AdminDeps, principal: Principal, name: string): Promise<OverriddenTool> {
  return asAdmin(deps, principal, { type: 'tools.read', kind: 'look' }, async () => {
    const tool = knownTool(deps.snapshot(), name)
    return { tool: tool.id, override: (await deps.overrides.get(tool.id)) ?? {} }
  })
}

/** Says something of a tool in place of what was said before. In force when it resolves. Throws `not_found`. */
export async function overrideTool(
  deps: AdminDeps,
  principal: Principal,
  { tool: name, override }: OverriddenTool,
): Promise<OverriddenTool> {
  const facts = { tool: name, detail: withoutGaps(override) }
  return asAdmin(deps, principal, { type: 'tool.overridden', kind: 'change', facts }, async () => {
    const tool = knownTool(deps.snapshot(), name)
    if (tool.provider === OURS) {
      throw new GatewayError('invalid_request', `${tool.id} is the gateway's own: what it does is known.`)
    }
    await deps.overrides.set(tool, override)
    return { tool: tool.id, override }
  })
}

/** Takes back what was said of a tool through the API. Throws `not_found`. */
export async function removeOverride(deps: AdminDeps, principal: Principal, name: string): Promise<void> {
  return asAdmin(
    deps,
    principal,
    { type: 'tool.override_removed', kind: 'change', facts: { tool: name } },
    async () => {
      const tool = knownTool(deps.snapshot(), name)
      if (await deps.overrides.remove(tool.id)) return
      throw new GatewayError(
        'not_found',
        `Nothing was set for ${tool.id} here. What the configuration says of it is changed there.`,
      )
    },
  )
}

/** The provider of the built-in connection. */
const OURS = 'gatehouse'

const withoutGaps = (override: ToolOverrideConfig): JsonObject =>
  Object.fromEntries(Object.entries(override).filter(([, value]) => value !== undefined))
