import type { McpSubscription } from '@modelcontextprotocol/client'
import { GatewayError } from '../kernel/errors.ts'
import type { Link } from './mcp-link.ts'

/** Hears of changes of a server's lists and resources. */
export interface ChangeWatch {
  /** Listens again when listening has ended; what changed in between is asked for. */
  renew(): void
  /** Makes `uris`, as they are now, what is listened for. Rejects when the server does not agree. */
  follow(): Promise<void>
  stop(): void
}

type Filter = Parameters<Link['client']['listen']>[0]

const ACK_MS = 15_000

/**
 * Legacy servers tell by themselves, and of resources when they are asked one by one. A modern server is asked to
 * (`subscriptions/listen`), in the background: one that never acknowledges must not hold anything up. The SDK does not
 * listen again by itself, so a probe calls `renew`.
 */
export function changeWatch(link: Link, uris: ReadonlySet<string>, onMaybeChanged: () => void): ChangeWatch {
  let live: McpSubscription | undefined
  let opening: Promise<unknown> | undefined
  let isStopped = false

  /** The old stream is closed after the new one is open: nothing is missed in between. */
  const open = async (): Promise<Filter> => {
    const fresh = await link.client.listen(filterFor(link, uris), { timeout: ACK_MS })
    const old = live
    live = fresh
    void fresh.closed.then(() => {
      if (live === fresh) live = undefined
    })
    await (isStopped ? fresh : old)?.close()
    return fresh.honoredFilter
  }
  const openQuietly = (): void => {
    opening = open()
      .catch(() => undefined)
      .finally(() => {
        opening = undefined
      })
  }
  const isNeeded = (): boolean => link.era === 'modern' && Object.keys(filterFor(link, uris)).length > 0
  if (isNeeded()) openQuietly()
  return {
    renew() {
      if (!isNeeded() || isStopped || live || opening) return
      openQuietly()
      onMaybeChanged()
    },
    async follow() {
      await opening
      if (!isNeeded()) return live?.close()
      const { resourceSubscriptions = [] } = await open()
      if ([...uris].every((uri) => resourceSubscriptions.includes(uri))) return undefined
      throw new GatewayError('upstream_refused', 'The server does not tell of changes of this resource.')
    },
    stop() {
      isStopped = true
      void live?.close().catch(() => undefined)
    },
  }
}

function filterFor({ capabilities }: Link, uris: ReadonlySet<string>): Filter {
  const { tools, prompts, resources } = capabilities
  return {
    ...(tools?.listChanged && { toolsListChanged: true }),
    ...(prompts?.listChanged && { promptsListChanged: true }),
    ...(resources?.listChanged && { resourcesListChanged: true }),
    ...(uris.size > 0 && { resourceSubscriptions: [...uris] }),
  }
}
