import { type Context, Hono } from 'hono'
import type { AuditLog } from '../../kernel/audit.ts'
import type { Clock } from '../../kernel/clock.ts'
import { type GatewayError, toGatewayError } from '../../kernel/errors.ts'
import { PROBLEMS } from '../../kernel/problem.ts'
import { credentialsOf } from '../credentials.ts'
import { readForm } from '../form.ts'
import type { Sessions } from '../sessions.ts'
import { signInLimit } from '../sign-in-limit.ts'
import { html, pageResponse } from './layout.ts'

export interface SignInDeps {
  readonly sessions: Sessions
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
}

/** `/sign-in` and `/sign-out`: a person gives their key once, and this browser is them for eight hours. */
export function signInPages({ sessions, audit, clock }: SignInDeps): Hono {
  const limit = signInLimit(clock)
  const record = (type: string, facts: { readonly principal?: string; readonly code?: string }): Promise<void> =>
    audit.append({
      type,
      phase: 'event',
      at: clock(),
      ...facts,
      outcome: facts.code === undefined ? 'ok' : 'denied',
    })
  const enter = async (c: Context, form: ReadonlyMap<string, string>): Promise<Response> => {
    const { remoteAddress } = credentialsOf(c)
    limit.check(remoteAddress)
    try {
      const key = (form.get('key') ?? '').trim()
      await sessions.signIn(c, key, (principal) => record('person.signed_in', { principal: principal.id }))
    } catch (error) {
      limit.failed(remoteAddress)
      await record('person.sign_in_refused', { code: toGatewayError(error).code })
      throw error
    }
    return c.redirect(localPath(form.get('next')), 303)
  }
  return new Hono()
    .get('/sign-in', (c) => formPage(c, sessions, localPath(c.req.query('next'))))
    .post('/sign-in', async (c) => {
      const form = await readForm(c)
      sessions.checkForm(c, form)
      try {
        return await enter(c, form)
      } catch (error) {
        return formPage(c, sessions, localPath(form.get('next')), toGatewayError(error))
      }
    })
    .post('/sign-out', async (c) => {
      sessions.checkForm(c, await readForm(c))
      const principal = sessions.sessionOf(c)
      sessions.signOut(c)
      if (principal) await record('person.signed_out', { principal: principal.id })
      return c.redirect('/sign-in', 303)
    })
}

/** Where to sign in on the way to an address of ours. */
export const signInUrl = (next: string): string => `/sign-in?next=${encodeURIComponent(localPath(next))}`

/** An address of this gateway; anything that a browser could take for another site's is the sign-in page. */
export function localPath(text: string | undefined): string {
  const isPath = text !== undefined && text.length <= 2_000 && /^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(text)
  return isPath ? text : '/sign-in'
}

async function formPage(c: Context, sessions: Sessions, next: string, error?: GatewayError): Promise<Response> {
  const principal = error ? undefined : sessions.sessionOf(c)
  const csrf = sessions.csrfOf(c)
  const status = error ? PROBLEMS[error.code].status : 200
  const body = principal
    ? html`<h1>Signed in</h1>
        <p>
          You are <strong>${principal.user}</strong>, with the roles ${(principal.roles ?? []).join(', ') || 'none'}.
        </p>
        <form method="post" action="/sign-out">
          <input type="hidden" name="csrf" value="${csrf}" />
          <button>Sign out</button>
        </form>`
    : html`<h1>Sign in</h1>
        ${error ? html`<p role="alert">${error.message}</p>` : ''}
        <p>Paste your key. An admin gives you one with <code>gatehouse people add</code>.</p>
        <form method="post" action="/sign-in">
          <input type="hidden" name="csrf" value="${csrf}" />
          <input type="hidden" name="next" value="${next}" />
          <label for="key">Key</label>
          <input
            id="key"
            name="key"
            type="password"
            autocomplete="current-password"
            spellcheck="false"
            maxlength="200"
            required
            autofocus
          />
          <button>Sign in</button>
        </form>`
  const page = await pageResponse({ title: 'Sign in', body, status, formTargets: ["'self'"] })
  // Cookies that were set on the way belong to this answer.
  for (const cookie of c.res.headers.getSetCookie()) page.headers.append('set-cookie', cookie)
  return page
}
