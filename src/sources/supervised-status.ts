import type { ConnectionStatus } from '../kernel/connection.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Connected } from './connector.ts'
import { isHidden, type Life } from './life.ts'

const SHOW_PROBLEMS = 5

/** A connection as an admin sees it. */
export function toStatus(life: Life): ConnectionStatus {
  const { spec, state, since, lastOkAt, lastError, nextAt } = life
  const reason = reasonOf(life)
  const reasonCode = spec.enabled ? life.reasonCode : 'disabled'
  return {
    connection: spec.slug,
    provider: spec.provider,
    enabled: spec.enabled,
    ...(spec.owner !== undefined && { owner: spec.owner }),
    state,
    since,
    tools: isHidden(life) ? 0 : (life.known?.tools.length ?? 0),
    ...(reason !== undefined && { reason }),
    ...(reasonCode && { reasonCode }),
    ...(lastOkAt !== undefined && { lastOkAt }),
    ...(lastError !== undefined && { lastError }),
    ...(nextAt !== undefined && { nextProbeAt: nextAt }),
  }
}

function reasonOf({ spec, error, reason, reasonCode, live, known }: Life): string | undefined {
  if (!spec.enabled) return 'Switched off.'
  if (reason !== undefined && (reason !== error?.message || reasonCode === 'inbound')) return reason
  if (error) {
    const { stderr } = error.data
    return typeof stderr === 'string' ? `${error.message} Its last words:\n${stderr}` : error.message
  }
  return live ? shortcomings(live, known) : 'Connecting.'
}

/** What a connection that is up does not offer. */
function shortcomings(live: Connected, known: Life['known']): string | undefined {
  const problems = live.problems?.() ?? []
  if (problems.length === 0)
    return known?.tools.length === 0 && known.features.length === 0 ? 'The server offers nothing.' : undefined
  const more = problems.length > SHOW_PROBLEMS ? `; and ${problems.length - SHOW_PROBLEMS} more` : ''
  return `Not everything is offered: ${problems.slice(0, SHOW_PROBLEMS).join('; ')}${more}.`
}

/** What a call gets while the connection is down. It does not show what the server's process wrote. */
export function unusable(life: Life, now: number): GatewayError {
  const { spec, error, nextAt } = life
  const waitMs = nextAt === undefined ? 1_000 : Math.max(0, nextAt - now)
  const next = isHidden(life)
    ? 'An admin has to renew its credential.'
    : `Try again in ${Math.max(1, Math.ceil(waitMs / 1_000))} s, or ask an admin to look at it.`
  const reason = (isHidden(life) ? life.reason : error?.message) ?? 'It is still connecting.'
  return new GatewayError(
    'connection_unusable',
    `The connection "${spec.slug}" cannot be used now. ${reason} ${next}`,
    {
      data: { connection: spec.slug, retryAfterMs: waitMs },
    },
  )
}

/** What a running call gets when its connection is switched off, revoked, deleted or made anew. */
export const ended = ({ spec }: Life): GatewayError =>
  new GatewayError(
    'connection_unusable',
    `The connection "${spec.slug}" was ended while the call ran: it was switched off, revoked or changed. Whether the call did its work is not known; look before you repeat it.`,
    { data: { connection: spec.slug } },
  )
