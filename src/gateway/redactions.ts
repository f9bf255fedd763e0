import { GatewayError } from '../kernel/errors.ts'
import type { Obligation, Redaction } from '../kernel/policy.ts'
import { redactText, redactWords } from './redact.ts'

/** Everything that the obligations want taken out. */
export const redactionsOf = (obligations: readonly Obligation[]): readonly Redaction[] =>
  obligations.some(({ kind }) => kind === 'redact')
    ? obligations.flatMap((obligation) => (obligation.kind === 'redact' ? obligation.redactions : []))
    : NONE

const NONE: readonly Redaction[] = []

/** A failure of a call with what policy redacts taken out of its words: services repeat in them what they were asked. */
export function redactedFailure(obligations: readonly Obligation[], error: unknown): unknown {
  const redactions = redactionsOf(obligations)
  // A link to connect an account is ours: it must stay as it is.
  if (redactions.length === 0 || !(error instanceof GatewayError) || error.code === 'connect_required') return error
  const data = redactWords(error.data, redactions)
  return new GatewayError(error.code, redactText(error.message, redactions), { cause: error, data })
}
