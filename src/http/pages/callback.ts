import type { FlowView } from '../../kernel/connect-flow.ts'
import { html, pageResponse, type Html } from './layout.ts'

/**
 * Tells the page that opened this one which flow is over, by id and nothing else: over `opener`, and over a channel because
 * services with a Cross-Origin-Opener-Policy cut `opener` off. Whoever hears it acknowledges; then the window goes. It
 * speaks a few times, since the other side may not listen yet, and stays open when nobody answers.
 */
const SCRIPT = `(() => {
  const { flow } = document.getElementById('flow').dataset
  const message = { type: 'gatehouse:oauth', flow }
  const channel = new BroadcastChannel('oauth:' + flow)
  const heard = (data) => {
    if (!data || data.type !== 'gatehouse:oauth:ack' || data.flow !== flow) return
    clearInterval(timer)
    window.close()
  }
  addEventListener('message', (event) => event.origin === location.origin && heard(event.data))
  channel.onmessage = (event) => heard(event.data)
  let left = 20
  const say = () => {
    channel.postMessage(message)
    if (window.opener) window.opener.postMessage(message, location.origin)
    if (--left === 0) clearInterval(timer)
  }
  const timer = setInterval(say, 250)
  say()
})()`

/** How the flow ended, for the person who came back; says so without a script, too. */
export function callbackPage(flow: FlowView): Promise<Response> {
  return flow.status === 'done' ? donePage(flow) : failedPage(flow)
}

function donePage(flow: FlowView): Promise<Response> {
  const { connection, account } = flow
  const body = html`<h1 class="good">Connected</h1>
    <p id="flow" data-flow="${flow.id}" role="status">
      <code>${connection}</code> is connected${account === undefined ? '' : html` as <strong>${account}</strong>`}.
    </p>
    ${wayBack(flow)}`
  return pageResponse({ title: 'Connected', body, script: SCRIPT })
}

function failedPage(flow: FlowView): Promise<Response> {
  const body = html`<h1 class="bad">Not connected</h1>
    <p id="flow" data-flow="${flow.id}" role="alert">${flow.error?.message ?? 'It is not known yet how this ended.'}</p>
    ${wayBack(flow)}`
  return pageResponse({ title: 'Not connected', body, script: SCRIPT, status: 400 })
}

const wayBack = ({ returnTo }: FlowView): Html =>
  returnTo === undefined
    ? html`<p class="soft">You can close this window.</p>`
    : html`<p><a class="button" href="${returnTo}">Back to Gatehouse</a></p>`
