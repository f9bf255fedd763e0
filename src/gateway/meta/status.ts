import type { ConnectionStatus } from '../../kernel/connection.ts'
import type { Exchange } from '../../kernel/exchange.ts'
import type { ToolResult } from '../../kernel/tool.ts'
import { mayConcern } from '../../policy/concerns.ts'
import { cutText, firstSentence } from '../../catalog/search/plain-text.ts'
import { connectionsOf } from '../advertised.ts'
import type { Snapshot } from '../snapshot.ts'
import { type Asker, viewFor } from '../view-for.ts'
import { textResult } from './text-result.ts'

/** In these states a connection does what it can. */
const WELL: ReadonlySet<string> = new Set(['active', 'inbound_ready'])
const MOST_SHOWN = 40
const MOST_REASON = 300

/** What an agent can know of why something does not work: connections that it sees, and why it may see none. */
export function statusFor(snapshot: Snapshot, exchange: Exchange): ToolResult {
  const known = connectionsOf(viewFor(snapshot, exchange).tools)
  const troubled = [...snapshot.connections.values()]
    .filter((status) => status.enabled && !WELL.has(status.state) && mayKnow(snapshot, exchange, known, status))
    .toSorted((a, b) => (a.connection < b.connection ? -1 : 1))
  const more = troubled.length > MOST_SHOWN ? [`and ${troubled.length - MOST_SHOWN} more.`] : []
  return textResult([...summary(known, troubled), ...troubled.slice(0, MOST_SHOWN).map(toLine), ...more].join('\n'))
}

/** A connection of whose tools some are visible; or one that has listed none, of which a rule speaks to this caller. */
function mayKnow(
  { policy }: Snapshot,
  { principal, toolset }: Asker,
  known: readonly string[],
  { connection: slug, provider, tools, owner }: ConnectionStatus,
): boolean {
  if (owner !== undefined && owner !== principal.user) return false
  if (known.includes(slug)) return true
  return toolset === undefined && tools === 0 && mayConcern(policy, principal, { slug, provider })
}

function summary(known: readonly string[], troubled: readonly ConnectionStatus[]): readonly string[] {
  if (troubled.length > 0) return ['These connections need attention:']
  if (known.length > 0) return ['All connections that you see are well.']
  return [
    'You see no tools. Either no rule of the policy allows you any, or the connections have none: ask an admin, who can look with `gatehouse status` and `gatehouse tools list`.',
  ]
}

/** What only somebody who signs in can repair. */
const PERSONAL: ReadonlySet<string> = new Set(['reauth', 'link', 'scopes'])

function toLine({ connection, provider, state, reason, reasonCode }: ConnectionStatus): string {
  const why = reason === undefined ? 'It is not connected yet; try again later.' : told(reason)
  const how =
    reasonCode !== undefined && PERSONAL.has(reasonCode)
      ? ` An admin repairs it with: gatehouse connect ${provider} --name ${connection}`
      : ''
  return `${connection}: ${state}. ${why}${how}`
}

/** Without the last words of a server's process: they are for admins. */
const told = (reason: string): string => cutText(firstSentence(reason, MOST_REASON), MOST_REASON)
