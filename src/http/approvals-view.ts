import type { ShownApproval } from '../admin/approvals.ts'
import { type VisiblePart, visibleParts } from '../gateway/approvals/visible.ts'
import type { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { type Html, html } from './pages/layout.ts'

export interface Viewing {
  readonly csrf: string
  readonly person: Principal
  /** Why the last decision was not taken. */
  readonly problem: GatewayError | undefined
}

/** Everything that somebody needs to decide. Arguments are there whole; what a reader would miss in them is marked. */
export function approvalBody(approval: ShownApproval, { csrf, person, problem }: Viewing): Html {
  const { state, tool, agent, user, actor, subject, connection } = approval
  const whom = user === undefined ? seen(agent) : html`${seen(agent)} for ${seen(user)}`
  const who = actor === undefined ? whom : html`${whom}, asked by ${seen(actor)} in its name`
  return html`<h1 class="${TONES[state] ?? ''}">${TITLES[state]}</h1>
    ${problem ? html`<p role="alert">${problem.message}</p>` : ''}
    <dl>
      <dt>Who asks</dt>
      <dd>${who}</dd>
      <dt>Tool</dt>
      <dd>${subject?.title === undefined ? '' : html`${seen(subject.title)} · `}<code>${seen(tool)}</code></dd>
      <dt>Connection</dt>
      <dd>${seen(connection)}</dd>
      <dt>Risk</dt>
      <dd>
        ${subject ? `${subject.risk} (${subject.effect}${subject.external ? ', reaches outside' : ''})` : 'unknown'}
      </dd>
      <dt>Asked</dt>
      <dd>${toTime(approval.requestedAt)}</dd>
      <dt>Expires</dt>
      <dd>${toTime(approval.expiresAt)}</dd>
      <dt>You are</dt>
      <dd>${seen(person.user ?? person.id)}</dd>
    </dl>
    ${
      approval.changed
        ? html`<p role="alert">
            The tool is defined otherwise than when this was asked, or it is gone. An approval could not be used any
            more.
          </p>`
        : ''
    }
    ${argumentsOf(approval)} ${rulesOf(approval)} ${votesOf(approval)} ${decisionOf(approval, csrf)}
    <p class="soft">Approval <code>${approval.id}</code> · call <code>${approval.callHash}</code></p>`
}

const TITLES: Readonly<Record<ShownApproval['state'], string>> = {
  pending: 'May this call be made?',
  approved: 'Approved',
  denied: 'Denied',
  consumed: 'Approved and used',
  expired: 'Expired',
}
const TONES: Partial<Record<ShownApproval['state'], string>> = { approved: 'good', denied: 'bad' }

function argumentsOf({ arguments: input }: ShownApproval): Html {
  if (!input) {
    return html`<h2>Arguments</h2>
      <p class="soft">They are gone, or only for its approvers and for auditors.</p>`
  }
  const parts = visibleParts(JSON.stringify(input, undefined, 2))
  const odd = parts.filter(({ mark }) => mark !== undefined).length
  return html`<h2>Arguments</h2>
    ${
      odd === 0
        ? ''
        : html`<p role="alert">
            ${odd} ${odd === 1 ? 'character is' : 'characters are'} marked: invisible, turning the reading direction, or
            looking like another.
          </p>`
    }
    <pre>${parts.map(toHtml)}</pre>`
}

const NAMES = { invisible: 'invisible', bidi: 'turns the reading direction', lookalike: 'looks like another' } as const

const toHtml = ({ text, mark }: VisiblePart): Html | string =>
  mark === undefined ? text : html`<mark title="${NAMES[mark]}">⟨${text}⟩</mark>`

/** Names from elsewhere, with the same marks. */
const seen = (text: string): readonly (Html | string)[] => visibleParts(text).map(toHtml)

const rulesOf = ({ demands, rules }: ShownApproval): Html =>
  html`<h2>Why you are asked</h2>
    <ul>
      ${demands.map(({ rule, quorum, approvers, allowSelf }) => {
        const description = rules.find(({ id }) => id === rule)?.description
        return html`<li>
          Rule <code>${rule}</code>${description === undefined ? '' : html`: ${seen(description)}`}<br />
          <span class="soft"
            >${quorum} of ${approvers.join(', ')}${allowSelf ? ', also the person the agent acts for' : ''}</span
          >
        </li>`
      })}
    </ul>`

const votesOf = ({ votes }: ShownApproval): Html | string =>
  votes.length === 0
    ? ''
    : html`<h2>Decisions</h2>
        <ul>
          ${votes.map(
            ({ by, at, verdict, reason }) =>
              html`<li>
                ${seen(by)}: ${verdict}, ${toTime(at)}${reason === undefined ? '' : html` — ${seen(reason)}`}
              </li>`,
          )}
        </ul>`

function decisionOf(approval: ShownApproval, csrf: string): Html | string {
  const { state, mayDecide, whyNot, demands, version, changed } = approval
  if (state !== 'pending') return ''
  if (mayDecide.length === 0) return html`<p role="note">${whyNot ?? 'You may not decide this.'}</p>`
  const isAlone = demands.every(({ rule, quorum }) => quorum === 1 && mayDecide.includes(rule))
  return html`<h2>Your decision</h2>
    <form method="post">
      <input type="hidden" name="csrf" value="${csrf}" />
      <input type="hidden" name="version" value="${version}" />
      <label for="reason">Reason; the agent reads it when you say no</label>
      <textarea id="reason" name="reason" rows="2" maxlength="500"></textarea>
      <button class="danger" name="verdict" value="deny">Deny</button>
      ${changed ? '' : html`<button name="verdict" value="approve">Approve this call</button>`}
      ${
        isAlone && !changed
          ? html`<button class="quiet" name="verdict" value="grant">Approve, and exactly this for an hour</button>`
          : ''
      }
    </form>`
}

const toTime = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')} UTC`
