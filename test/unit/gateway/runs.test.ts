import { describe, expect, it } from 'vitest'
import { type Run, RUN_HANDLE, runs } from '../../../src/gateway/runs.ts'
import { exchange, principal, testGateway } from '../../helpers/test-gateway.ts'
import { sourceTool } from '../../helpers/tools.ts'

const IDLE_MS = 1_800_000
const connections = {
  web: { tools: [sourceTool('read_page', { effect: 'read' })] },
  mail: { tools: [sourceTool('send_message', { effect: 'write', external: true, idempotent: false })] },
}
/** After untrusted content nothing leaves the house. */
const policy = {
  rules: [
    { id: 'all', effect: 'allow' },
    {
      id: 'pages-are-untrusted',
      effect: 'require',
      tools: { connections: ['web'] },
      obligations: { label: ['untrusted'] },
    },
    { id: 'nothing-leaves', effect: 'deny', tools: { external: true }, run: { seen: ['untrusted'] } },
  ],
}
const READ = 'conn:web:read_page'
const SEND = 'conn:mail:send_message'
const denied = { code: 'denied', data: { rule: 'nothing-leaves' } }
const handle = (run: string) => ({ meta: { [RUN_HANDLE]: run } })

describe('a run', () => {
  it('may not do after untrusted content what it might do before', async () => {
    const { call, list } = testGateway({ connections, policy })
    await call('sidekick', SEND)
    await call('sidekick', READ)
    await expect(call('sidekick', SEND)).rejects.toMatchObject(denied)
    expect(list('sidekick').tools.map(({ name }) => name)).toContain('conn__mail__send_message')
  })

  it('is told by the handle that the client sends, else by its session, else by who asks', async () => {
    const { call } = testGateway({ connections, policy, agents: [{ id: 'sidekick' }, { id: 'ci' }] })
    await call('sidekick', READ, {}, handle('morning'))
    await expect(call('sidekick', SEND, {}, handle('morning'))).rejects.toMatchObject(denied)
    await call('sidekick', SEND, {}, handle('evening'))
    await call('sidekick', READ, {}, { session: 's1' })
    await expect(call('sidekick', SEND, {}, { session: 's1' })).rejects.toMatchObject(denied)
    await call('sidekick', SEND, {}, { session: 's2' })
    await call('sidekick', SEND)
    await call('ci', READ, {}, handle('evening'))
    await call('sidekick', SEND, {}, handle('evening'))
  })

  it('ends when nothing has happened in it for its time, and lives on while something does', async () => {
    const { call, clock } = testGateway({ connections, policy })
    await call('sidekick', READ)
    clock.now += IDLE_MS - 1
    await expect(call('sidekick', SEND)).rejects.toMatchObject(denied)
    clock.now += IDLE_MS - 1
    await expect(call('sidekick', SEND)).rejects.toMatchObject(denied)
    clock.now += IDLE_MS
    await call('sidekick', SEND)
  })

  it('has seen what a call that failed may have shown', async () => {
    const failing = { web: { ...connections.web, run: () => ({ content: [], isError: true }) }, mail: connections.mail }
    const { call } = testGateway({ connections: failing, policy })
    await call('sidekick', READ)
    await expect(call('sidekick', SEND)).rejects.toMatchObject(denied)
  })

  it('is remembered across a restart, and told on only when there is something to tell', () => {
    const kept = new Map<string, Run>()
    let now = 0
    let told = 0
    const deps = {
      clock: () => now,
      idleMs: IDLE_MS,
      onChange: (key: string, run: Run) => void (kept.set(key, run), told++),
    }
    const before = runs(deps)
    const asking = exchange(principal('sidekick'))
    before.mark(asking, ['untrusted'])
    before.mark(asking, ['untrusted'])
    for (let call = 0; call < 100; call++) before.seen(asking)
    expect(told).toBe(1)
    now = IDLE_MS - 1
    const after = runs({ ...deps, kept })
    expect([...after.seen(asking)]).toEqual(['untrusted'])
    expect(told).toBe(2)
  })

  it('is given up, the oldest first, when there are too many', () => {
    let now = 0
    const book = runs({ clock: () => now, idleMs: IDLE_MS })
    const asking = (n: number) => exchange(principal(`agent-${n}`))
    for (now = 0; now <= 50_000; now++) book.mark(asking(now), ['untrusted'])
    expect(book.seen(asking(0)).size).toBe(0)
    expect(book.seen(asking(1)).size).toBe(1)
  })
})
