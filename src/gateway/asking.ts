import type { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Obligation } from '../kernel/policy.ts'
import { redactWords } from './redact.ts'

/**
 * The caller's exchange with policy between the server's questions and the caller: what a server asks is redacted like
 * what it answers, and an answer goes down only while the call would still be allowed. People take their time; an admin
 * may have changed the rules meanwhile.
 */
export function governedExchange(
  exchange: Exchange,
  obligations: readonly Obligation[],
  refusal: () => GatewayError | undefined,
): Exchange {
  const { ask } = exchange
  if (!ask) return exchange
  const redactions = obligations.flatMap((obligation) => (obligation.kind === 'redact' ? obligation.redactions : []))
  return {
    ...exchange,
    async ask({ method, params }) {
      const answer = await ask({ method, params: redactions.length === 0 ? params : redactWords(params, redactions) })
      const refused = refusal()
      if (refused) throw refused
      return answer
    },
  }
}
