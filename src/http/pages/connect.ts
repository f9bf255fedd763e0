import type { FlowPage } from '../../kernel/connect-flow.ts'
import type { Subject } from '../../kernel/credential.ts'
import { html, pageResponse, type Html } from './layout.ts'

/** What will happen, before anybody leaves for the service: what is connected, for whom, with which permissions. */
export function connectPage(flow: FlowPage, csrf: string): Promise<Response> {
  const { title, connection, subject, principalId, scopes, serviceOrigin } = flow
  const host = new URL(serviceOrigin).host
  const body = html`<h1>Connect ${title}</h1>
    <p>You will go to <strong>${host}</strong>, sign in there, and be asked whether Gatehouse may use your account.</p>
    <dl>
      <dt>Connection</dt>
      <dd><code>${connection}</code></dd>
      <dt>Used by</dt>
      <dd>${usedBy(subject)}</dd>
      <dt>Asked for by</dt>
      <dd>${principalId}</dd>
    </dl>
    <h2>Permissions</h2>
    ${permissions(scopes)}
    <form method="post">
      <input type="hidden" name="csrf" value="${csrf}" />
      <button type="submit">Continue to ${host}</button>
    </form>
    <p class="soft">Did you not expect this? Close the page: nothing has happened yet.</p>`
  // The answer to the form leads to the service, and CSP looks at redirects too.
  return pageResponse({ title: `Connect ${title}`, body, formTargets: ["'self'", 'https:', serviceOrigin] })
}

const usedBy = (subject: Subject): string =>
  subject === 'shared'
    ? 'everybody in the organisation whom its rules allow'
    : `agents that act for ${subject.user}, and nobody else`

const permissions = (scopes: readonly string[]): Html =>
  scopes.length === 0
    ? html`<p>Those that the service gives to this application.</p>`
    : html`<ul>
        ${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}
      </ul>`
