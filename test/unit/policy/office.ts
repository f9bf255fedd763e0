import type { Decision } from '../../../src/kernel/policy.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { Agent, Principal } from '../../../src/kernel/principal.ts'
import { isTool, type Tool, type ToolTraits } from '../../../src/kernel/tool.ts'
import { compilePolicy, type CompileOptions, type CompiledPolicy } from '../../../src/policy/compile.ts'
import { decide } from '../../../src/policy/decide.ts'
import { policyDocumentSchema, type PolicyDocument } from '../../../src/policy/schema.ts'
import type { PolicyWorld } from '../../../src/policy/world.ts'
import { OFFICE_AGENTS, OFFICE_TOOLS, officeTool } from '../../fixtures/policies/office-world.ts'
import { catalogTool } from '../../helpers/tools.ts'

/** A tool with the traits and the arguments that a test is about. */
export const toolOf = (
  connection: string,
  name: string,
  traits: Partial<ToolTraits> = {},
  properties: JsonObject = {},
): Tool => catalogTool(connection, officeTool(name, traits, properties), connection)

/** Three services as an office has them. */
export const TOOLS: readonly Tool[] = Object.entries(OFFICE_TOOLS).flatMap(([connection, tools]) =>
  tools.map((tool) => catalogTool(connection, tool, connection)),
)

const agent = (id: string, groups: readonly string[]): Agent => ({
  id,
  groups,
  toolNames: 'portable',
  enabled: true,
  origin: 'declared',
})

export const WORLD: PolicyWorld = {
  tools: TOOLS,
  agents: Object.entries(OFFICE_AGENTS).map(([id, groups]) => agent(id, groups)),
  connections: Object.keys(OFFICE_TOOLS).map((slug) => ({ slug, provider: slug })),
}

export function toolNamed(id: string, tools: readonly Tool[] = TOOLS): Tool {
  const tool = tools.find((candidate) => candidate.id === `conn:${id}`)
  if (!tool) throw new Error(`there is no tool ${id}`)
  return tool
}

export const principalOf = (id: string, more: Partial<Principal> = {}): Principal => ({
  id: `agent:${id}`,
  organisation: 'acme',
  agent: id,
  groups: WORLD.agents.find((known) => known.id === id)?.groups ?? [],
  claims: {},
  credential: 'key',
  ...more,
})

/** Friday, 12:00 in Berlin. */
export const NOON = Date.parse('2026-11-20T12:00:00+01:00')

/** A document before it is parsed: the shapes of rules and tests are the schema's to check. */
type Input = Omit<PolicyDocument, 'rules' | 'tests'> & {
  readonly rules: readonly unknown[]
  readonly tests: readonly unknown[]
}

/** Compiles a document as it would stand in a file: parsed first. */
export const compile = (
  document: Partial<Input>,
  world: Partial<PolicyWorld> = {},
  options: CompileOptions = {},
): CompiledPolicy =>
  compilePolicy(policyDocumentSchema.parse({ rules: [], ...document }), { ...WORLD, ...world }, options).policy

export interface Call {
  readonly seen?: readonly string[]
  readonly as?: Principal
  readonly tool?: string
  readonly args?: JsonObject
  readonly at?: number
}

/** The decision about one call; sidekick asks, on Friday at noon, unless said otherwise. */
export function call(
  policy: CompiledPolicy,
  { as, tool = 'gmail:send_message', args = {}, at = NOON, seen }: Call,
): Decision {
  const principal = as ?? principalOf('sidekick')
  return decide(policy, {
    principal,
    tool: toolNamed(tool, policy.index.tools.filter(isTool)),
    verb: 'invoke',
    input: args,
    at,
    ...(seen && { labels: new Set(seen) }),
  })
}

/** The reason of a denial; fails the test when the decision is an allow. */
export function reasonOf(decision: Decision): string {
  if (decision.effect === 'allow') throw new Error(`rule ${decision.rule} allowed it`)
  return decision.reason
}

/** The cases of one sentence, each with a short name of its own, however long its values are. */
export const cases = <T>(all: readonly T[]): readonly (readonly [string, T])[] =>
  all.map((one, index) => [`${JSON.stringify(one).slice(0, 80)} (${index + 1})`, one])
