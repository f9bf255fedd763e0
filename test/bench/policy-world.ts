import { buildCatalog } from '../../src/catalog/catalog.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { Question } from '../../src/kernel/policy.ts'
import type { Agent, Principal } from '../../src/kernel/principal.ts'
import type { Effect, SourceTool } from '../../src/kernel/tool.ts'
import { policyDocumentSchema, type PolicyDocument } from '../../src/policy/schema.ts'
import type { PolicyWorld } from '../../src/policy/world.ts'

const CONNECTIONS = 40
export const AGENTS = 50
const NOON = Date.parse('2026-11-20T12:00:00Z')

/** 60% grants to groups, 20% grants with argument constraints, 15% denials by tag, 5% by time of day. */
export const toDocument = (rules: number): PolicyDocument =>
  policyDocumentSchema.parse({ rules: Array.from({ length: rules }, toRule) })

const EFFECTS: readonly Effect[] = ['read', 'read', 'write', 'write', 'destructive']

/** So many tools of 40 connections, and 50 agents in 12 groups. */
export function toWorld(tools: number): PolicyWorld {
  const connections = Array.from({ length: CONNECTIONS }, (_, index) => ({
    slug: `c${index}`,
    provider: `p${index % 10}`,
  }))
  const inputs = connections.map(({ slug, provider }) => ({
    connection: slug,
    provider,
    identity: slug,
    tools: Array.from({ length: tools / CONNECTIONS }, (_, index) => toSourceTool(index)),
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

/** A new object each time: the principal of a request. */
export function toPrincipal({ agents }: PolicyWorld, index: number): Principal {
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

export function toQuestions(world: PolicyWorld): readonly Question[] {
  const principals = world.agents.map((_, index) => toPrincipal(world, index))
  return Array.from({ length: 20_000 }, (_, index): Question => {
    const principal = principals[(index * 7) % principals.length]
    const tool = world.tools[(index * 31) % world.tools.length]
    if (!principal || !tool) throw new Error('the bench has no principals or tools')
    return {
      principal,
      tool,
      verb: 'invoke',
      input: toInput(index),
      at: NOON + index,
    }
  })
}

export const toInput = (index: number): JsonObject => ({
  channel: index % 3 === 0 ? 'general' : 'x',
  amount: index % 900,
})
