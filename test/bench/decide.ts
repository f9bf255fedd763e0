import type { Question } from '../../src/kernel/policy.ts'
import type { Agent, Principal } from '../../src/kernel/principal.ts'
import type { Effect, SourceTool } from '../../src/kernel/tool.ts'
import { buildCatalog } from '../../src/catalog/catalog.ts'
import { compilePolicy, type CompiledPolicy } from '../../src/policy/compile.ts'
import { decide } from '../../src/policy/decide.ts'
import { policyDocumentSchema } from '../../src/policy/schema.ts'
import { viewOf } from '../../src/policy/view.ts'
import type { PolicyWorld } from '../../src/policy/world.ts'

const RULES = 1_000
const TOOLS = 1_000
const CONNECTIONS = 40
const AGENTS = 50
const DECISIONS = 400_000
const NOON = Date.parse('2026-11-20T12:00:00Z')

export interface DecideFigures {
  readonly rules: number
  readonly decisionsPerSecond: number
  /** A view of a principal object that was never seen before, but is like one that was. */
  readonly viewMicroseconds: number
}

/**
 * Decisions a CPU second with 1,000 rules, 1,000 tools and 50 agents: 60% grants to groups, 20% grants with argument
 * constraints, 15% denials by tag, 5% by time of day. Uses CPU time, so that a busy machine does not change the figure.
 */
export function benchDecide(): DecideFigures {
  const world = toWorld()
  const { policy } = compilePolicy(policyDocumentSchema.parse({ rules: Array.from({ length: RULES }, toRule) }), world)
  const questions = toQuestions(world)
  run(policy, questions, DECISIONS / 4)
  const seconds = cpuSeconds(() => run(policy, questions, DECISIONS))
  return {
    rules: RULES,
    decisionsPerSecond: Math.round(DECISIONS / seconds),
    viewMicroseconds: benchViews(policy, world),
  }
}

function run(policy: CompiledPolicy, questions: readonly Question[], count: number): number {
  let allowed = 0
  for (let index = 0; index < count; index++) {
    const question = questions[index % questions.length]
    if (question && decide(policy, question).effect === 'allow') allowed++
  }
  return allowed
}

function benchViews(policy: CompiledPolicy, world: PolicyWorld): number {
  const principals = Array.from({ length: 20_000 }, (_, index) => toPrincipal(world, index))
  for (let index = 0; index < AGENTS; index++) viewOf(policy, toPrincipal(world, index))
  const seconds = cpuSeconds(() => principals.forEach((principal) => viewOf(policy, principal)))
  return Math.round((seconds / principals.length) * 1e8) / 100
}

function cpuSeconds(work: () => unknown): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}

const EFFECTS: readonly Effect[] = ['read', 'read', 'write', 'write', 'destructive']

function toWorld(): PolicyWorld {
  const connections = Array.from({ length: CONNECTIONS }, (_, index) => ({
    slug: `c${index}`,
    provider: `p${index % 10}`,
  }))
  const inputs = connections.map(({ slug, provider }) => ({
    connection: slug,
    provider,
    identity: slug,
    tools: Array.from({ length: TOOLS / CONNECTIONS }, (_, index) => toSourceTool(index)),
  }))
  return {
    tools: [...buildCatalog(inputs, new Map()).tools.values()],
    agents: Array.from({ length: AGENTS }, toAgent),
    connections,
  }
}

const toSourceTool = (index: number): SourceTool => ({
  definition: {
    name: `tool_${index}`,
    inputSchema: { type: 'object', properties: { channel: { type: 'string' }, amount: { type: 'number' } } },
  },
  traits: {
    effect: EFFECTS[index % 5] ?? 'read',
    external: index % 4 === 0,
    idempotent: true,
    tags: [`t${index % 20}`],
  },
})

const toAgent = (_: unknown, index: number): Agent => ({
  id: `agent-${index}`,
  groups: [`g${index % 12}`],
  toolNames: 'portable',
  enabled: true,
  origin: 'declared',
})

function toRule(_: unknown, index: number): unknown {
  const id = `rule-${index}`
  const connections = [`c${index % CONNECTIONS}`]
  if (index % 20 < 12) {
    return {
      id,
      effect: 'allow',
      subjects: { groups: [`g${index % 12}`] },
      tools: { connections, effects: ['read', 'write'] },
    }
  }
  if (index % 20 < 16) {
    const args = { '/channel': { in: ['general', 'random'] }, '/amount': { max: 500, optional: true } }
    return { id, effect: 'allow', subjects: { groups: [`g${(index >> 2) % 12}`] }, tools: { connections }, args }
  }
  const tools = { connections, tags: [`t${index % 20}`] }
  if (index % 20 < 19) return { id, effect: 'deny', subjects: { groups: [`g${index % 12}`] }, tools }
  return { id, effect: 'deny', tools, when: { from: '22:00', to: '06:00', timezone: 'Europe/Berlin' } }
}

function toPrincipal({ agents }: PolicyWorld, index: number): Principal {
  const agent = agents[index % agents.length]
  const id = agent?.id ?? ''
  return {
    id: `agent:${id}`,
    organisation: 'acme',
    agent: id,
    groups: agent?.groups ?? [],
    claims: {},
    credential: 'key',
  }
}

function toQuestions(world: PolicyWorld): readonly Question[] {
  const principals = world.agents.map((_, index) => toPrincipal(world, index))
  return Array.from({ length: 20_000 }, (_, index): Question => {
    const principal = principals[(index * 7) % principals.length]
    const tool = world.tools[(index * 31) % world.tools.length]
    if (!principal || !tool) throw new Error('the bench has no principals or tools')
    return {
      principal,
      tool,
      verb: 'invoke',
      input: { channel: index % 3 === 0 ? 'general' : 'x', amount: index % 900 },
      at: NOON + index,
    }
  })
}
