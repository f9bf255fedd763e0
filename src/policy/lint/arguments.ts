import { isTool, type Feature, type Tool } from '../../kernel/tool.ts'
import { hasArgument } from '../argument-references.ts'
import type { CompiledPolicy } from '../compiled-policy.ts'
import type { Constraint } from '../condition-schema.ts'
import { parsePointer, stepInto } from '../pointer.ts'
import type { CompiledRule } from '../rule.ts'
import { type Draft, toolsText } from './finding.ts'

/** Constraints on arguments that tools do not have or need not be given, and ways to send that no argument limits. */
export function lintArguments({ index }: CompiledPolicy, rules: readonly CompiledRule[]): readonly Draft[] {
  const toolsOf = ({ places }: CompiledRule): readonly Tool[] =>
    [...places]
      .map((place): Feature | undefined => index.tools[place])
      .filter((tool) => tool !== undefined && isTool(tool))
  return [
    ...rules.flatMap((rule) => (rule.spec.args ? lintArgs(rule, rule.spec.args, toolsOf(rule)) : [])),
    ...unlimitedSends(rules, toolsOf),
  ]
}

function lintArgs(
  { id, effect }: CompiledRule,
  args: Readonly<Record<string, Constraint>>,
  tools: readonly Tool[],
): readonly Draft[] {
  return Object.entries(args).flatMap(([pointer, constraint]) => {
    const tokens = parsePointer(pointer)
    const lacking = tools.filter(({ definition }) => hasArgument(definition.inputSchema, tokens) === 'no')
    const isDemanded = effect !== 'deny' && !constraint.optional && !constraint.absent
    const lax = isDemanded ? tools.filter((tool) => !lacking.includes(tool) && isOptional(tool, tokens)) : []
    const path = stepInto('/args', pointer)
    return [
      ...(lacking.length === 0 ? [] : [missing(id, { pointer, path, tools: lacking }, isDemanded)]),
      ...(lax.length === 0 ? [] : [mayBeLeftOut(id, { pointer, path, tools: lax })]),
    ]
  })
}

/** Only for arguments of the first level: deeper ones depend on the ones above. */
function isOptional({ definition }: Tool, tokens: readonly string[]): boolean {
  const { properties, required } = definition.inputSchema
  const [name, ...deeper] = tokens
  if (name === undefined || deeper.length > 0 || properties === undefined) return false
  return !(Array.isArray(required) && required.includes(name))
}

interface Misfit {
  readonly pointer: string
  readonly path: string
  readonly tools: readonly Tool[]
}

const idsOf = (tools: readonly Feature[]): readonly string[] => tools.map(({ id }) => id)

const missing = (id: string, { pointer, path, tools }: Misfit, isDemanded: boolean): Draft => ({
  code: 'argument_missing',
  rule: id,
  path,
  message: isDemanded
    ? `Rule "${id}" asks for ${pointer}, which there is not in ${toolsText(idsOf(tools))}: no call of them can satisfy it.`
    : `Rule "${id}" speaks of ${pointer}, which there is not in ${toolsText(idsOf(tools))}: it guards nothing there.`,
  fix: 'Select only tools that have the argument, or give the others a rule of their own.',
  tools: idsOf(tools),
})

const mayBeLeftOut = (id: string, { pointer, path, tools }: Misfit): Draft => ({
  code: 'argument_optional',
  rule: id,
  path,
  message: `Rule "${id}" asks for ${pointer}, which may be left out in ${toolsText(idsOf(tools))}: such calls fail it.`,
  fix: 'Add `"optional": true` if they need not.',
  tools: idsOf(tools),
})

/** Tools that change something outside of the organisation, allowed without a word on their arguments. */
function unlimitedSends(
  rules: readonly CompiledRule[],
  toolsOf: (rule: CompiledRule) => readonly Tool[],
): readonly Draft[] {
  const limits = rules.filter(({ effect, spec }) => effect === 'require' && !spec.subjects && isLimited(spec))
  const limited = new Set(limits.flatMap((rule) => [...rule.places]))
  return rules.flatMap((rule) => {
    if (rule.effect !== 'allow' || isLimited(rule.spec)) return []
    const open = toolsOf({ ...rule, places: rule.places.filter((place) => !limited.has(place)) })
    const sends = open.filter(isSend)
    return sends.length === 0 ? [] : [unlimited(rule.id, idsOf(sends))]
  })
}

const isLimited = ({ args, closedArgs, obligations }: CompiledRule['spec']): boolean =>
  args !== undefined || closedArgs === true || obligations?.approval !== undefined

/** Whether calling it changes something outside of the organisation, such as sending a mail. */
export const isSend = ({ external, effect }: Feature): boolean => external && effect !== 'read'

const unlimited = (id: string, tools: readonly string[]): Draft => ({
  code: 'send_without_limits',
  rule: id,
  message: `Rule "${id}" lets ${toolsText(tools)} send anything to anyone outside of the organisation.`,
  fix: 'Name the recipients or hosts in `args`, add `closedArgs`, or ask for approval.',
  tools,
})
