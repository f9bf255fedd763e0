import type { Approval } from '../../kernel/approval.ts'
import type { Exchange } from '../../kernel/exchange.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { ToolResult } from '../../kernel/tool.ts'
import type { Approvals } from '../approvals/approvals.ts'
import { toTime } from '../approvals/words.ts'
import { cutText } from '../../catalog/search/plain-text.ts'
import { textResult } from './text-result.ts'

/** How one of the caller's own approvals stands. Another's and none are the same words. */
export function approvalStatus(
  approvals: Pick<Approvals, 'queue' | 'link'> | undefined,
  { id }: JsonObject,
  { principal }: Exchange,
): ToolResult {
  const asked = typeof id === 'string' ? id : ''
  const found = approvals?.queue.find(asked)
  const isOwn = found?.principal === principal.id && found.organisation === principal.organisation
  if (!approvals || !found || !isOwn) {
    return { ...textResult(`You have no approval "${cutText(asked, 64)}".`), isError: true }
  }
  return textResult(`${found.tool}: ${toWords(found, approvals.link(found.id))}`)
}

function toWords({ state, expiresAt, demands, votes, outcome, consumedAt }: Approval, link: string): string {
  switch (state) {
    case 'pending':
      return `pending until ${toTime(expiresAt)}. ${missing(demands, votes)} An approver decides at ${link} .`
    case 'approved':
      return `approved. Retry with the same arguments before ${toTime(expiresAt)}; it serves once.`
    case 'denied': {
      const reason = votes.find(({ verdict }) => verdict === 'deny')?.reason
      return `denied.${reason === undefined ? '' : ` The reason given: ${reason}`}`
    }
    case 'consumed':
      return `used at ${toTime(consumedAt ?? 0)}. ${OUTCOMES[outcome ?? 'running']}`
    default:
      return 'expired. The call was not made. Call again to ask anew.'
  }
}

const OUTCOMES = {
  running: 'The call is running.',
  ok: 'The call succeeded.',
  error: 'The call failed; a new call needs a new approval.',
  unknown: 'What became of the call is not known: look whether it was done before you ask again.',
}

function missing(demands: Approval['demands'], votes: Approval['votes']): string {
  const open = demands.flatMap(({ rule, quorum, approvers }) => {
    const yes = votes.filter(({ verdict, rules }) => verdict === 'approve' && rules.includes(rule)).length
    return yes >= quorum ? [] : [`${quorum - yes} of ${approvers.join(', ')}`]
  })
  return `Still needed: ${open.join('; ')}.`
}
