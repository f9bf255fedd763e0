import type { McpSubscription } from '@modelcontextprotocol/client'
import type { Link } from './mcp-link.ts'

/** Hears of changes of the tools list. */
export interface ToolWatch {
  /** Listens again when listening has ended; what changed in between is asked for. */
  renew(): void
  stop(): void
}

/**
 * Legacy servers tell by themselves. A modern server is asked to (`subscriptions/listen`), in the background: one that
 * never acknowledges must not hold anything up. The SDK does not listen again by itself, so a probe calls `renew`.
 */
export function toolWatch({ client, era }: Link, onMaybeChanged: () => void): ToolWatch {
  const isNeeded = era === 'modern' && client.getServerCapabilities()?.tools?.listChanged === true
  let subscription: Promise<McpSubscription | undefined> | undefined
  let isStopped = false

  const listen = (): void => {
    subscription = client.listen({ toolsListChanged: true }).catch(() => undefined)
    void subscription.then(async (live) => {
      await live?.closed
      subscription = undefined
    })
  }
  if (isNeeded) listen()
  return {
    renew() {
      if (!isNeeded || isStopped || subscription) return
      listen()
      onMaybeChanged()
    },
    stop() {
      isStopped = true
      void subscription?.then((live) => live?.close()).catch(() => undefined)
    },
  }
}
