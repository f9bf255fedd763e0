import type { GatewayError } from '../../kernel/errors.ts'
import { PROBLEMS } from '../../kernel/problem.ts'
import { html, pageResponse } from './layout.ts'

/** A failure for a person: what happened and what to do, and the id that finds it in the log. */
export function problemPage(error: GatewayError, requestId: string | undefined): Promise<Response> {
  const { status, title } = PROBLEMS[error.code]
  const body = html`<h1 class="bad">${title}</h1>
    <p role="alert">${error.message}</p>
    <p class="soft">
      <code>${error.code}</code>${requestId === undefined ? '' : html` · request <code>${requestId}</code>`}
    </p>`
  return pageResponse({ title, body, status })
}
