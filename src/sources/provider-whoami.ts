import { GatewayError } from '../kernel/errors.ts'
import type { Provider } from '../provider-kit/index.ts'
import type { Vendor } from './provider-vendor.ts'

const MAX_ACCOUNT = 200
const QUESTION = { effect: 'read', idempotent: true, scopes: [] } as const
/** A service that is busy, or a credential that may send but not read who it is, is alive all the same. */
const ALIVE = new Set<unknown>(['forbidden', 'missing_scope', 'rate_limit_exceeded'])

/**
 * Asks the vendor who we are: the account's name, at most 200 characters; undefined when the vendor does not say. Where the
 * manifest knows no such question, a credential that could be sent is enough. Rejects when the credential or the service is
 * not alive.
 */
export async function whoami(
  { whoami: question }: Provider,
  vendor: Vendor,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!question) {
    await vendor.ready(signal)
    return undefined
  }
  try {
    return question.account(await vendor.send(question.request, QUESTION, signal))?.slice(0, MAX_ACCOUNT)
  } catch (error) {
    if (error instanceof GatewayError && ALIVE.has(error.data['reason'])) return undefined
    throw error
  }
}
