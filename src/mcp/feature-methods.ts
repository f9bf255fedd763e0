import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { cursorIn, listHints, type Method, textIn } from './method.ts'
import type { FeaturesPort, ListedKind, McpDeps } from './deps.ts'
import { isInputRequired, toInputRequired } from './input-required.ts'
import { type ListMethod, measuredList } from './measured-list.ts'
import { withoutHopMeta } from './meta.ts'

/** The longest time that a client may keep what it read, in milliseconds: changes are not always announced. */
const READ_TTL_MS = 10_000

const MEMBERS: Readonly<Record<ListedKind, string>> = {
  resource: 'resources',
  template: 'resourceTemplates',
  prompt: 'prompts',
}

/** What the gateway answers about resources, prompts and completions. Subscriptions belong to sessions and streams. */
export function featureMethods({
  features,
  telemetry,
}: Pick<McpDeps, 'features' | 'telemetry'>): Readonly<Record<string, Method>> {
  const list = (method: string, kind: ListedKind): Method => measuredList(telemetry, method, lister(features, kind))
  return {
    'resources/list': list('resources/list', 'resource'),
    'resources/templates/list': list('resources/templates/list', 'template'),
    'prompts/list': list('prompts/list', 'prompt'),
    'resources/read': async (params, exchange) => {
      const result = await features.read(textIn(params, 'uri', 'resources/read'), exchange)
      return { result: passedOn(result, exchange, () => readHints(result)) }
    },
    'prompts/get': async (params, exchange) => {
      const call = { name: textIn(params, 'name', 'prompts/get'), arguments: params['arguments'] }
      return { result: passedOn(await features.prompt(call, exchange), exchange) }
    },
    'completion/complete': async (params, exchange) => {
      checkCompletion(params)
      return { result: passedOn(await features.complete(withoutMeta(params), exchange), exchange) }
    },
  }
}

const lister =
  (features: FeaturesPort, kind: ListedKind): ListMethod =>
  (params, exchange) => {
    const { items, nextCursor } = features.list(kind, exchange.principal, cursorIn(params), exchange.toolset)
    const result = { [MEMBERS[kind]]: items, ...(nextCursor !== undefined && { nextCursor }) }
    return { result: { ...result, ...listHints(exchange) } }
  }

/** A source's result without what belongs to the hop behind us, and with our own cache hints where the era has them. */
function passedOn(result: JsonObject, exchange: Exchange, hints: () => JsonObject = () => ({})): JsonObject {
  if (isInputRequired(result)) return toInputRequired(result, exchange)
  const { resultType: _hop, ttlMs: _ttl, cacheScope: _scope, ...rest } = result
  return { ...withoutHopMeta(rest), ...(exchange.protocol.era === 'modern' && hints()) }
}

const readHints = ({ ttlMs }: JsonObject): JsonObject => ({
  ttlMs: typeof ttlMs === 'number' && ttlMs > 0 ? Math.min(Math.trunc(ttlMs), READ_TTL_MS) : 0,
  cacheScope: 'private',
})

const withoutMeta = ({ _meta, ...params }: JsonObject): JsonObject => params

function checkCompletion({ ref, argument }: JsonObject): void {
  const isNamed =
    isJsonObject(argument) && typeof argument['name'] === 'string' && typeof argument['value'] === 'string'
  if (isJsonObject(ref) && isNamed) return
  throw new GatewayError(
    'invalid_request',
    'Invalid params: completion/complete needs "ref", and "argument" with "name" and "value" as strings.',
  )
}
