import type { Approval, ApprovalRequest } from '../kernel/approval.ts'
import { GatewayError } from '../kernel/errors.ts'

/** For what does not exist, and in the same words for what is another's. */
export const gone = (id: string): GatewayError =>
  new GatewayError(
    'not_found',
    `There is no approval "${id.slice(0, 64)}". It may have been forgotten long after its end.`,
  )

export const usedAlready = ({ id, tool }: Approval, cause?: unknown): GatewayError =>
  new GatewayError(
    'approval_invalid',
    `The approval ${id} of ${tool} cannot be used: it serves one call, in time. This call was not made. Call again to ask for a new one.`,
    { cause, data: { approval: id } },
  )

export const notOpen = ({ id, state, votes }: Approval, person: string): GatewayError =>
  new GatewayError(
    'conflict',
    state === 'pending' && votes.some(({ by }) => by === person)
      ? `You have decided the approval ${id} already; everybody counts once. Somebody else is needed.`
      : `The approval ${id} is ${state}: there is nothing to decide any more.`,
  )

export const tooMany = (who: string, limit: number): GatewayError =>
  new GatewayError(
    'overloaded',
    `${who} ${limit} calls that wait for approval. This call was not made. Wait until some are decided or expire, then call again.`,
  )

export const tooLarge = ({ tool }: ApprovalRequest, limit: number): GatewayError =>
  new GatewayError(
    'payload_too_large',
    `The arguments of ${tool} are longer than ${limit} bytes, and a person who approves must be able to read them. The call was not made. Split it into smaller ones.`,
  )
