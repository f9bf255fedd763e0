import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import { relayed } from './mcp-call.ts'
import { usableLine, type Session } from './mcp-session.ts'

interface Request {
  readonly method: string
  readonly params: JsonObject
  readonly exchange: Exchange
}

const RELAYED = ['resources/read', 'prompts/get', 'completion/complete']

/** Everything but tools that a caller may want of a server; see `Source.request`. Rejects with a GatewayError. */
export function request(session: Session, asked: Request): Promise<JsonObject> {
  if (asked.method === 'resources/subscribe') return subscribe(session, asked)
  if (asked.method === 'resources/unsubscribe') return unsubscribe(session, asked)
  if (RELAYED.includes(asked.method)) return send(session, asked)
  return Promise.reject(new GatewayError('method_not_found', `Unknown method: ${asked.method}`))
}

const send = (session: Session, asked: Request): Promise<JsonObject> =>
  relayed(session, { ...asked, repeatable: true, headers: () => ({}) })

/**
 * The main line hears of all changes, so it is the one that subscribes: a legacy server is told, a modern one is listened to
 * for one URI more.
 */
async function subscribe(session: Session, asked: Request): Promise<JsonObject> {
  const { link, watch } = await usableLine(session)
  const uri = uriOf(asked)
  const wasKnown = session.subscribed.has(uri)
  session.subscribed.add(uri)
  try {
    if (link.era === 'legacy') return await send(session, { ...asked, exchange: mainCaller(asked.exchange) })
    await watch.follow()
    return {}
  } catch (error) {
    if (!wasKnown) session.subscribed.delete(uri)
    throw error
  }
}

async function unsubscribe(session: Session, asked: Request): Promise<JsonObject> {
  const { link, watch } = await usableLine(session)
  if (!session.subscribed.delete(uriOf(asked))) return {}
  if (link.era === 'legacy') return send(session, { ...asked, exchange: mainCaller(asked.exchange) })
  await watch.follow()
  return {}
}

/** A caller that cannot be asked has no line of its own: it is served on the main one. */
const mainCaller = ({ ask: _ask, ...exchange }: Exchange): Exchange => exchange

function uriOf({ params: { uri } }: Request): string {
  if (typeof uri === 'string') return uri
  throw new GatewayError('invalid_request', 'Invalid params: "uri" must be a string.')
}
