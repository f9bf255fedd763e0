import type { TraceEntry } from '../kernel/policy.ts'
import type { Feature } from '../kernel/tool.ts'
import { isUnconditional, type CompiledRule } from './rule.ts'

/** Why a deny rule forbids a call, and what to change. Safe to show to the agent: no values of the call, no stack. */
export function denialReason(tool: Feature, rule: CompiledRule | undefined, entry: TraceEntry | undefined): string {
  const denied = `Rule "${rule?.id ?? ''}" denies ${tool.id}`
  if (!rule || isUnconditional(rule))
    return `${denied}, whatever the arguments are. Do it another way, or ask an admin.`
  if (entry && entry.note !== 'match') return `${denied}: ${entry.note}. Change that and call again, or ask an admin.`
  const { args = {}, when, run } = rule.spec
  const pointers = Object.keys(args).map((pointer) => (pointer === '' ? 'the arguments' : pointer))
  const because = [
    pointers.length > 0 && `because of ${pointers.slice(0, 5).join(', ')}`,
    when && 'at this time',
    run && 'after what this run has seen',
  ]
  return `${denied} ${because.filter(Boolean).join(' and ')}. Change that and call again, or ask an admin.`
}

/** Why a call falls short of what a require or allow rule asks for, and what to change. */
export function refusalReason(tool: Feature, entry: TraceEntry | undefined): string {
  if (!entry) return nobodyAllows(tool)
  return `Rule "${entry.rule}" does not allow this call of ${tool.id}: ${entry.note}. Change that and call again, or ask an admin.`
}

export const nobodyAllows = (tool: Feature): string =>
  `No rule allows ${tool.id} here. Use another tool, or ask an admin to allow it.`

export const quarantinedReason = (tool: Feature): string =>
  `${tool.id} has changed since an admin accepted it, and is held back until an admin accepts the change.`

export const unknownToolReason = 'The policy does not know this tool as it is now. List the tools again.'

export const undecidableReason =
  'Whether this call is allowed could not be decided, so that it is denied. Tell an admin if it happens again.'
