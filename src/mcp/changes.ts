import { coalesced } from './coalesce.ts'
import type { McpDeps } from './deps.ts'
import type { ListKind } from './server.ts'

/** Servers that start or stop together are one change to a client, milliseconds. */
const BURST_MS = 25

/** Tells of lists that changed, a burst of changes once; the answer stops that. */
export function onListChanged(deps: McpDeps, tell: (kind: ListKind) => void): () => void {
  const [tools, resources, prompts] = (['tools', 'resources', 'prompts'] as const).map((kind) =>
    coalesced(() => tell(kind), BURST_MS),
  )
  const stopTools = deps.onToolsChanged(() => tools?.())
  const stopFeatures = deps.onFeaturesChanged((kinds) => {
    if (kinds.resources) resources?.()
    if (kinds.prompts) prompts?.()
  })
  return () => {
    stopTools()
    stopFeatures()
    for (const each of [tools, resources, prompts]) each?.flush()
  }
}
