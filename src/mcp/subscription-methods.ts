import { toGatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Methods, type Reply, textIn } from './method.ts'
import { toRpcError } from './rpc-failure.ts'
import type { Subscriber } from './subscriptions.ts'

/** `resources/subscribe` and `resources/unsubscribe` of a legacy client, which has a connection that they belong to. */
export function subscriptionMethods(subscriber: Subscriber | undefined): Methods {
  const run = async (method: string, params: JsonObject, exchange: Exchange): Promise<Reply> => {
    const uri = textIn(params, 'uri', method)
    if (method === 'resources/subscribe') await subscriber?.add(uri, exchange)
    else subscriber?.remove(uri)
    return { result: {} }
  }
  return {
    serves: (method) =>
      subscriber !== undefined && (method === 'resources/subscribe' || method === 'resources/unsubscribe'),
    async answer(method, params, exchange) {
      try {
        return await run(method, params, exchange)
      } catch (error) {
        return { error: toRpcError(toGatewayError(error), exchange) }
      }
    },
  }
}
