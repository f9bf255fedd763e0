import type { Principal } from '../kernel/principal.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { toGlob } from './glob.ts'
import { isUnconditional, type CompiledRule } from './rule.ts'
import type { ToolSelector } from './selector-schema.ts'

interface Connection {
  readonly slug: string
  readonly provider: string
}

/**
 * Whether a principal may know of a connection that has not listed anything yet: a rule that allows names it, or all
 * connections, for this principal, and nothing that takes away speaks of it. In doubt, no.
 */
export function mayConcern(policy: CompiledPolicy, principal: Principal, connection: Connection): boolean {
  const { rules } = policy.find(principal)
  const isDenied = rules.some(
    (rule) => rule.effect === 'deny' && isUnconditional(rule) && touches(rule.spec.tools, connection),
  )
  return !isDenied && rules.some((rule) => allows(rule, connection))
}

function allows({ effect, spec: { tools } }: CompiledRule, connection: Connection): boolean {
  if (effect !== 'allow' || !touches(tools, connection)) return false
  return tools?.except === undefined || !touches(tools.except, connection)
}

/** Whether a selector could choose anything of the connection. */
function touches(selector: Omit<ToolSelector, 'except'> | undefined, { slug, provider }: Connection): boolean {
  const { connections, providers } = selector ?? {}
  return isAmong(connections, slug) && isAmong(providers, provider)
}

const isAmong = (patterns: readonly string[] | undefined, name: string): boolean =>
  patterns === undefined || patterns.some((pattern) => toGlob(pattern)(name))
