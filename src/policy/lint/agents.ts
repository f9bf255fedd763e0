import { principalFor } from '../caller.ts'
import type { CompiledPolicy } from '../compiled-policy.ts'
import type { CompiledRule } from '../rule.ts'
import { rulesByPlace } from '../rules-by-place.ts'
import { isSend } from './arguments.ts'
import { type Draft, toolsText } from './finding.ts'
import { type Cell, lintTwins } from './twins.ts'

/** What agents can do that an admin should know of. */
export function lintAgents(policy: CompiledPolicy): readonly Draft[] {
  const agents = [...policy.agents.values()].filter(({ enabled }) => enabled)
  const selected = new Map<string, readonly (readonly CompiledRule[])[]>()
  return agents.flatMap(({ id, groups }) => {
    const view = policy.find(principalFor({ agent: id, groups }))
    const byPlace = selected.get(view.signature) ?? rulesByPlace(view.rules, policy.index.tools.length)
    selected.set(view.signature, byPlace)
    const visible = new Set(view.features)
    const cells = policy.index.tools.map((tool, place) => ({
      tool,
      isVisible: visible.has(tool),
      rules: byPlace[place] ?? [],
    }))
    const reach = cells.filter(({ isVisible }) => isVisible)
    return [...lintAgent(id, reach), ...lintTwins(id, cells)]
  })
}

function lintAgent(agent: string, reach: readonly Cell[]): readonly Draft[] {
  const of = (isWanted: (one: Cell) => boolean): readonly string[] => reach.filter(isWanted).map(({ tool }) => tool.id)
  const grave = of(({ tool }) => tool.risk === 'critical')
  const unknown = of(({ tool }) => tool.effect === 'unclassified')
  return [
    ...(grave.length === 0 ? [] : [canDestroy(agent, grave)]),
    ...(unknown.length === 0 ? [] : [reachesUnclassified(agent, unknown)]),
    ...toxicFlow(agent, {
      secrets: of(isPrivateRead),
      strangers: of(isUntrustedRead),
      sends: of((one) => isSend(one.tool) && !isGuarded(one)),
    }),
  ]
}

const isLabelled = ({ rules }: Cell, label: string): boolean =>
  rules.some(({ obligations }) => obligations.some((one) => one.kind === 'label' && one.labels.includes(label)))

const isPrivateRead = (one: Cell): boolean =>
  one.tool.effect === 'read' && (!one.tool.external || isLabelled(one, 'confidential'))

/** Content that strangers can write: from outside, or labelled so. */
const isUntrustedRead = (one: Cell): boolean =>
  one.tool.effect === 'read' && (one.tool.external || isLabelled(one, 'untrusted'))

/** People are asked, or a rule looks at what the run has seen. */
const isGuarded = ({ rules }: Cell): boolean => {
  const [allows, others] = [rules.filter(grants), rules.filter((rule) => !grants(rule))]
  return others.some((rule) => rule.run !== undefined || asks(rule)) || allows.every(asks)
}

const grants = ({ effect }: CompiledRule): boolean => effect === 'allow'
const asks = ({ obligations }: CompiledRule): boolean => obligations.some(({ kind }) => kind === 'approval')

interface Flow {
  readonly secrets: readonly string[]
  readonly strangers: readonly string[]
  readonly sends: readonly string[]
}

/** Private data, words of strangers and a way out in one agent: what strangers write can then send the data out. */
function toxicFlow(agent: string, { secrets, strangers, sends }: Flow): readonly Draft[] {
  if (secrets.length === 0 || strangers.length === 0 || sends.length === 0) return []
  return [
    {
      code: 'toxic_flow',
      agent,
      message: `Agent "${agent}" reads private data with ${toolsText(secrets)}, content of strangers with ${toolsText(strangers)}, and sends outside with ${toolsText(sends)}.`,
      fix: 'Add a require rule with `run: {"seen": ["untrusted"]}` and an approval on the tools that send, and label what strangers write.',
      tools: sends,
    },
  ]
}

const canDestroy = (agent: string, tools: readonly string[]): Draft => ({
  code: 'agent_destructive',
  agent,
  message: `Agent "${agent}" can reach ${toolsText(tools)} that destroy, or are of critical risk.`,
  fix: 'Deny them, or ask for approval, unless the agent is there for it.',
  tools,
})

const reachesUnclassified = (agent: string, tools: readonly string[]): Draft => ({
  code: 'unclassified_reachable',
  agent,
  message: `Agent "${agent}" can reach ${toolsText(tools)} of which nobody has said what calling them does.`,
  fix: 'Classify them under `connections.<slug>.tools`, or deny `"effects": ["unclassified"]`.',
  tools,
})
