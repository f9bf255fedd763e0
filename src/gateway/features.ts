import type { ResourcePlace } from '../catalog/features.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Source } from '../kernel/source.ts'
import type { Feature } from '../kernel/tool.ts'
import { decide } from '../policy/decide.ts'
import { withDoorbell } from './doorbell.ts'
import type { GatewayDeps } from './gateway.ts'
import { featureListing } from './list-tools.ts'
import { obligationsOnWords } from './obligations.ts'
import { type Act, perform, type Sending } from './perform.ts'
import { renameUris } from './rename-uris.ts'
import type { Snapshot } from './snapshot.ts'
import type { Asker } from './view-for.ts'

/** The life of a `resources/read`. What is hidden or not there is `not_found` with `{ uri }`. */
export const readResource = (deps: GatewayDeps, uri: string, exchange: Exchange): Promise<JsonObject> =>
  withDoorbell(deps, exchange, (trying) =>
    perform(deps, resourceAct(deps, { type: 'resource.read', method: 'resources/read', uri, exchange: trying })),
  )

/**
 * Asks the resource's source to tell of changes, or to stop. Subscribing passes the same policy as reading. Stopping always
 * succeeds and tells nothing: what was hidden since must not stay subscribed.
 */
export async function subscribeResource(
  deps: GatewayDeps,
  { uri, on }: { readonly uri: string; readonly on: boolean },
  exchange: Exchange,
): Promise<void> {
  if (!on) return release(deps, uri, exchange)
  await perform(deps, resourceAct(deps, { type: 'resource.subscribe', method: 'resources/subscribe', uri, exchange }))
}

async function release(deps: GatewayDeps, uri: string, exchange: Exchange): Promise<void> {
  const snapshot = deps.snapshot()
  const place = snapshot.catalog.features.resource(uri)
  if (!place) return
  const source = snapshot.sources.get(place.feature.connection)
  if (!source?.request) return
  const params = { uri: place.uri }
  await relay(source, 'resources/unsubscribe', { feature: place.feature, params }, { snapshot, exchange })
}

interface ResourceCall {
  readonly type: string
  readonly method: string
  readonly uri: string
  readonly exchange: Exchange
}

function resourceAct(deps: GatewayDeps, { type, method, uri, exchange }: ResourceCall): Act<Feature, JsonObject> {
  let place: ResourcePlace | undefined
  return {
    type,
    asked: uri,
    exchange,
    find(snapshot) {
      place = snapshot.catalog.features.resource(uri)
      return place?.feature
    },
    unknown: () => new GatewayError('not_found', `Resource not found: ${uri}`, { data: { uri } }),
    parse: () => ({ uri: place?.uri ?? uri }),
    send: (source, feature, input, on) => relay(source, method, { feature, params: input }, on),
    finish: (result, obligations, feature) => obligationsOnWords(obligations, feature, result),
  }
}

/** The life of a `prompts/get`. */
export const getPrompt = (deps: GatewayDeps, call: PromptCall, exchange: Exchange): Promise<JsonObject> =>
  withDoorbell(deps, exchange, (trying) => perform(deps, promptAct(deps, call, trying)))

interface PromptCall {
  readonly name: string
  readonly arguments: unknown
}

const promptAct = (deps: GatewayDeps, call: PromptCall, exchange: Exchange): Act<Feature, JsonObject> => ({
  type: 'prompt.get',
  asked: call.name,
  exchange,
  find: (snapshot) => findPrompt(deps, snapshot, call.name, exchange),
  unknown: () => unknownPrompt(call.name),
  parse: () => (call.arguments === undefined ? {} : toArguments(call.arguments)),
  send: (source, feature, input, on) =>
    relay(source, 'prompts/get', { feature, params: { name: feature.name, arguments: input } }, on),
  finish: (result, obligations, feature) => obligationsOnWords(obligations, feature, result),
})

/** The life of a `completion/complete`: whoever may get the prompt or read the resource may have its arguments completed. */
export async function complete(deps: GatewayDeps, params: JsonObject, exchange: Exchange): Promise<JsonObject> {
  const ref = isJsonObject(params['ref']) ? params['ref'] : {}
  const asked = ref['type'] === 'ref/prompt' ? ref['name'] : ref['uri']
  if (typeof asked !== 'string' || (ref['type'] !== 'ref/prompt' && ref['type'] !== 'ref/resource')) {
    throw new GatewayError(
      'invalid_request',
      'Invalid params: "ref" must name a prompt (ref/prompt) or a resource (ref/resource).',
    )
  }
  const isPrompt = ref['type'] === 'ref/prompt'
  return perform<Feature, JsonObject>(deps, {
    type: 'completion',
    asked,
    exchange,
    find: (snapshot) =>
      isPrompt
        ? findPrompt(deps, snapshot, asked, exchange)
        : (snapshot.catalog.features.all.find(({ kind, name }) => kind === 'template' && name === asked) ??
          snapshot.catalog.features.resource(asked)?.feature),
    unknown: () =>
      isPrompt
        ? unknownPrompt(asked)
        : new GatewayError('not_found', `Resource not found: ${asked}`, { data: { uri: asked } }),
    parse: () => ({}),
    besides: params,
    send: (source, feature, _input, on) => {
      const own = isPrompt ? { ...ref, name: feature.name } : { ...ref, uri: feature.name }
      return relay(source, 'completion/complete', { feature, params: { ...params, ref: own } }, on)
    },
    finish: (result, obligations, feature) => obligationsOnWords(obligations, feature, result),
  })
}

/** Whether a principal may hear of a change of a connection's resource. */
export function mayHearOf(deps: GatewayDeps, wireUri: string, principal: Principal): boolean {
  const { catalog, policy } = deps.snapshot()
  const place = catalog.features.resource(wireUri)
  if (!place) return false
  const question = { principal, tool: place.feature, at: deps.clock(), input: { uri: place.uri } }
  return (['see', 'invoke'] as const).every((verb) => decide(policy, { ...question, verb }).effect === 'allow')
}

interface Relayed {
  readonly feature: Feature
  readonly params: JsonObject
}

async function relay(
  source: Source,
  method: string,
  { feature, params }: Relayed,
  { snapshot: { catalog }, exchange }: Sending,
): Promise<JsonObject> {
  if (!source.request) throw new GatewayError('not_found', `The connection "${feature.connection}" has no ${method}.`)
  return renameUris(catalog.features, feature.connection, await source.request(method, params, exchange))
}

const findPrompt = (deps: GatewayDeps, snapshot: Snapshot, name: string, asker: Asker): Feature | undefined =>
  snapshot.catalog.features.prompt(name) ?? featureListing(deps, snapshot, 'prompt', asker).find(name)

const unknownPrompt = (name: string): GatewayError => new GatewayError('not_found', `Unknown prompt: ${name}`)

function toArguments(value: unknown): JsonObject {
  if (isJsonObject(value) && Object.values(value).every((member) => typeof member === 'string')) return value
  throw new GatewayError('invalid_request', 'Invalid params: the arguments of a prompt must be an object of strings.')
}
