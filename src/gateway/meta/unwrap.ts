import { slimSchema } from '../../catalog/search/slim-schema.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Exchange } from '../../kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Obligation } from '../../kernel/policy.ts'
import type { Tool, ToolResult } from '../../kernel/tool.ts'
import { decide } from '../../policy/decide.ts'
import { toToolResult } from '../failure.ts'
import type { GatewayDeps } from '../gateway.ts'
import type { Snapshot } from '../snapshot.ts'
import { viewFor } from '../view-for.ts'
import { tidied } from './arguments.ts'
import { BUILT_IN, FINDING, isCalling } from './definitions.ts'
import { resolveTool } from './resolve.ts'

/** The call that was meant, and the built-in tool that it came through. */
export interface Inner {
  readonly name: string
  readonly arguments: Json | undefined
  readonly through: Tool
  /** What policy asks of a call through that tool, besides what it asks of the inner one. */
  readonly obligations: readonly Obligation[]
  /** The inner tool, where it is visible. */
  readonly tool: Tool | undefined
}

/** A call through a tool that may not be made: to be run as it is, so that it is refused and recorded like any other. */
export interface Unopened {
  readonly name: string
  readonly arguments: unknown
  readonly through?: undefined
}

interface Wrapped {
  readonly name: string
  readonly arguments: unknown
}

/**
 * What is inside of a `call_tool` or `call_read_tool`. Every other call, and one that may not be made or says too little,
 * stays a call of the tool that it names.
 */
export function unwrap(
  deps: Pick<GatewayDeps, 'validator' | 'clock'>,
  snapshot: Snapshot,
  call: Wrapped,
  exchange: Exchange,
): Inner | Unopened {
  const through = snapshot.catalog.find(call.name)
  if (!through || !isCalling(through)) return call
  const asked = tidied(through.name, call.arguments ?? {})
  if (!isJsonObject(asked) || typeof asked['tool'] !== 'string') return call
  const tool = resolveTool(snapshot.catalog, viewFor(snapshot, exchange), asked['tool'])
  const name = tool?.id ?? asked['tool']
  const input = checked(deps, through, { tool: name, arguments: asked['arguments'] })
  if (!input) return call
  const obligations = permitted(deps, snapshot, { through, input }, exchange)
  return obligations
    ? { name, arguments: asked['arguments'], through, obligations, tool }
    : { name: call.name, arguments: input }
}

/** Arguments that are no object are for the inner tool to refuse: its answer has the schema. */
function checked(
  { validator }: Pick<GatewayDeps, 'validator'>,
  through: Tool,
  input: JsonObject,
): JsonObject | undefined {
  const decided = isJsonObject(input['arguments']) ? input : { ...input, arguments: {} }
  try {
    return validator.parse(through, decided)
  } catch {
    return undefined
  }
}

function permitted(
  { clock }: Pick<GatewayDeps, 'clock'>,
  { policy }: Snapshot,
  { through, input }: { readonly through: Tool; readonly input: JsonObject },
  { principal }: Exchange,
): readonly Obligation[] | undefined {
  const question = { principal, tool: through, input, at: clock() }
  if (decide(policy, { ...question, verb: 'see' }).effect === 'deny') return undefined
  const decision = decide(policy, { ...question, verb: 'invoke' })
  return decision.effect === 'allow' ? decision.obligations : undefined
}

/** Refuses what may not go through the tool that it came through. Asked once the inner tool is known to be visible. */
export function refuseThrough({ through }: Inner, tool: Tool): void {
  if (isCalling(tool)) {
    throw new GatewayError(
      'invalid_input',
      `${through.name} calls other tools, and no tool that calls tools. Name the one that you want.`,
      { data: { use: 'the tool itself' } },
    )
  }
  if (through.name === FINDING.callRead && tool.effect !== 'read') {
    throw new GatewayError(
      'invalid_input',
      `${tool.id} does more than read (${tool.effect}), so ${FINDING.callRead} does not call it. Call it with ${FINDING.call}.`,
      { data: { use: `conn:${BUILT_IN}:${FINDING.call}` } },
    )
  }
}

/**
 * A failure of the inner call for who called through: wrong arguments come back with the schema that they must fit, and
 * an unknown tool is a result, because the tool that was called is known.
 */
export function toInnerFailure({ tool, name }: Inner, error: unknown): ToolResult {
  if (!(error instanceof GatewayError)) throw error
  if (error.code === 'tool_not_found') {
    const words = `${name.slice(0, 200)}. Find the ids of tools with ${FINDING.search}.`
    return toToolResult(new GatewayError('tool_not_found', words))
  }
  if (error.code !== 'invalid_input' || !tool || 'use' in error.data) throw error
  const schema = JSON.stringify(slimSchema(tool.definition.inputSchema))
  throw new GatewayError('invalid_input', `${error.message}\nSchema of ${tool.id}: ${schema}`, { data: error.data })
}
