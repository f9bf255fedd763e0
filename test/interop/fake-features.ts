import { GatewayError } from '../../src/kernel/errors.ts'
import type { Exchange } from '../../src/kernel/exchange.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { Principal } from '../../src/kernel/principal.ts'
import type { FeaturePage, FeaturesPort, ListedKind, ResourceUpdate } from '../../src/mcp/deps.ts'

type Give = (params: JsonObject, exchange: Exchange) => JsonObject | Promise<JsonObject>
type Kinds = { readonly resources: boolean; readonly prompts: boolean }
type FeatureListener = (kinds: Kinds) => void

/** Resources and prompts in memory. Names that begin with `hidden` are there for nobody but the agent `boss`. */
export function fakeFeatures({ pageSize = 2 } = {}) {
  const items: Record<ListedKind, { readonly definition: JsonObject; readonly give: Give }[]> = {
    resource: [],
    template: [],
    prompt: [],
  }
  const updates = new Set<(update: ResourceUpdate) => void>()
  const changes = new Set<FeatureListener>()
  /** What the source was asked to tell of, in order. */
  const subscriptions: string[] = []
  const nameOf = ({ name, uri, uriTemplate }: JsonObject): string =>
    [uri, uriTemplate, name].find((one): one is string => typeof one === 'string') ?? ''
  const isVisible = (name: string, { agent }: Principal): boolean => agent === 'boss' || !name.includes('hidden')
  const visible = (kind: ListedKind, principal: Principal) =>
    items[kind].filter(({ definition }) => isVisible(nameOf(definition), principal))
  const give = async (kind: ListedKind, name: string, params: JsonObject, exchange: Exchange): Promise<JsonObject> => {
    const item = visible(kind, exchange.principal).find(({ definition }) => nameOf(definition) === name)
    if (item) return item.give(params, exchange)
    if (kind === 'prompt') throw new GatewayError('not_found', `Unknown prompt: ${name}`)
    throw new GatewayError('not_found', `Resource not found: ${name}`, { data: { uri: name } })
  }
  const port: FeaturesPort = {
    list(kind, principal, cursor): FeaturePage {
      const all = visible(kind, principal)
      const start = cursor === undefined ? 0 : Number(/^at-(\d+)$/.exec(cursor)?.[1])
      if (!(start <= all.length)) throw new GatewayError('invalid_cursor', 'This cursor is not of the current list.')
      const end = start + pageSize
      const page = { items: all.slice(start, end).map(({ definition }) => definition) }
      return end < all.length ? { ...page, nextCursor: `at-${end}` } : page
    },
    read: (uri, exchange) => give('resource', uri, { uri }, exchange),
    prompt: ({ name, arguments: input }, exchange) => give('prompt', name, (input ?? {}) as JsonObject, exchange),
    async complete({ ref, ...rest }, { principal }) {
      const { name } = ref as { name: string }
      if (!isVisible(name, principal)) throw new GatewayError('not_found', `Unknown prompt: ${name}`)
      return { completion: { values: ['a', 'b'], total: 2, hasMore: false }, 'x-asked': { name, ...rest } }
    },
    async subscribe(uri, exchange) {
      await give('resource', uri, {}, exchange)
      subscriptions.push(`+${uri}`)
    },
    async unsubscribe(uri) {
      subscriptions.push(`-${uri}`)
    },
    onResourceUpdated(listener) {
      updates.add(listener)
      return () => void updates.delete(listener)
    },
  }
  return {
    ...port,
    subscriptions,
    addResource(
      uri: string,
      answer: Give = () => ({ contents: [{ uri, text: `text of ${uri}` }] }),
      more: JsonObject = {},
    ) {
      items.resource.push({ definition: { uri, name: uri, ...more }, give: answer })
    },
    addTemplate(uriTemplate: string) {
      items.template.push({ definition: { uriTemplate, name: uriTemplate }, give: () => ({}) })
    },
    addPrompt(name: string, answer: Give = () => ({ messages: [] }), more: JsonObject = {}) {
      items.prompt.push({ definition: { name, ...more }, give: answer })
    },
    forget(kind: ListedKind) {
      items[kind].length = 0
    },
    update(uri: string) {
      for (const listener of updates) listener({ uri, isVisible: (principal) => isVisible(uri, principal) })
    },
    announce(kinds: Kinds = { resources: true, prompts: true }) {
      for (const listener of changes) listener(kinds)
    },
    onFeaturesChanged(listener: FeatureListener) {
      changes.add(listener)
      return () => void changes.delete(listener)
    },
  }
}

export type FakeFeatures = ReturnType<typeof fakeFeatures>
