import type { Approval, ApprovalOutcome, ApprovalVote } from '../kernel/approval.ts'
import type { ApprovalRow } from './rows.ts'

/** The one place that says how an approval may change. Undefined: not from here. */
type Next = ApprovalRow | undefined

/** Pending and approved rows are open until they expire. */
export const isOpen = ({ state, expiresAt }: Pick<Approval, 'state' | 'expiresAt'>, now: number): boolean =>
  (state === 'pending' || state === 'approved') && now < expiresAt

/** Who voted before may not vote again; one "no" ends it; the last "yes" that was missing approves it. */
export function voted(row: ApprovalRow, vote: ApprovalVote, now: number): Next {
  if (row.state !== 'pending' || !isOpen(row, now) || row.votes.some(({ by }) => by === vote.by)) return undefined
  const votes = [...row.votes, { ...vote, rules: [...vote.rules] }]
  if (vote.verdict === 'deny') return { ...row, votes, state: 'denied', endedAt: now }
  return { ...row, votes, state: isSatisfied({ ...row, votes }) ? 'approved' : 'pending' }
}

/** Each demand has its quorum of different people, whoever else said yes. */
const isSatisfied = ({ demands, votes }: Pick<ApprovalRow, 'demands' | 'votes'>): boolean =>
  demands.every(
    ({ rule, quorum }) =>
      new Set(votes.filter(({ verdict, rules }) => verdict === 'approve' && rules.includes(rule)).map(({ by }) => by))
        .size >= quorum,
  )

export const consumed = (row: ApprovalRow, now: number): Next =>
  row.state === 'approved' && isOpen(row, now)
    ? { ...row, state: 'consumed', consumedAt: now, endedAt: now }
    : undefined

/** Only for a call of which it is certain that nothing was sent. */
export function released({ consumedAt, endedAt: _ended, outcome, ...row }: ApprovalRow): Next {
  return row.state === 'consumed' && consumedAt !== undefined && outcome === undefined
    ? { ...row, state: 'approved' }
    : undefined
}

/** The outcome of the call that used it. What is known is not made unknown again. */
export const settled = (row: ApprovalRow, outcome: ApprovalOutcome): Next =>
  row.state === 'consumed' && (row.outcome === undefined || (row.outcome === 'unknown' && outcome !== 'unknown'))
    ? { ...row, outcome }
    : undefined

/** Nobody needs the arguments of a call any more that is never made. */
export function expired({ sealed: _sealed, ...row }: ApprovalRow, now: number): Next {
  return row.state === 'pending' || row.state === 'approved' ? { ...row, state: 'expired', endedAt: now } : undefined
}
