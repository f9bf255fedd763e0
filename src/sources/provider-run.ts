import type { z } from 'zod'
import { GatewayError } from '../kernel/errors.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import type { ToolResult } from '../kernel/tool.ts'
import type { Action, Provider, Settings } from '../provider-kit/index.ts'
import type { Vendor } from './provider-vendor.ts'

const MAX_FOLLOW_UPS = 50
const CONCURRENCY = 5

/**
 * Runs one action: parses the input, sends what `request` builds, then its follow-ups, and keeps what `output` names.
 * Throws `invalid_input`, what the vendor refused, or `upstream_invalid` for an answer without the expected form.
 */
export async function runAction(
  action: Action,
  rawInput: JsonObject,
  settings: Settings,
  vendor: Vendor,
  signal: AbortSignal,
): Promise<ToolResult> {
  const input = parseInput(action.input, rawInput)
  const reply = await vendor.send(await action.request(input, settings), action, signal)
  const requests = action.followUps?.(reply, input) ?? []
  if (requests.length > MAX_FOLLOW_UPS) {
    throw new GatewayError('internal', `An action asked for more than ${MAX_FOLLOW_UPS} follow-up requests.`)
  }
  const followUps = await inParallel(requests, CONCURRENCY, (wire) => vendor.send(wire, action, signal))
  const output = parseOutput(action, () => action.result?.(reply, followUps, input) ?? reply.body, vendor, reply.body)
  return { content: [{ type: 'text', text: JSON.stringify(output) }], structuredContent: output }
}

/** The action of that name; throws `tool_not_found`. Inherited names such as `constructor` are none. */
export function actionOf(provider: Provider, name: string): Action {
  const action = Object.hasOwn(provider.actions, name) ? provider.actions[name] : undefined
  if (!action) throw new GatewayError('tool_not_found', `${provider.title} has no action ${JSON.stringify(name)}.`)
  return action
}

function parseInput(schema: z.ZodType, input: JsonObject): unknown {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  throw new GatewayError('invalid_input', `The arguments are not valid: ${issuesOf(parsed.error)}.`)
}

function parseOutput(action: Action, shape: () => unknown, vendor: Vendor, body: unknown): Json {
  const fault = (cause: unknown, words: string): GatewayError =>
    new GatewayError('upstream_invalid', `${vendor.host} sent an answer that cannot be used: ${words}.`, { cause })
  const shaped = attempt(shape, (error) => fault(error, 'it does not have the expected form'))
  const parsed = action.output.safeParse(shaped)
  if (parsed.success) return parsed.data as Json
  throw fault(parsed.error, typeof body === 'string' ? 'it is not JSON' : issuesOf(parsed.error))
}

function attempt<T>(work: () => T, toError: (error: unknown) => GatewayError): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof GatewayError ? error : toError(error)
  }
}

/** At most five faults, each with its JSON Pointer. Never the values: they may be secret. */
const issuesOf = (error: z.ZodError): string =>
  error.issues
    .slice(0, 5)
    .map(({ path, message }) => `${path.map((key) => `/${String(key)}`).join('') || '/'}: ${message}`)
    .join('; ')

/** The connection's settings as the manifest's schema reads them; throws `config_invalid`. */
export function toSettings(provider: Provider, settings: JsonObject = {}): Settings {
  if (!provider.settings) {
    if (Object.keys(settings).length === 0) return {}
    throw new GatewayError('config_invalid', `${provider.title} has no settings.`)
  }
  const parsed = provider.settings.safeParse(settings)
  if (parsed.success) return parsed.data
  throw new GatewayError(
    'config_invalid',
    `The settings of ${provider.title} are not valid: ${issuesOf(parsed.error)}.`,
  )
}

/** Results in the order of the items; the first failure ends it. */
async function inParallel<In, Out>(
  items: readonly In[],
  width: number,
  work: (item: In) => Promise<Out>,
): Promise<readonly Out[]> {
  const results: Out[] = []
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker))
  return results
}
