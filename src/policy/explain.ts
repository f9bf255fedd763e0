import type { Decision, Question, ShadowVerdict, TraceEntry } from '../kernel/policy.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Feature } from '../kernel/tool.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { decide } from './decide.ts'
import { factSheet } from './facts.ts'
import type { CompiledRule } from './rule.ts'
import type { SubjectSelector, ToolSelector } from './selector-schema.ts'
import { compileToolSelector } from './tool-selector.ts'

/** What one enabled rule has to do with a question. */
export interface RuleExplanation extends TraceEntry {
  /** Whether the rule is about this principal and this tool at all. */
  readonly selected: boolean
  readonly description?: string
  /** The rule is in shadow mode: it decided nothing, and `note` says what it would have done. */
  readonly shadow?: true
}

export interface Explanation {
  readonly decision: Decision
  /** One sentence for people. */
  readonly summary: string
  /** Every enabled rule in the order of ids: why it matched or did not. */
  readonly rules: readonly RuleExplanation[]
}

/** A decision with the part that every rule played in it. The same answer as `decide`, and slower. */
export function explain(policy: CompiledPolicy, question: Question): Explanation {
  const decision = decide(policy, question)
  const spoken = new Map(decision.trace.map((entry) => [entry.rule, entry]))
  const verdicts = new Map((decision.shadow ?? []).map((verdict) => [verdict.rule, verdict]))
  const toRule = (rule: CompiledRule): RuleExplanation => ({
    ...(spoken.get(rule.id) ?? silent(rule, whyNot(policy, rule, question) ?? unheard(rule, verdicts.get(rule.id)))),
    selected: spoken.has(rule.id),
    ...(rule.spec.description === undefined ? {} : { description: rule.spec.description }),
    ...(rule.spec.mode === 'shadow' ? { shadow: true } : {}),
  })
  return { decision, summary: summarise(question, decision), rules: policy.rules.map(toRule) }
}

const silent = ({ id, effect }: CompiledRule, note: string): TraceEntry => ({ rule: id, effect, matched: false, note })

/** Of a rule that is about the question and still not in the trace. */
function unheard({ spec }: CompiledRule, verdict: ShadowVerdict | undefined): string {
  if (spec.mode !== 'shadow') return 'the question was answered before the rule was asked'
  if (!verdict) return 'in shadow mode: it would change nothing here'
  return `in shadow mode: ${WOULD[verdict.would]} (${verdict.note})`
}

const WOULD: Readonly<Record<ShadowVerdict['would'], string>> = {
  deny: 'it would deny',
  allow: 'it would allow',
  obligations: 'it would ask for more',
}

function whyNot(policy: CompiledPolicy, rule: CompiledRule, { principal, tool }: Question): string | undefined {
  const { subjects, tools } = rule.spec
  return subjectMismatch(policy, rule, principal, subjects) ?? toolMismatch(tools, tool) ?? kindMismatch(rule, tool)
}

function subjectMismatch(
  policy: CompiledPolicy,
  { effect }: CompiledRule,
  principal: Principal,
  selector: SubjectSelector | undefined,
): string | undefined {
  const groups = new Map(Object.entries(policy.document.groups ?? {}))
  const isSelected = (part: SubjectSelector): boolean => {
    const sheet = factSheet(groups)
    const selects = sheet.selects(part, effect !== 'allow')
    return selects(sheet.read(principal))
  }
  const { agents, users, groups: names, claims, except } = selector ?? {}
  if (agents && !isSelected({ agents })) return `subjects.agents has no "${principal.agent}"`
  if (users && !isSelected({ users })) return `subjects.users has no "${principal.user ?? '(no user)'}"`
  if (names && !isSelected({ groups: names })) return `subjects.groups: not a member of ${names.join(', ')}`
  if (claims && !isSelected({ claims })) return 'subjects.claims: no claim matches'
  return except && !isSelected({ except }) ? 'subjects.except takes the caller out' : undefined
}

function toolMismatch(selector: ToolSelector | undefined, tool: Feature): string | undefined {
  const { except, ...keys } = selector ?? {}
  const selects = (part: ToolSelector): boolean => compileToolSelector({ kinds: [tool.kind], ...part })(tool)
  const failing = Object.entries(keys).find(([key, value]) => !selects({ [key]: value }))
  if (failing) return `tools.${failing[0]}: ${describe(tool, failing[0])} is not selected`
  return except && selects(except) ? 'tools.except takes the tool out' : undefined
}

/** A rule that allows, or names tools, means tools alone unless it says otherwise. */
function kindMismatch({ effect, spec }: CompiledRule, { kind }: Feature): string | undefined {
  const { kinds, names } = spec.tools ?? {}
  const meansTools = spec.tools !== undefined && kinds === undefined && (effect === 'allow' || names !== undefined)
  return meansTools && kind !== 'tool' ? `tools.kinds: a ${kind} is meant only where kinds names it` : undefined
}

function describe(tool: Feature, key: string): string {
  const facts: Record<string, string> = {
    connections: `connection "${tool.connection}"`,
    providers: `provider "${tool.provider}"`,
    names: `name "${tool.name}"`,
    effects: `effect ${tool.effect}`,
    external: tool.external ? 'external' : 'not external',
    tags: tool.tags.length === 0 ? 'no tag' : `tags ${tool.tags.join(', ')}`,
    riskAtLeast: `risk ${tool.risk}`,
  }
  return facts[key] ?? key
}

function summarise({ principal, tool, verb }: Question, decision: Decision): string {
  const who = principal.user === undefined ? principal.agent : `${principal.agent} for ${principal.user}`
  const what = `${verb === 'see' ? 'see' : 'call'} ${tool.id}`
  if (decision.effect === 'deny') return `${who} may not ${what}: ${decision.reason}`
  const duties = [...new Set(decision.obligations.map(({ kind, rule }) => `${kind} (rule "${rule}")`))]
  const besides = duties.length === 0 ? '' : `, with ${duties.join(', ')}`
  return `${who} may ${what} by rule "${decision.rule}"${besides}.`
}
