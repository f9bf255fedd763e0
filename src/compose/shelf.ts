import { PROVIDER_IDS } from '../../providers/ids.ts'
import { type ConnectionConfig, isMcpConnection } from '../config/connection-schema.ts'
import type { Provider } from '../provider-kit/provider.ts'

/**
 * The manifests of providers. They are loaded when a connection is one of theirs or may become one: reading them takes longer
 * than anything else that a start would do, and 20 MB. Gateways of MCP servers alone need none.
 */
export interface Shelf {
  readonly ids: readonly string[]
  /** Undefined for a provider that there is none of. Throws before `load`. */
  get(id: string): Provider | undefined
  /** Ordered by id. Throws before `load`. */
  all(): readonly Provider[]
  load(): Promise<void>
  /** Loads them if one of these connections needs it. */
  loadFor(connections: Readonly<Record<string, ConnectionConfig>>): Promise<void>
}

export function shelf(): Shelf {
  let known: ReadonlyMap<string, Provider> | undefined
  const manifests = (): ReadonlyMap<string, Provider> => {
    if (known) return known
    throw new Error('the manifests of providers were needed before they were loaded')
  }
  const load = async (): Promise<void> => {
    known ??= (await import('../../providers/index.ts')).providers
  }
  return {
    ids: PROVIDER_IDS,
    get: (id) => (PROVIDER_IDS.includes(id) ? manifests().get(id) : undefined),
    all: () => [...manifests().values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
    load,
    async loadFor(connections) {
      if (!Object.values(connections).every(isMcpConnection)) await load()
    },
  }
}
