import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { BroadcastChannel } from 'node:worker_threads'
import { createContext, runInContext } from 'node:vm'
import { describe, expect, it, onTestFinished } from 'vitest'
import { callbackPage } from '../../../src/http/pages/callback.ts'
import { html, pageResponse } from '../../../src/http/pages/layout.ts'
import type { FlowView } from '../../../src/kernel/connect-flow.ts'

const FLOW: FlowView = {
  id: 'flow-1',
  connection: 'notes',
  subject: { user: 'ann' },
  principalId: 'person:ann',
  status: 'done',
  scopes: [],
  createdAt: 0,
  expiresAt: 600_000,
  account: '<i>ann@acme.example</i>',
}
const sha256 = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/** The page's script in a browser that has nothing but what it may use. */
async function run(opener: unknown) {
  const script = /<script>([\s\S]*)<\/script>/.exec(await (await callbackPage(FLOW)).text())?.[1] ?? ''
  const ticks: (() => void)[] = []
  const listeners: ((event: { origin: string; data: unknown }) => void)[] = []
  const seen = { closed: 0, stopped: 0 }
  const channels: BroadcastChannel[] = []
  const context = createContext({
    document: { getElementById: () => ({ dataset: { flow: FLOW.id } }) },
    location: { origin: 'https://gw.example' },
    window: { opener, close: () => seen.closed++ },
    BroadcastChannel: class extends BroadcastChannel {
      constructor(name: string) {
        super(name)
        channels.push(this)
      }
    },
    addEventListener: (_type: string, listener: (typeof listeners)[number]) => listeners.push(listener),
    setInterval: (tick: () => void) => ticks.push(tick),
    clearInterval: () => seen.stopped++,
  })
  onTestFinished(() => channels.forEach((channel) => channel.close()))
  runInContext(script, context)
  return {
    seen,
    tick: () => ticks.forEach((tick) => tick()),
    say: (event: { origin: string; data: unknown }) => listeners.forEach((hear) => hear(event)),
  }
}

describe('pages for people', () => {
  it('run and style what is in them and nothing else', async () => {
    const page = await callbackPage(FLOW)
    const policy = page.headers.get('content-security-policy') ?? ''
    const text = await page.text()
    const inside = (tag: string): string => new RegExp(`<${tag}>([\\s\\S]*)</${tag}>`).exec(text)?.[1] ?? ''
    expect(policy).toContain(`style-src ${sha256(inside('style'))}`)
    expect(policy).toContain(`script-src ${sha256(inside('script'))}`)
    expect(policy).not.toContain('unsafe')
    expect(text).not.toMatch(/\s(?:src|style|on\w+)=/)
    expect(text).toContain('&lt;i&gt;ann@acme.example&lt;/i&gt;')
  })

  it('let forms go only where they say, and escape what is put into them', async () => {
    const page = await pageResponse({ title: '<b>', body: html`<p>${'"<&'}</p>`, formTargets: ["'self'"], status: 418 })
    expect(page.status).toBe(418)
    expect(page.headers.get('content-security-policy')).toContain("form-action 'self';")
    expect(page.headers.get('content-security-policy')).not.toContain('script-src')
    expect(await page.text()).toContain('<p>&quot;&lt;&amp;</p>')
  })
})

describe('the page that people come back to', () => {
  it('tells the window that opened it the id of the flow and nothing else, and goes when that has heard', async () => {
    const posts: unknown[] = []
    const { seen, say } = await run({ postMessage: (...words: unknown[]) => posts.push(words) })
    expect(posts).toEqual([[{ type: 'gatehouse:oauth', flow: 'flow-1' }, 'https://gw.example']])
    say({ origin: 'https://evil.example', data: { type: 'gatehouse:oauth:ack', flow: 'flow-1' } })
    say({ origin: 'https://gw.example', data: { type: 'gatehouse:oauth:ack', flow: 'flow-2' } })
    expect(seen.closed).toBe(0)
    say({ origin: 'https://gw.example', data: { type: 'gatehouse:oauth:ack', flow: 'flow-1' } })
    expect(seen).toEqual({ closed: 1, stopped: 1 })
  })

  it('is heard over the channel when the service has cut off the opener', async () => {
    const parent = new BroadcastChannel('oauth:flow-1')
    onTestFinished(() => parent.close())
    const heard = once(parent as unknown as EventTarget, 'message')
    const { seen, tick } = await run(null)
    const [event] = (await heard) as [MessageEvent]
    expect(event.data).toEqual({ type: 'gatehouse:oauth', flow: 'flow-1' })
    for (let count = 0; count < 19; count++) tick()
    expect(seen).toEqual({ closed: 0, stopped: 1 })
  })
})
