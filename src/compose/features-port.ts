import type { Catalog } from '../catalog/catalog.ts'
import { complete, getPrompt, mayHearOf, readResource, subscribeResource } from '../gateway/features.ts'
import type { GatewayDeps } from '../gateway/gateway.ts'
import { listFeatures } from '../gateway/list-tools.ts'
import type { Snapshots } from '../gateway/snapshots.ts'
import { isJsonObject } from '../kernel/json.ts'
import type { FeaturesPort, McpDeps } from '../mcp/deps.ts'
import type { Supervisor } from '../sources/supervisor.ts'

export interface FeatureParts {
  readonly gateway: GatewayDeps
  readonly snapshots: Snapshots
  readonly supervisor: Pick<Supervisor, 'tools' | 'onResourceUpdated'>
}

/** Resources, prompts and completions, as the MCP edge needs them. */
export const toFeaturesPort = ({ gateway, supervisor }: FeatureParts): FeaturesPort => ({
  list: (kind, principal, cursor, toolset) => listFeatures(gateway, kind, principal, cursor, toolset),
  read: (uri, exchange) => readResource(gateway, uri, exchange),
  prompt: (call, exchange) => getPrompt(gateway, call, exchange),
  complete: (params, exchange) => complete(gateway, params, exchange),
  subscribe: (uri, exchange) => subscribeResource(gateway, { uri, on: true }, exchange),
  unsubscribe: (uri, exchange) => subscribeResource(gateway, { uri, on: false }, exchange),
  onResourceUpdated: (listener) =>
    supervisor.onResourceUpdated((connection, uri) => {
      const wireUri = gateway.snapshot().catalog.features.wireUri(connection, uri)
      listener({ uri: wireUri, isVisible: (principal) => mayHearOf(gateway, wireUri, principal) })
    }),
})

/** What any connected server can do, besides tools. */
export function connectedCapabilities({ supervisor }: FeatureParts): ReturnType<McpDeps['capabilities']> {
  const all = [...supervisor.tools().values()].map(({ capabilities }) => capabilities)
  const some = (name: string): boolean => all.some((capabilities) => isJsonObject(capabilities[name]))
  return {
    resources: some('resources'),
    prompts: some('prompts'),
    completions: some('completions'),
    subscribe: all.some(({ resources }) => isJsonObject(resources) && resources['subscribe'] === true),
  }
}

/** Tells which lists may differ: a new catalog says itself, a new policy or agent may change every one. */
export function onFeaturesChanged({ snapshots }: FeatureParts): McpDeps['onFeaturesChanged'] {
  return (listener) => {
    let before = snapshots.current()
    return snapshots.onChange(() => {
      const now = snapshots.current()
      const isGovernedAnew = now.policy.document !== before.policy.document || now.agents !== before.agents
      const differs = (kinds: readonly string[]): boolean =>
        isGovernedAnew || textOf(now.catalog, kinds) !== textOf(before.catalog, kinds)
      const changed = { resources: differs(['resource', 'template']), prompts: differs(['prompt']) }
      before = now
      if (changed.resources || changed.prompts) listener(changed)
    })
  }
}

const textOf = ({ features }: Catalog, kinds: readonly string[]): string =>
  features.all
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ fingerprint }) => fingerprint)
    .join()
