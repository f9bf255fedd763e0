import { describe, expect, it, onTestFinished } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { type ConnectionStates, memoryStates } from '../../../src/sources/connection-states.ts'
import { memoryDefinitions } from '../../../src/sources/definitions.ts'
import { supervise, type Supervisor } from '../../../src/sources/supervisor.ts'
import { failing, fakeConnection, never, type FakeConnection } from './fake-connection.ts'
import { lever, settle, type Lever } from './lever.ts'
import { anExchange, namesOf } from './mcp-fixture.ts'

interface World {
  readonly supervisor: Supervisor
  readonly time: Lever
  readonly steps: string[]
}

async function world(fake: FakeConnection, states: ConnectionStates = memoryStates()): Promise<World> {
  const time = lever()
  const steps: string[] = []
  const supervisor = supervise({
    ...time,
    definitions: memoryDefinitions(),
    states,
    random: () => 1,
    log: () => undefined,
    onTransition: ({ from, to, code = 'well' }) => void steps.push(`${from} > ${to} (${code})`),
  })
  onTestFinished(async () => {
    const closed = supervisor.close()
    await time.advance(5_000)
    await closed
  })
  supervisor.apply([fake.spec])
  await settle()
  return { supervisor, time, steps }
}

const REAUTH = new GatewayError('connection_unusable', 'The grant has ended.', { data: { reauth: true } })
const statusOf = ({ supervisor }: World) => supervisor.statuses()[0]
const listed = ({ supervisor }: World) => namesOf(supervisor.tools().get('one')?.tools ?? [])

describe('a supervised connection', () => {
  it('needs a person after its grant ended, and still does after a restart', async () => {
    const states = memoryStates()
    const fake = fakeConnection('one')
    const first = await world(fake, states)
    fake.onConnect = failing('The grant has ended.', { reauth: true })
    first.supervisor.report('one', REAUTH)
    await settle()
    expect(first.steps.at(-1)).toBe('active > action_required (reauth)')
    const second = await world(fake, states)
    expect(statusOf(second)).toMatchObject({
      state: 'action_required',
      reasonCode: 'reauth',
      reason: 'The grant has ended.',
      tools: 0,
    })
    expect(second.steps).toEqual([])
  })

  it('does not claim to be active before it is connected again after a restart', async () => {
    const states = memoryStates()
    await world(fakeConnection('one'), states)
    const slow = fakeConnection('one')
    slow.onConnect = never
    const second = await world(slow, states)
    expect(statusOf(second)).toMatchObject({ state: 'degraded', reasonCode: 'unreachable' })
    expect(second.steps).toEqual(['active > degraded (unreachable)'])
  })

  it('is made anew at once when its credential changes, without its tools going away', async () => {
    const fake = fakeConnection('one')
    const here = await world(fake)
    here.supervisor.restart('one')
    expect(listed(here)).toEqual(['read'])
    await settle()
    expect([fake.connects, fake.closes, statusOf(here)?.state]).toEqual([2, 1, 'active'])
  })

  it('comes back by itself as soon as a person has connected again', async () => {
    const fake = fakeConnection('one')
    const here = await world(fake)
    here.supervisor.report('one', REAUTH)
    expect(listed(here)).toEqual([])
    here.supervisor.restart('one')
    expect([listed(here), statusOf(here)?.state]).toEqual([[], 'action_required'])
    await settle()
    expect([listed(here), statusOf(here)?.state]).toEqual([['read'], 'active'])
    expect(statusOf(here)).not.toHaveProperty('reasonCode')
  })

  it('is degraded while a refresh fails, and active after the next probe', async () => {
    const fake = fakeConnection('one')
    const here = await world(fake)
    here.supervisor.report('one', new GatewayError('oauth_failed', 'HTTP 503.'))
    expect(statusOf(here)).toMatchObject({ state: 'degraded', reasonCode: 'unreachable', reason: 'HTTP 503.' })
    expect(listed(here)).toEqual(['read'])
    await here.time.advance(5_000)
    expect(statusOf(here)?.state).toBe('active')
  })

  it('stays revoked until it is connected again, also over a restart', async () => {
    const states = memoryStates()
    const fake = fakeConnection('one')
    const here = await world(fake, states)
    await here.supervisor.revoke('one')
    expect(statusOf(here)).toMatchObject({ state: 'disconnected', reasonCode: 'revoked', tools: 0 })
    expect([listed(here), here.steps.at(-1)]).toEqual([[], 'active > disconnected (revoked)'])
    const again = await world(fake, states)
    await again.time.advance(120_000)
    expect([fake.connects, statusOf(again)?.reasonCode]).toEqual([1, 'revoked'])
    again.supervisor.restart('one')
    await settle()
    expect([statusOf(again)?.state, listed(again)]).toEqual(['active', ['read']])
  })

  it('keeps its tools while it waits for a first event, and is active after that', async () => {
    const fake = fakeConnection('one', { inbound: 'missing' })
    const here = await world(fake)
    expect(statusOf(here)).toMatchObject({ state: 'action_required', reasonCode: 'inbound', tools: 1 })
    await here.time.advance(60_000)
    expect(statusOf(here)?.state).toBe('action_required')
    here.supervisor.inbound('one', 'verified')
    expect(here.steps).toEqual([
      'disconnected > connected (well)',
      'connected > action_required (inbound)',
      'action_required > connected (well)',
      'connected > inbound_ready (well)',
      'inbound_ready > active (well)',
    ])
  })

  it.each([
    ['switched off', (one: World, { spec }: FakeConnection) => one.supervisor.apply([{ ...spec, enabled: false }])],
    ['deleted', (one: World) => one.supervisor.apply([])],
    ['revoked', (one: World) => void one.supervisor.revoke('one')],
    ['given another credential', (one: World) => one.supervisor.restart('one')],
  ])('ends running calls at once when it is %s, however slow the server is to let go', async (_how, end) => {
    const fake = fakeConnection('one')
    fake.onCall = never
    fake.onClose = never
    const here = await world(fake)
    const call = here.supervisor.sources().get('one')?.callTool('read', {}, anExchange())
    const refusal = call?.catch((error: unknown) => error)
    await settle()
    const before = performance.now()
    end(here, fake)
    const error = await refusal
    const took = performance.now() - before
    expect(error).toMatchObject({ code: 'connection_unusable', data: { connection: 'one' } })
    expect(String(error)).toContain('Whether the call did its work is not known')
    expect(took).toBeLessThan(1_000)
  })
})
