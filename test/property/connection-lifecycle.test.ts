import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ConnectionState } from '../../src/kernel/connection.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { CONNECTION_EVENTS, stepOn } from '../../src/sources/connection-state.ts'
import { memoryStates } from '../../src/sources/connection-states.ts'
import { memoryDefinitions } from '../../src/sources/definitions.ts'
import type { Transition } from '../../src/sources/life.ts'
import { supervise, type Supervisor } from '../../src/sources/supervisor.ts'
import { failing, fakeConnection, type FakeConnection } from '../unit/sources/fake-connection.ts'
import { lever, settle, type Lever } from '../unit/sources/lever.ts'

/** The lifecycle's table, written down once more: from, to. */
const TABLE = new Set([
  'disconnected > connected',
  'connected > action_required',
  'connected > inbound_ready',
  'connected > active',
  'inbound_ready > active',
  'active > degraded',
  'degraded > active',
  'degraded > action_required',
  'active > action_required',
  'action_required > connected',
  ...['connected', 'action_required', 'inbound_ready', 'active', 'degraded'].map((state) => `${state} > disconnected`),
])
const STATES: readonly ConnectionState[] = [
  'disconnected',
  'connected',
  'action_required',
  'inbound_ready',
  'active',
  'degraded',
]

const REAUTH = new GatewayError('connection_unusable', 'The grant has ended.', { data: { reauth: true } })
const PASSING = new GatewayError('oauth_failed', 'HTTP 503.')

interface Rig {
  readonly fake: FakeConnection
  supervisor: Supervisor
  readonly time: Lever
  restartGateway(): Promise<void>
}

/** Everything that can happen to a connection, in the words of those to whom it happens. */
const DEEDS: Readonly<Record<string, (rig: Rig) => unknown>> = {
  'the server works from now on': ({ fake }) => {
    fake.onConnect = () => Promise.resolve()
    fake.onProbe = () => Promise.resolve()
  },
  'the server is away from now on': ({ fake }) => {
    fake.onConnect = failing('gone')
    fake.onProbe = failing('gone')
  },
  'the vendor refuses the credential from now on': ({ fake }) => {
    fake.onConnect = failing('HTTP 401', { reauth: true })
    fake.onProbe = failing('HTTP 401', { reauth: true })
  },
  'a minute passes': ({ time }) => time.advance(60_000),
  'the connection is lost': ({ fake }) => fake.events?.onLost(new GatewayError('upstream_failed', 'died')),
  'a refresh finds the grant ended': ({ supervisor }) => supervisor.report('one', REAUTH),
  'a refresh fails for now': ({ supervisor }) => supervisor.report('one', PASSING),
  'a person connects again': ({ supervisor }) => supervisor.restart('one'),
  'an admin revokes it': ({ supervisor }) => supervisor.revoke('one'),
  'an admin switches it off': ({ supervisor, fake }) => supervisor.apply([{ ...fake.spec, enabled: false }]),
  'an admin switches it on': ({ supervisor, fake }) => supervisor.apply([fake.spec]),
  'a first event arrives': ({ supervisor }) => supervisor.inbound('one', 'verified'),
  'its webhook is taken away': ({ supervisor }) => supervisor.inbound('one', 'missing'),
  'the gateway is started again': (rig) => rig.restartGateway(),
}

describe('the lifecycle of a connection', () => {
  it('has no transition outside of the table, for any event in any state', () => {
    for (const state of STATES) {
      for (const event of CONNECTION_EVENTS) {
        const to = stepOn(state, event)
        if (to) expect(TABLE).toContain(`${state} > ${to}`)
      }
    }
    const reached = STATES.flatMap((from) => CONNECTION_EVENTS.map((event) => `${from} > ${stepOn(from, event)}`))
    expect([...TABLE].filter((step) => !reached.includes(step))).toEqual([])
  })

  it('never leaves the table whatever happens, audits every step once, and shows no tool without a credential', async () => {
    const seen = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(undefined, 'missing' as const, 'verified' as const),
        fc.array(fc.constantFrom(...Object.keys(DEEDS)), { maxLength: 25 }),
        async (inbound, deeds) => {
          const time = lever()
          const transitions: Transition[] = []
          const [definitions, states] = [memoryDefinitions(), memoryStates()]
          const fake = fakeConnection('one', inbound ? { inbound } : {})
          const open = (): Supervisor =>
            supervise({
              ...time,
              definitions,
              states,
              random: () => 1,
              log: () => undefined,
              onTransition: (transition) => void transitions.push(transition),
            })
          const rig: Rig = {
            fake,
            time,
            supervisor: open(),
            async restartGateway() {
              const closed = rig.supervisor.close()
              await time.advance(5_000)
              await closed
              rig.supervisor = open()
              rig.supervisor.apply([fake.spec])
            },
          }
          rig.supervisor.apply([fake.spec])
          for (const deed of deeds) {
            await settle()
            await DEEDS[deed]?.(rig)
            const [status] = rig.supervisor.statuses()
            const code = status?.reasonCode ?? ''
            if (['reauth', 'revoked', 'link', 'disabled'].includes(code)) expect(rig.supervisor.tools().size).toBe(0)
            if (status?.enabled && status.state === 'action_required') expect(code).toMatch(/^(?:reauth|inbound)$/)
          }
          await settle()
          const steps = transitions.map(({ from, to }) => `${from} > ${to}`)
          for (const step of steps) seen.add(step)
          expect(steps.filter((step) => !TABLE.has(step))).toEqual([])
          const closed = rig.supervisor.close()
          await time.advance(5_000)
          await closed
        },
      ),
      { numRuns: 150 },
    )
    expect(seen.size).toBeGreaterThan(8)
  })
})
