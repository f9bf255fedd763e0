import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { forgetTexts } from '../kernel/json-text.ts'
import type { Obligation } from '../kernel/policy.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Feature, Tool, ToolResult } from '../kernel/tool.ts'
import { capResult } from './cap.ts'
import type { GatewayDeps } from './gateway.ts'
import type { Refusal } from './limits.ts'
import { redactResult, redactWords } from './redact.ts'
import { redactionsOf } from './redactions.ts'

type Of<Kind extends Obligation['kind']> = Extract<Obligation, { kind: Kind }>

const of = <Kind extends Obligation['kind']>(obligations: readonly Obligation[], kind: Kind): readonly Of<Kind>[] =>
  obligations.filter((obligation): obligation is Of<Kind> => obligation.kind === kind)

/**
 * Takes the call from every limit and quota, or throws, or rejects with, `rate_limit_exceeded` or `quota_exceeded` with
 * `retryAfterMs`. A promise only where another process counts.
 */
export function takeLimits(
  deps: GatewayDeps,
  obligations: readonly Obligation[],
  principal: Principal,
  tool: Feature,
): Promise<void> | undefined {
  const limits = obligations.filter((one) => one.kind === 'rateLimit' || one.kind === 'quota')
  if (limits.length === 0) return undefined
  const taken = deps.limits.take(limits, {
    agent: principal.agent,
    user: principal.user,
    tool: tool.id,
    connection: tool.connection,
    organisation: principal.organisation,
  })
  if (taken instanceof Promise) return taken.then(refuse)
  refuse(taken)
  return undefined
}

function refuse(refusal: Refusal | undefined): void {
  if (refusal) throw tooMany(refusal)
}

function tooMany({ limit, retryAfterMs }: Refusal): GatewayError {
  const span = limit.kind === 'quota' ? `a ${limit.window}` : `${limit.windowMs / 1000} s`
  return new GatewayError(
    limit.kind === 'quota' ? 'quota_exceeded' : 'rate_limit_exceeded',
    `The rule "${limit.rule}" allows ${limit.limit} calls in ${span}. Try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
    { data: { rule: limit.rule, retryAfterMs } },
  )
}

/** What must be done to a result before anyone sees it: redaction first, so that a cut never hides half a secret from it. */
export function obligationsAfter(
  deps: GatewayDeps,
  obligations: readonly Obligation[],
  tool: Tool,
  result: ToolResult,
): ToolResult {
  const redactions = redactionsOf(obligations)
  const caps = of(obligations, 'maxResponseBytes').map((obligation) => obligation.bytes)
  // A name that stands twice is one in the value, and two in the text; and spaces count for nothing in a value.
  if (redactions.length + caps.length > 0) forgetTexts(result)
  if (isQuestion(result)) return onQuestion(obligations, tool, result)
  const redacted = redactions.length === 0 ? result : keepValid(deps, tool, redactResult(result, redactions))
  return caps.length === 0 ? redacted : capResult(redacted, Math.min(...caps))
}

/** MCP 2026-07-28, Multi Round-Trip Requests: not the result yet, but what the server asks of the client first. */
const isQuestion = (result: ToolResult): boolean => result['resultType'] === 'input_required'

/** The words are redacted; the server's own state goes back to it byte for byte. */
function onQuestion(obligations: readonly Obligation[], tool: Tool, result: ToolResult): ToolResult {
  const { requestState, ...words } = result
  const redacted = obligationsOnWords(obligations, tool, words) as ToolResult
  return requestState === undefined ? redacted : { ...redacted, requestState }
}

/** The same for what is no tool result: resources, prompts, completions. They are whole or refused, never cut. */
export function obligationsOnWords(
  obligations: readonly Obligation[],
  { id }: Feature,
  result: JsonObject,
): JsonObject {
  const redactions = redactionsOf(obligations)
  const redacted = redactions.length === 0 ? result : redactWords(result, redactions)
  const most = Math.min(...of(obligations, 'maxResponseBytes').map(({ bytes }) => bytes))
  const size = Number.isFinite(most) ? Buffer.byteLength(JSON.stringify(redacted)) : 0
  if (size > most) {
    throw new GatewayError('payload_too_large', `${id} has ${size} bytes, and policy allows ${most}.`)
  }
  return redacted
}

/** A client may check `structuredContent` against the output schema; one that redaction broke is withheld, and says so. */
function keepValid(deps: GatewayDeps, tool: Tool, result: ToolResult): ToolResult {
  const schema = tool.definition.outputSchema
  const { structuredContent, ...rest } = result
  if (
    !schema ||
    structuredContent === undefined ||
    deps.validator.fits(`${tool.fingerprint}:out`, schema, structuredContent)
  ) {
    return result
  }
  const note =
    'The call was made. Policy redacted fields that the output schema needs, so the structured result is withheld. The text is the redacted result.'
  return { ...rest, isError: true, content: [{ type: 'text', text: note }, ...result.content] }
}
