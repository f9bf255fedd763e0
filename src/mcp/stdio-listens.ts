import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  type JSONRPCMessage,
  parseJSONRPCMessage,
} from '@modelcontextprotocol/server'
import { type Caller, toObject } from './exchange.ts'
import { subscribed } from './listens.ts'
import { isRpcId, type RpcId } from './rpc.ts'
import type { Subscriber } from './subscriptions.ts'

/** The resources that the listens of a pipe follow. */
export interface StdioListens {
  /**
   * An incoming message as it is to be served. The resources of a listen are followed first, and what cannot be followed
   * is taken out of it; undefined when it was cancelled meanwhile.
   */
  pass(message: JSONRPCMessage): JSONRPCMessage | Promise<JSONRPCMessage | undefined>
  end(): void
}

/**
 * The SDK serves the listens of a pipe and tells nobody of their filters, so that they are read on their way in. It also
 * gives an update to every listen that wants it, so that the pipe follows a resource once.
 */
export function stdioListens(subscriber: Subscriber, caller: () => Caller): StdioListens {
  const listens = new Map<RpcId, Set<string>>()
  const ended = new AbortController()
  const isFollowed = (uri: string): boolean => [...listens.values()].some((uris) => uris.has(uri))
  const release = (uris: ReadonlySet<string>): void => {
    for (const uri of uris) if (!isFollowed(uri)) subscriber.remove(uri)
  }
  const listen = async (id: RpcId, message: JSONRPCMessage): Promise<JSONRPCMessage | undefined> => {
    const mine = new Set<string>()
    listens.set(id, mine)
    const follow: Pick<Subscriber, 'add'> = {
      async add(uri, exchange) {
        await subscriber.add(uri, exchange)
        mine.add(uri)
      },
    }
    const served = await subscribed(toObject(message), follow, caller(), ended.signal)
    if (listens.get(id) === mine) return parseJSONRPCMessage(served)
    release(mine)
    return undefined
  }
  const cancel = (id: unknown): void => {
    const uris = isRpcId(id) ? listens.get(id) : undefined
    if (!uris || !isRpcId(id)) return
    listens.delete(id)
    release(uris)
  }
  return {
    pass(message) {
      if (isJSONRPCRequest(message) && message.method === 'subscriptions/listen') return listen(message.id, message)
      if (isJSONRPCNotification(message) && message.method === 'notifications/cancelled') {
        cancel(toObject(message.params)['requestId'])
      }
      return message
    },
    end() {
      ended.abort()
      listens.clear()
      subscriber.end()
    },
  }
}
