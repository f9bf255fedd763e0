import type { Link } from './mcp-link.ts'
import type { Session } from './mcp-session.ts'
import { ask } from './relay.ts'

/** A legacy server forgets subscriptions with its session; a modern one is listened to anew anyway. Never rejects. */
export async function resubscribe(
  { timeouts }: Pick<Session, 'timeouts'>,
  { client }: Link,
  uris: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const options = { signal, timeout: timeouts.connectMs }
  await Promise.allSettled([...uris].map((uri) => ask(client, 'resources/subscribe', { uri }, options)))
}

/** What a server tells on the main line. */
export function onNotification(session: Session, method: string, params: unknown): void {
  if (method === 'notifications/tools/list_changed') return session.refreshTools.request()
  if (method === 'notifications/resources/list_changed' || method === 'notifications/prompts/list_changed') {
    return session.refreshFeatures.request()
  }
  return onUpdated(session, method, params)
}

/** A server may name a part of what was subscribed to (MCP, Resources, Subscriptions). */
export function onUpdated({ subscribed, elsewhere, events }: Session, method: string, params: unknown): void {
  if (method !== 'notifications/resources/updated' || subscribed.size + elsewhere.size === 0) return
  if (typeof params === 'object' && params !== null && 'uri' in params && typeof params.uri === 'string') {
    events.onResourceUpdated(params.uri)
  }
}

/** After a time in which changes were not heard of. */
export function lookAgain(session: Session): void {
  session.refreshTools.request()
  session.refreshFeatures.request()
  for (const uri of session.subscribed) session.events.onResourceUpdated(uri)
}
