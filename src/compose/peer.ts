import type { IncomingMessage } from 'node:http'

/** Who has connected to the worker, for the owner. Means something on the owner's socket only. */
export const PEER_HEADER = 'x-gatehouse-peer'

/** On the owner's socket a request comes from whom the worker says. */
export function withPeer<E>(env: E): E {
  const { incoming } = env as { readonly incoming?: IncomingMessage }
  if (!incoming) return env
  const remoteAddress = incoming.headers[PEER_HEADER]
  return { ...env, incoming: Object.create(incoming, { socket: { value: { remoteAddress } } }) as IncomingMessage }
}
