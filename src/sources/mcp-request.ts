import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import { relayed } from './mcp-call.ts'
import { toCallError } from './mcp-failure.ts'
import { usableLine, type Session } from './mcp-session.ts'
import { ask } from './relay.ts'

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
 * for one URI more. One that offers subscriptions to its legacy clients only is told on the other line.
 */
async function subscribe(session: Session, asked: Request): Promise<JsonObject> {
  if (session.spec.auth?.ownership === 'per_user') throw notFollowed()
  const { link, watch } = await usableLine(session)
  const { subscribed, elsewhere } = session
  const uri = uriOf(asked)
  if (elsewhere.has(uri)) return {}
  const wasKnown = subscribed.has(uri)
  subscribed.add(uri)
  try {
    if (link.era === 'legacy') return await send(session, onMain(asked))
    await watch.follow()
    return {}
  } catch (error) {
    if (!wasKnown) subscribed.delete(uri)
    if (link.era === 'legacy' || !(await isToldElsewhere(session, asked))) throw toCallError(error)
    elsewhere.add(uri)
    return {}
  }
}

async function unsubscribe(session: Session, asked: Request): Promise<JsonObject> {
  const { link, watch } = await usableLine(session)
  const uri = uriOf(asked)
  if (session.elsewhere.delete(uri)) await isToldElsewhere(session, asked)
  if (!session.subscribed.delete(uri)) return {}
  if (link.era === 'legacy') return send(session, onMain(asked))
  await watch.follow().catch((error: unknown) => Promise.reject(toCallError(error)))
  return {}
}

/** Sends the request over the other line, where there is one; true when the server agreed. */
async function isToldElsewhere({ other, timeouts }: Session, { method, params, exchange }: Request): Promise<boolean> {
  const line = await other.get()
  if (!line?.link.capabilities.resources?.subscribe) return false
  return ask(line.link.client, method, params, { signal: exchange.ending.signal(), timeout: timeouts.idleMs }).then(
    () => true,
    () => false,
  )
}

/** A caller that cannot be asked has no line of its own: it is served on the main one. */
function onMain({ exchange: { ask: _ask, ...exchange }, ...asked }: Request): Request {
  return { ...asked, exchange }
}

/** The line that hears of changes is not the person's own. */
const notFollowed = (): GatewayError =>
  new GatewayError(
    'upstream_refused',
    'Changes of resources cannot be followed where everybody brings their own account.',
  )

function uriOf({ params: { uri } }: Request): string {
  if (typeof uri === 'string') return uri
  throw new GatewayError('invalid_request', 'Invalid params: "uri" must be a string.')
}
