import { type Context, Hono } from 'hono'
import { type ApprovalDeps, decideApproval, grantApproval, showApproval } from '../admin/approvals.ts'
import type { Log } from '../gateway/gateway.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { approvalBody } from './approvals-view.ts'
import { readForm } from './form.ts'
import { pageResponse } from './pages/layout.ts'
import { problemPage } from './pages/problem.ts'
import { signInUrl } from './pages/sign-in.ts'
import type { Sessions } from './sessions.ts'

export interface ApprovalPageDeps {
  readonly approvals: ApprovalDeps
  readonly sessions: Pick<Sessions, 'sessionOf' | 'csrfOf' | 'checkForm'>
  readonly log: Log
}

const CHANNEL = 'elicitation-url'
/** What "for an hour" means, milliseconds. */
const HOUR_MS = 3_600_000
const MOST_REASON = 500

/**
 * `/approve/:id`: where the link in an agent's client leads. Whoever opens it signs in here and decides as themselves; the
 * link itself opens nothing. Works without scripts.
 */
export function approvalPages(deps: ApprovalPageDeps): Hono {
  return new Hono()
    .get('/approve/:id', async (c) => {
      const person = deps.sessions.sessionOf(c)
      return person ? show(c, deps, person) : c.redirect(signInUrl(c.req.path), 303)
    })
    .post('/approve/:id', async (c) => {
      const form = await readForm(c)
      deps.sessions.checkForm(c, form)
      const person = deps.sessions.sessionOf(c)
      if (!person) return c.redirect(signInUrl(c.req.path), 303)
      try {
        await heard(deps, person, c.req.param('id'), form)
      } catch (error) {
        return show(c, deps, person, toGatewayError(error))
      }
      return c.redirect(c.req.path, 303)
    })
    .onError((error, c) => {
      if (!(error instanceof GatewayError)) deps.log.error({ path: '/approve' }, 'a page failed', error)
      return problemPage(toGatewayError(error), requestIdOf(c))
    })
}

function requestIdOf(c: Context): string | undefined {
  const id: unknown = c.get('requestId')
  return typeof id === 'string' ? id : undefined
}

async function show(c: Context, deps: ApprovalPageDeps, person: Principal, problem?: GatewayError): Promise<Response> {
  const id = c.req.param('id') ?? ''
  const approval = await showApproval(deps.approvals, person, { id, channel: CHANNEL })
  const csrf = deps.sessions.csrfOf(c)
  return pageResponse({
    title: 'Approval',
    status: problem ? 409 : 200,
    body: approvalBody(approval, { csrf, person, problem }),
    formTargets: ["'self'"],
  })
}

/** The version that was on the page comes back with it: what the person did not see is not decided. */
async function heard(
  { approvals }: ApprovalPageDeps,
  person: Principal,
  id: string,
  form: ReadonlyMap<string, string>,
): Promise<void> {
  const verdict = form.get('verdict')
  const version = Number(form.get('version'))
  const said = (form.get('reason') ?? '').trim().slice(0, MOST_REASON)
  const shown = { id, channel: CHANNEL, ifVersion: Number.isSafeInteger(version) ? version : 0 } as const
  if (verdict === 'grant') return void (await grantApproval(approvals, person, { ...shown, forMs: HOUR_MS }))
  if (verdict !== 'approve' && verdict !== 'deny') {
    throw new GatewayError('invalid_request', 'The form says neither yes nor no. Open the page again.')
  }
  await decideApproval(approvals, person, { ...shown, verdict, ...(said !== '' && { reason: said }) })
}
