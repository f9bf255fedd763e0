import type { Subject } from './credential.ts'
import type { ErrorCode } from './problem.ts'

/** Who sits at the browser. `local`: somebody at this machine, where nobody signs in. */
export type Visitor =
  | 'local'
  | { readonly principalId: string; readonly user?: string | undefined; readonly admin?: boolean | undefined }

/** `pending` until the service has sent the person back; a flow that was never finished ends as `failed`. */
export type FlowStatus = 'pending' | 'done' | 'failed'

/** What is told of one attempt to connect an account. Holds no secret. Times are milliseconds since the epoch. */
export interface FlowView {
  readonly id: string
  readonly connection: string
  readonly subject: Subject
  /** The principal that began it. */
  readonly principalId: string
  readonly status: FlowStatus
  readonly scopes: readonly string[]
  readonly createdAt: number
  readonly expiresAt: number
  /** A path on this gateway to go back to. */
  readonly returnTo?: string | undefined
  /** The account that was connected, where the service said which. */
  readonly account?: string | undefined
  readonly error?: { readonly code: ErrorCode; readonly message: string } | undefined
}

/** What the start page says, before anybody leaves for the service. */
export interface FlowPage extends FlowView {
  /** The service, in words. */
  readonly title: string
  /** Origin of the page where the person will be asked. */
  readonly serviceOrigin: string
}

/** Where the browser goes next, and the secret that binds the flow to it. */
export interface FlowStart {
  readonly id: string
  /** The service's authorization page. Holds no secret but the single-use state. */
  readonly url: string
  /** Kept by the browser in a cookie, and nowhere else in the clear. */
  readonly browserToken: string
}

/** What comes back from the service, by way of the person's browser. */
export interface FlowReturn {
  readonly params: URLSearchParams
  /** The address that was called, without its query. */
  readonly redirectUri: string
  readonly browserToken: string | undefined
  readonly visitor: Visitor | undefined
}

/** What the pages of the connect flow need. Rejections are GatewayErrors whose words are for the person. */
export interface ConnectFlows {
  /** Rejects with `not_found`, and with `forbidden` for another person. */
  page(id: string, visitor: Visitor | undefined): Promise<FlowPage>
  /** Rejects with `not_found`. */
  view(id: string): Promise<FlowView>
  /** Begins (again) in this browser: a state that was handed out before is void. Rejects with `forbidden` for another person. */
  start(id: string, from: { browserToken?: string | undefined; visitor: Visitor | undefined }): Promise<FlowStart>
  /** Never twice for one state. Rejects with `invalid_state` and the like when it is not this browser's; else tells how it ended. */
  finish(back: FlowReturn): Promise<FlowView>
}

/** Whether the flow is this person's: their own account, or one that they began or, being an admin, may finish. */
export function ownsFlow(
  visitor: Visitor,
  { subject, principalId }: Pick<FlowView, 'subject' | 'principalId'>,
): boolean {
  if (visitor === 'local') return true
  if (subject !== 'shared') return visitor.user === subject.user
  return visitor.principalId === principalId || visitor.admin === true
}
