import * as z from 'zod'
import type { FlowView } from '../../kernel/connect-flow.ts'
import { PROBLEMS, type ErrorCode } from '../../kernel/problem.ts'
import { defineCollection } from '../../store/store.ts'
import { isSealedSecret, type SealedSecret } from '../../vault/sealed-secret.ts'

const sealed = z.custom<SealedSecret>(isSealedSecret)
const moment = z.number()
const errorCode = z.custom<ErrorCode>((value) => typeof value === 'string' && Object.hasOwn(PROBLEMS, value))

/** What a browser was sent away with. All of it is gone once the flow is used. */
const departureSchema = z.strictObject({
  /** SHA-256 of the secret part of the state, base64url. */
  stateHash: z.string(),
  /** SHA-256 of the browser's cookie, base64url. */
  browserHash: z.string(),
  /** Who pressed the button, when somebody was signed in. */
  visitor: z.string().exactOptional(),
  verifier: sealed.exactOptional(),
  /** What the person was sent to: the answer is good for nothing else. */
  target: z.string(),
})

const flowSchema = z.strictObject({
  connection: z.string(),
  subject: z.union([z.literal('shared'), z.strictObject({ user: z.string() })]),
  principalId: z.string(),
  scopes: z.array(z.string()),
  redirectUri: z.string(),
  returnTo: z.string().exactOptional(),
  createdAt: moment,
  expiresAt: moment,
  /** `exchanging`: the state was used, and how it ended is not known yet. */
  status: z.enum(['pending', 'exchanging', 'done', 'failed']),
  departure: departureSchema.exactOptional(),
  account: z.string().exactOptional(),
  error: z.strictObject({ code: errorCode, message: z.string() }).exactOptional(),
})

export type FlowRow = z.output<typeof flowSchema>
export type Departure = z.output<typeof departureSchema>

/** Attempts to connect, by their id. */
export const flowCollection = defineCollection<FlowRow>('oauth-flows', flowSchema)

/** An exchange takes a minute at most; after that its process is gone. Milliseconds. */
const EXCHANGE_MS = 120_000

/** The row as it may be told, with what time has made of it. */
export function toView(id: string, row: FlowRow, now: number): FlowView {
  const { departure: _departure, redirectUri: _redirectUri, status, ...told } = row
  if (status === 'pending' && now >= row.expiresAt) return { id, ...told, status: 'failed', error: EXPIRED }
  if (status !== 'exchanging') return { id, ...told, status }
  return now < row.expiresAt + EXCHANGE_MS
    ? { id, ...told, status: 'pending' }
    : { id, ...told, status: 'failed', error: INTERRUPTED }
}

export const EXPIRED = {
  code: 'invalid_state',
  message: 'This attempt to connect took too long and has ended. Start it again.',
} as const

const INTERRUPTED = {
  code: 'oauth_failed',
  message: 'The gateway was stopped while it connected the account. Connect again.',
} as const
