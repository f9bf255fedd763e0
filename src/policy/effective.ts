import type { CompiledPolicy } from './compiled-policy.ts'
import type { Origin } from './merge.ts'
import type { Rule } from './schema.ts'

/** One rule of the policy in force, as it stands in its document. */
export interface EffectiveRule {
  readonly origin: Origin
  readonly enabled: boolean
  readonly mode: 'enforce' | 'shadow'
  /** How many tools, resources, templates and prompts of the catalog it selects; 0 for a rule that is switched off. */
  readonly tools: number
  readonly rule: Rule
}

/** Every rule of both documents with its origin, declared ones first and otherwise in the order of the documents. */
export function effectiveRules(policy: CompiledPolicy): readonly EffectiveRule[] {
  const selected = new Map(policy.rules.map(({ id, places }) => [id, places.length]))
  return policy.document.rules.map((rule) => ({
    origin: policy.originOf(rule.id),
    enabled: rule.enabled !== false,
    mode: rule.mode ?? 'enforce',
    tools: selected.get(rule.id) ?? 0,
    rule,
  }))
}
