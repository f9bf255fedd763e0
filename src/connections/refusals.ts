import { GatewayError } from '../kernel/errors.ts'
import { type CredentialRow, userOf } from './credential-row.ts'
import type { CredentialDeps } from './credential-deps.ts'

type Whose = Pick<CredentialRow, 'connection' | 'subject'>

/**
 * What a call gets when there is no usable credential: a person is sent to connect an own account, a shared one needs an
 * admin. `why` is a sentence.
 */
export async function refusalFor(
  { connectLink }: Pick<CredentialDeps, 'connectLink'>,
  { connection, subject }: Whose,
  why: string,
  reason: 'reauth' | 'link' = 'reauth',
): Promise<GatewayError> {
  const user = userOf(subject)
  if (user === undefined) {
    const detail = `${why} Connect "${connection}" again with \`gatehouse connect\` or in the console.`
    return new GatewayError('connection_unusable', detail, { data: { connection, reauth: true, reason } })
  }
  const url = await connectLink({ connection, user })
  const detail = `${why} Connect your own account for "${connection}" at ${url}, then try again.`
  return new GatewayError('connect_required', detail, { data: { connection, url } })
}

/** The credential could not be refreshed now. `retryAfterMs` from now. */
export const notNow = (connection: string, cause: GatewayError, retryAfterMs: number): GatewayError =>
  new GatewayError(
    'connection_unusable',
    `The credential of "${connection}" could not be refreshed: ${cause.message} Try again in ${Math.max(1, Math.ceil(retryAfterMs / 1_000))} s.`,
    { cause, data: { connection, retryAfterMs } },
  )
