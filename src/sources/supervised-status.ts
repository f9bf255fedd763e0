import type { ConnectionStatus } from '../kernel/connection.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Life } from './life.ts'

const SHOW_PROBLEMS = 5

/** A connection as an admin sees it. */
export function toStatus(life: Life): ConnectionStatus {
  const { spec, state, since, lastOkAt, lastError, nextAt } = life
  const reason = reasonOf(life)
  return {
    connection: spec.slug,
    provider: spec.provider,
    enabled: spec.enabled,
    state,
    since,
    tools: life.error?.data['reauth'] === true ? 0 : (life.known?.tools.length ?? 0),
    ...(reason !== undefined && { reason }),
    ...(lastOkAt !== undefined && { lastOkAt }),
    ...(lastError !== undefined && { lastError }),
    ...(nextAt !== undefined && { nextProbeAt: nextAt }),
  }
}

function reasonOf({ spec, error, live, known }: Life): string | undefined {
  if (!spec.enabled) return 'Disabled in the configuration.'
  if (error) {
    const { stderr } = error.data
    return typeof stderr === 'string' ? `${error.message} Its last words:\n${stderr}` : error.message
  }
  if (!live) return 'Connecting.'
  const problems = live.problems?.() ?? []
  if (problems.length === 0)
    return known?.tools.length === 0 && known.features.length === 0 ? 'The server offers nothing.' : undefined
  const more = problems.length > SHOW_PROBLEMS ? `; and ${problems.length - SHOW_PROBLEMS} more` : ''
  return `Not everything is offered: ${problems.slice(0, SHOW_PROBLEMS).join('; ')}${more}.`
}

/** What a call gets while the connection is down. It does not show what the server's process wrote. */
export function unusable({ spec, error, nextAt }: Life, now: number): GatewayError {
  const waitMs = nextAt === undefined ? 1_000 : Math.max(0, nextAt - now)
  const next =
    error?.data['reauth'] === true
      ? 'An admin has to renew its credential.'
      : `Try again in ${Math.max(1, Math.ceil(waitMs / 1_000))} s, or ask an admin to look at it.`
  const reason = error?.message ?? 'It is still connecting.'
  return new GatewayError(
    'connection_unusable',
    `The connection "${spec.slug}" cannot be used now. ${reason} ${next}`,
    {
      data: { connection: spec.slug, retryAfterMs: waitMs },
    },
  )
}
