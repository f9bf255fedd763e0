import { ending } from '../../../src/kernel/ending.ts'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import calendar from '../../../providers/google-calendar/index.ts'
import { createEgress, type Egress } from '../../../src/egress/egress.ts'
import type { Exchange } from '../../../src/kernel/exchange.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { providerConnector } from '../../../src/sources/provider-source.ts'
import { startEmulatedVendors, type EmulatedVendors } from '../../demo/emulated-vendors.ts'
import { connectionTo } from '../../helpers/acme.ts'

let vendors: EmulatedVendors
let egress: Egress

beforeAll(async () => {
  vendors = await startEmulatedVendors()
  egress = createEgress({ clock: Date.now })
})
afterAll(async () => {
  await egress?.close()
  await vendors?.close()
})

const exchange: Exchange = {
  principal: { id: 'agent:test', organisation: 'acme', agent: 'test', groups: [], claims: {}, credential: 'loopback' },
  requestId: 'request-1',
  ending: ending(),
  protocol: { era: 'modern', version: '2026-07-28', capabilities: {} },
}

/** The emulator cannot read or change single events; requests for those are held against Google's contract. */
it('keeps a calendar at a service with state: who it is, events with and without guests, busy times', async () => {
  const connector = providerConnector({
    ...connectionTo(vendors.gmail, { provider: calendar, fields: { token: new Secret(vendors.tokens.gmail) } }),
    baseUrl: vendors.gmail,
    egress,
  })
  const events = {
    onTools: () => undefined,
    onFeatures: () => undefined,
    onResourceUpdated: () => undefined,
    onLost: () => expect.unreachable('the connection is lost'),
  }
  const connected = await connector.connect(events, exchange.ending.signal())
  onTestFinished(() => connected.close())
  const call = async (name: string, input: JsonObject) =>
    (await connected.source.callTool(name, input, exchange)).structuredContent

  expect(await call('list_calendars', {})).toMatchObject({ calendars: [{ id: 'primary', primary: true }] })
  const alone = await call('create_event', { title: 'Dentist', start: '2026-01-31T10:00Z', end: '2026-01-31T11:00Z' })
  expect(alone).toMatchObject({ title: 'Dentist', guests: 0 })
  const day = { start: '2026-01-31T12:00Z', end: '2026-01-31T13:00Z' }
  const meeting = await call('schedule_meeting', { title: 'Review', ...day, guests: ['bob@example.com'] })
  expect(meeting).toMatchObject({ title: 'Review', guests: 1 })
  const january = { time_min: '2026-01-31T00:00:00Z', time_max: '2026-02-01T00:00:00Z' }
  expect(await call('list_events', january)).toMatchObject({ events: [{ title: 'Dentist' }, { title: 'Review' }] })
  expect(await call('query_free_busy', { calendars: ['primary'], ...january })).toMatchObject({
    calendars: [{ id: 'primary', busy: [{ start: '2026-01-31T10:00:00Z' }, { start: '2026-01-31T12:00:00Z' }] }],
  })
  const { id } = alone as { id: string }
  expect(await call('delete_event', { event_id: id, notify_guests: 'none' })).toEqual({ deleted: true, event_id: id })
  expect(await call('list_events', january)).toMatchObject({ events: [{ title: 'Review' }] })
})
