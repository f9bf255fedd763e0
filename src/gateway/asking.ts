import type { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Obligation } from '../kernel/policy.ts'
import { redactText, redactWords } from './redact.ts'
import { redactionsOf } from './redactions.ts'

/**
 * The caller's exchange with policy between the server's words and the caller: what a server asks, logs and tells of its
 * progress is redacted like what it answers, and an answer goes down only while the call would still be allowed. People
 * take their time; an admin may have changed the rules meanwhile.
 */
export function governedExchange(
  exchange: Exchange,
  obligations: readonly Obligation[],
  refusal: () => GatewayError | undefined,
): Exchange {
  const redactions = redactionsOf(obligations)
  const heard = redactions.length === 0 ? exchange : redactedTold(exchange, redactions)
  const { ask } = exchange
  if (!ask) return heard
  return {
    ...heard,
    async ask({ method, params }) {
      const answer = await ask({ method, params: redactions.length === 0 ? params : redactWords(params, redactions) })
      const refused = refusal()
      if (refused) throw refused
      return answer
    },
  }
}

function redactedTold(exchange: Exchange, redactions: ReturnType<typeof redactionsOf>): Exchange {
  const { onLog, onProgress } = exchange
  return {
    ...exchange,
    ...(onLog && { onLog: (message) => onLog(redactWords(message, redactions)) }),
    ...(onProgress && {
      onProgress({ message, ...progress }) {
        onProgress({ ...progress, ...(message !== undefined && { message: redactText(message, redactions) }) })
      },
    }),
  }
}
