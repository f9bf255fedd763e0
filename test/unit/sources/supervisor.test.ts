import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { ToolResult } from '../../../src/kernel/tool.ts'
import { memoryDefinitions, type Definitions } from '../../../src/sources/definitions.ts'
import { supervise, type Supervisor } from '../../../src/sources/supervisor.ts'
import type { Transition } from '../../../src/sources/life.ts'
import { sourceTool } from '../../helpers/tools.ts'
import { failing, fakeConnection, never, type FakeConnection } from './fake-connection.ts'
import { lever, settle, type Lever } from './lever.ts'
import { anExchange, namesOf, textOf } from './mcp-fixture.ts'

interface World extends Lever {
  readonly supervisor: Supervisor
  readonly transitions: Transition[]
  readonly changes: { count: number }
  readonly start: (...fakes: readonly FakeConnection[]) => Promise<void>
}

function world({
  random = 1,
  definitions = memoryDefinitions(),
}: { random?: number; definitions?: Definitions } = {}): World {
  const time = lever()
  const transitions: Transition[] = []
  const supervisor = supervise({
    ...time,
    definitions,
    random: () => random,
    log: () => undefined,
    onTransition: (transition) => void transitions.push(transition),
  })
  const changes = { count: 0 }
  supervisor.onChange(() => void (changes.count += 1))
  onTestFinished(async () => {
    const closed = supervisor.close()
    await time.advance(5_000)
    await closed
  })
  return {
    ...time,
    supervisor,
    transitions,
    changes,
    async start(...fakes) {
      supervisor.apply(fakes.map(({ spec }) => spec))
      await settle()
    },
  }
}

const call = async (supervisor: Supervisor, slug: string): Promise<ToolResult> => {
  const inner = supervisor.sources().get(slug)
  if (!inner) throw new Error(`no source ${slug}`)
  return inner.callTool('read', {}, anExchange())
}
const stateOf = (supervisor: Supervisor, slug = 'one') =>
  supervisor.statuses().find(({ connection }) => connection === slug)
const listed = (supervisor: Supervisor, slug = 'one') => namesOf(supervisor.tools().get(slug)?.tools ?? [])

describe('the supervisor', () => {
  it('connects in the background and makes a working connection active', async () => {
    const { supervisor, start, transitions, clock } = world()
    await start(fakeConnection('one'))
    expect(stateOf(supervisor)).toEqual({
      connection: 'one',
      provider: 'mcp',
      enabled: true,
      state: 'active',
      since: clock(),
      lastOkAt: clock(),
      nextProbeAt: clock() + 60_000,
      tools: 1,
    })
    expect(transitions.map(({ from, to }) => `${from} > ${to}`)).toEqual([
      'disconnected > connected',
      'connected > active',
    ])
    expect(textOf(await call(supervisor, 'one'))).toBe('one.read')
  })

  it('tries again after 1, 2, 4 … 60 seconds at most, and counts from anew after a healthy probe', async () => {
    const { supervisor, start, advance, waiting } = world()
    const fake = fakeConnection('one')
    fake.onConnect = failing('no such folder')
    await start(fake)
    const delays: unknown[] = []
    for (let attempt = 0; attempt < 8; attempt += 1) {
      delays.push(waiting()[0])
      await advance(waiting()[0] ?? 0)
    }
    expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
    fake.onConnect = () => Promise.resolve()
    await advance(60_000)
    await advance(60_000)
    expect(stateOf(supervisor)?.state).toBe('active')
    fake.onConnect = failing('gone')
    fake.events?.onLost(new GatewayError('upstream_failed', 'The process ended.'))
    await settle()
    expect(waiting()).toEqual([1_000])
  })

  it('spreads the attempts over half of the time, so that they are not used up while little of it has passed', async () => {
    for (const [random, delay] of [
      [0, 500],
      [0.25, 625],
      [1, 1_000],
    ] as const) {
      const { start, waiting } = world({ random })
      const fake = fakeConnection('one')
      fake.onConnect = failing('no')
      await start(fake)
      expect(waiting()).toEqual([delay])
    }
  })

  it('backs off from a server that connects and dies, over and over', async () => {
    const { start, advance, waiting } = world()
    const fake = fakeConnection('one')
    await start(fake)
    for (const delay of [1_000, 2_000, 4_000]) {
      fake.events?.onLost(new GatewayError('upstream_failed', 'died'))
      await settle()
      expect(waiting()).toEqual([delay])
      await advance(delay)
    }
    expect(fake.connects).toBe(4)
  })

  it('comes back soon to a server that dies now and then, and counts from anew once it was well for 10 seconds', async () => {
    const { start, advance, waiting } = world()
    const fake = fakeConnection('one')
    await start(fake)
    for (const [well, delay] of [
      [9_999, 1_000],
      [9_999, 2_000],
      [30_000, 1_000],
      [30_000, 1_000],
      [9_999, 2_000],
    ] as const) {
      await advance(well)
      fake.events?.onLost(new GatewayError('upstream_failed', 'died'))
      await settle()
      expect(waiting()).toEqual([delay])
      await advance(delay)
    }
  })

  it('keeps the tools while a connection is down, and its calls say why and when to try again', async () => {
    const { supervisor, start } = world()
    const fake = fakeConnection('one')
    await start(fake)
    fake.onConnect = failing('still gone')
    fake.events?.onLost(
      new GatewayError('upstream_failed', 'The process ended.', { data: { stderr: 'out of cheese' } }),
    )
    await settle()
    expect(listed(supervisor)).toEqual(['read'])
    expect(stateOf(supervisor)).toMatchObject({
      state: 'degraded',
      reason: 'The process ended. Its last words:\nout of cheese',
      lastError: 'The process ended.',
      tools: 1,
    })
    expect(fake.closes).toBe(1)
    const refusal = await call(supervisor, 'one').catch((error: unknown) => error)
    expect(refusal).toMatchObject({ code: 'connection_unusable', data: { connection: 'one', retryAfterMs: 1_000 } })
    expect(String(refusal)).toContain('The process ended. Try again in 1 s')
    expect(String(refusal)).not.toContain('cheese')
  })

  it('hides the tools of a connection whose credential was refused, until it works again', async () => {
    const { supervisor, start, advance, waiting } = world()
    const fake = fakeConnection('one')
    await start(fake)
    fake.onConnect = failing('HTTP 401', { reauth: true })
    fake.events?.onLost(new GatewayError('connection_unusable', 'HTTP 401', { data: { reauth: true } }))
    await settle()
    expect(stateOf(supervisor)).toMatchObject({ state: 'action_required', tools: 0 })
    expect(listed(supervisor)).toEqual([])
    await expect(call(supervisor, 'one')).rejects.toThrow('An admin has to renew its credential.')
    expect(waiting()).toEqual([60_000])
    fake.onConnect = () => Promise.resolve()
    await advance(60_000)
    expect(stateOf(supervisor)?.state).toBe('active')
    expect(listed(supervisor)).toEqual(['read'])
  })

  it('probes every minute: one missed probe degrades, two end the connection', async () => {
    const { supervisor, start, advance } = world()
    const fake = fakeConnection('one')
    await start(fake)
    fake.onProbe = failing('no answer')
    await advance(60_000)
    expect(stateOf(supervisor)).toMatchObject({ state: 'degraded', reason: 'no answer' })
    expect(textOf(await call(supervisor, 'one'))).toBe('one.read')
    fake.onProbe = () => Promise.resolve()
    await advance(5_000)
    expect(stateOf(supervisor)?.state).toBe('active')
    fake.onProbe = never
    await advance(60_000 + 15_000 + 5_000 + 15_000)
    expect(stateOf(supervisor)?.reason).toBe('The server did not answer the health probe.')
    expect(fake.closes).toBe(1)
    await advance(1_000)
    expect([fake.connects, stateOf(supervisor)?.state]).toEqual([2, 'active'])
  })

  it('takes over a changed list and ignores an equal one', async () => {
    const { supervisor, start, changes } = world()
    const fake = fakeConnection('one')
    await start(fake)
    const before = changes.count
    fake.events?.onTools([sourceTool('read')])
    expect(changes.count).toBe(before)
    fake.events?.onTools([sourceTool('read'), sourceTool('write')])
    expect(changes.count).toBe(before + 1)
    expect(listed(supervisor)).toEqual(['read', 'write'])
  })

  it('takes over resources and prompts like tools, and keeps them while the connection is down', async () => {
    const { supervisor, start, changes } = world()
    const fake = fakeConnection('one')
    await start(fake)
    const before = changes.count
    const features = [{ kind: 'prompt' as const, name: 'greet', definition: { name: 'greet' } }]
    fake.events?.onFeatures(features)
    fake.events?.onFeatures([...features])
    expect(changes.count).toBe(before + 1)
    expect(listed(supervisor)).toEqual(['read'])
    fake.events?.onLost(new GatewayError('upstream_failed', 'died'))
    expect(supervisor.tools().get('one')).toMatchObject({ features, capabilities: {} })
  })

  it('counts subscriptions over all callers, restores them after a reconnect, and passes on what changed', async () => {
    const { supervisor, start, advance } = world()
    const fake = fakeConnection('one')
    await start(fake)
    const heard: string[] = []
    const stop = supervisor.onResourceUpdated((connection, uri) => void heard.push(`${connection} ${uri}`))
    const inner = supervisor.sources().get('one')
    const send = (method: string) => inner?.request?.(method, { uri: 'a://1' }, anExchange())
    await send('resources/subscribe')
    await send('resources/subscribe')
    await send('resources/unsubscribe')
    expect(fake.requests).toEqual([{ method: 'resources/subscribe', params: { uri: 'a://1' } }])
    fake.events?.onResourceUpdated('a://1')
    fake.events?.onLost(new GatewayError('upstream_failed', 'died'))
    await advance(1_000)
    expect(fake.connects).toBe(2)
    expect(fake.requests).toHaveLength(2)
    expect(heard).toEqual(['one a://1', 'one a://1'])
    await send('resources/unsubscribe')
    await send('resources/unsubscribe')
    expect(fake.requests.map(({ method }) => method)).toEqual([
      'resources/subscribe',
      'resources/subscribe',
      'resources/unsubscribe',
    ])
    stop()
    fake.events?.onResourceUpdated('a://1')
    fake.events?.onLost(new GatewayError('upstream_failed', 'died'))
    await advance(2_000)
    expect([fake.requests.length, heard.length]).toEqual([3, 2])
    await expect(inner?.request?.('resources/subscribe', {}, anExchange())).rejects.toMatchObject({
      code: 'invalid_request',
    })
  })

  it('passes every other request through', async () => {
    const { supervisor, start } = world()
    const fake = fakeConnection('one')
    await start(fake)
    await supervisor.sources().get('one')?.request?.('prompts/get', { name: 'greet' }, anExchange())
    expect(fake.requests).toEqual([{ method: 'prompts/get', params: { name: 'greet' } }])
  })

  it('does not listen to a connection that is over', async () => {
    const { supervisor, start, advance } = world()
    const fake = fakeConnection('one')
    await start(fake)
    const old = fake.events
    old?.onLost(new GatewayError('upstream_failed', 'died'))
    await advance(1_000)
    old?.onTools([])
    old?.onLost(new GatewayError('upstream_failed', 'died again'))
    expect(stateOf(supervisor)?.state).toBe('active')
    expect(listed(supervisor)).toEqual(['read'])
  })

  it('shows an admin what is not offered', async () => {
    const { supervisor, start } = world()
    const fake = fakeConnection('one')
    fake.problems = ['"x" is not offered: it has no inputSchema']
    await start(fake)
    expect(stateOf(supervisor)?.reason).toBe('Not everything is offered: "x" is not offered: it has no inputSchema.')
  })

  it('lists after a restart what was known before, at once', async () => {
    const definitions = memoryDefinitions()
    await world({ definitions }).start(fakeConnection('one'))
    const { supervisor, start } = world({ definitions })
    const slow = fakeConnection('one')
    slow.onConnect = never
    await start(slow)
    expect(listed(supervisor)).toEqual(['read'])
    expect(stateOf(supervisor)).toMatchObject({ state: 'disconnected', reason: 'Connecting.', tools: 1 })
  })

  it('does not show the tools of another server that had the same slug', async () => {
    const definitions = memoryDefinitions()
    await world({ definitions }).start(fakeConnection('one'))
    const { supervisor, start } = world({ definitions })
    const other = fakeConnection('one', { fingerprint: 'other' })
    other.onConnect = never
    await start(other)
    expect(listed(supervisor)).toEqual([])
  })

  it('works when the last known tools can neither be read nor kept', async () => {
    const broken = { load: failing('disk'), save: failing('disk') }
    const { supervisor, start } = world({ definitions: broken })
    await start(fakeConnection('one'))
    expect(listed(supervisor)).toEqual(['read'])
  })

  it('lets a call wait for a connection that is just being made, but not for ever', async () => {
    const { supervisor, start, advance } = world()
    const fake = fakeConnection('one')
    let connected = (): void => undefined
    fake.onConnect = () => new Promise((resolve) => (connected = () => resolve()))
    await start(fake)
    const early = call(supervisor, 'one')
    connected()
    expect(textOf(await early)).toBe('one.read')
    const other = fakeConnection('one', { fingerprint: 'other' })
    other.onConnect = never
    await start(other)
    const refusal = expect(call(supervisor, 'one')).rejects.toThrow('It is still connecting.')
    await advance(5_000)
    await refusal
  })

  it('never lets one connection delay another, however many hang', async () => {
    const { supervisor, start, advance } = world()
    const hanging = Array.from({ length: 20 }, (_, index) => fakeConnection(`hang-${index}`))
    for (const fake of hanging) fake.onConnect = never
    const good = fakeConnection('zz-good')
    await start(...hanging, good)
    expect(hanging.filter(({ connects }) => connects > 0)).toHaveLength(8)
    await advance(4_000)
    expect(stateOf(supervisor, 'zz-good')?.state).toBe('active')
  })

  it('replaces what changed, removes what is gone, and leaves the rest alone', async () => {
    const { supervisor, start } = world()
    const [kept, changed, gone] = [fakeConnection('kept'), fakeConnection('changed'), fakeConnection('gone')]
    await start(kept, changed, gone)
    const next = fakeConnection('changed', { fingerprint: 'changed-2' })
    next.tools = [sourceTool('other')]
    const source = supervisor.sources().get('kept')
    await start(fakeConnection('kept'), next)
    expect([kept.connects, kept.closes, changed.closes, gone.closes]).toEqual([1, 0, 1, 1])
    expect(supervisor.sources().get('kept')).toBe(source)
    expect([...supervisor.tools().keys()]).toEqual(['changed', 'kept'])
    expect(listed(supervisor, 'changed')).toEqual(['other'])
  })

  it('starts a successor only when its predecessor has ended', async () => {
    const { start } = world()
    const old = fakeConnection('one')
    let ended = (): void => undefined
    old.onClose = () => new Promise((resolve) => (ended = () => resolve()))
    await start(old)
    const next = fakeConnection('one', { fingerprint: 'one-2' })
    await start(next)
    expect(next.connects).toBe(0)
    ended()
    await settle()
    expect(next.connects).toBe(1)
  })

  it('shows a disabled connection and does not run it', async () => {
    const { supervisor, start } = world()
    const fake = fakeConnection('one', { enabled: false })
    await start(fake)
    expect(fake.connects).toBe(0)
    expect(stateOf(supervisor)).toMatchObject({
      enabled: false,
      state: 'disconnected',
      reason: 'Switched off.',
      tools: 0,
    })
    expect([supervisor.sources().size, supervisor.tools().size]).toEqual([0, 0])
  })

  it('gives up connecting when it closes, and closes within five seconds whatever hangs', async () => {
    const { supervisor, start, advance } = world()
    const [connecting, stuck] = [fakeConnection('connecting'), fakeConnection('stuck')]
    const aborted = vi.fn()
    connecting.onConnect = (signal) => {
      signal.addEventListener('abort', aborted)
      return never()
    }
    stuck.onClose = never
    await start(connecting, stuck)
    const closed = supervisor.close()
    expect(aborted).toHaveBeenCalledOnce()
    await advance(5_000)
    await closed
    supervisor.apply([fakeConnection('late').spec])
    expect(supervisor.statuses().map(({ connection }) => connection)).toEqual(['connecting', 'stuck'])
  })

  it('closes a connection that was made although nobody wanted it any more', async () => {
    const { supervisor, start } = world()
    const fake = fakeConnection('one')
    let connected = (): void => undefined
    fake.onConnect = () => new Promise((resolve) => (connected = () => resolve()))
    await start(fake)
    await start()
    connected()
    await settle()
    expect(fake.closes).toBe(1)
    expect(supervisor.statuses()).toEqual([])
  })
})
