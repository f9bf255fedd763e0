import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type Json } from '../kernel/json.ts'
import type { Approvals } from './approvals/approvals.ts'
import type { Ring } from './doorbell-question.ts'

/**
 * What the client keeps for us while its person decides, sealed. It grants nothing: it only says for whom the bell was
 * rung. The door binds it once more, to the request's name and arguments, and ends it after some minutes.
 */
export const sealRing = (seal: Approvals['seal'], ring: Ring, { principal }: Exchange): string =>
  seal.seal({ ring: { ...ring }, organisation: principal.organisation, principal: principal.id })

/** The ring that a retry answers; undefined for a first request, and for states that are somebody else's. */
export function openRing(
  seal: Approvals['seal'],
  { resumption, principal }: Exchange,
): { readonly ring: Ring; readonly answer: Json | undefined } | undefined {
  const { requestState, inputResponses } = resumption ?? {}
  const opened = requestState === undefined ? undefined : seal.open(requestState)
  if (!opened || opened['principal'] !== principal.id || opened['organisation'] !== principal.organisation)
    return undefined
  const { ring } = opened
  if (!isJsonObject(ring)) return undefined
  const { kind, id, mode, message, url } = ring
  if ((kind !== 'approval' && kind !== 'connect') || (mode !== 'url' && mode !== 'form')) return undefined
  if (typeof id !== 'string' || typeof message !== 'string' || typeof url !== 'string') return undefined
  return { ring: { kind, id, mode, message, url }, answer: inputResponses?.[kind] }
}
