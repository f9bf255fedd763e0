import type { Approval } from '../../kernel/approval.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { ApprovalChannel } from '../../kernel/policy.ts'
import { BUILT_IN } from '../meta/definitions.ts'

export interface Telling {
  /** The page on which people decide. */
  readonly link: string
  /** The last approval of the very same call, when there was one. */
  readonly before?: Approval | undefined
  /** How clients may be told; nothing when left out. */
  readonly channels?: readonly ApprovalChannel[]
  /** What a form would say; absent where none may be shown. */
  readonly form?: string | undefined
}

/** The call waits for people. */
export function approvalRequired(approval: Approval, { link, before, channels, form }: Telling): GatewayError {
  const { id, tool, demands, expiresAt } = approval
  const rules = demands.map(({ rule }) => `"${rule}"`).join(', ')
  const people = [...new Set(demands.flatMap(({ approvers }) => approvers))].join(', ')
  return new GatewayError(
    'approval_required',
    `The rule ${rules} asks for a person's approval before ${tool} may run (approvers: ${people}). The call was not made; it waits as approval ${id} until ${toTime(expiresAt)}. An approver decides at ${link} . After that, retry with the same arguments. conn:${BUILT_IN}:approval_status says how it stands.${warningOf(before)}`,
    {
      data: {
        approval: id,
        url: link,
        rules: demands.map(({ rule }) => rule),
        expiresAt,
        retry: 'with the same arguments',
        ...(channels && { channels }),
        ...(form !== undefined && { form }),
      },
    },
  )
}

/** A call that went out and was lost is never repeated by itself, and not lightly by others. */
function warningOf(before: Approval | undefined): string {
  if (before?.state !== 'consumed' || before.outcome === 'ok' || before.outcome === 'error') return ''
  return ` The same call was approved before (${before.id}) and sent, and what became of it is not known: look whether it was done.`
}

export function approvalDenied({ id, tool, votes, expiresAt }: Approval): GatewayError {
  const reason = votes.find(({ verdict }) => verdict === 'deny')?.reason
  const why = reason === undefined ? '' : ` The reason given: ${reason}`
  return new GatewayError(
    'denied',
    `A person denied this call of ${tool} (approval ${id}). Do not try it again in another way.${why} The same call cannot be asked for before ${toTime(expiresAt)}.`,
    { data: { approval: id } },
  )
}

/** Where nobody can be asked at all, nothing that needs people runs. */
export const nobodyToAsk = (rule: string, tool: string): GatewayError =>
  new GatewayError(
    'approval_required',
    `The rule "${rule}" asks for a person's approval before ${tool} may run, and this gateway cannot ask anybody. The call was not made.`,
    { data: { rule } },
  )

export const toTime = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`
