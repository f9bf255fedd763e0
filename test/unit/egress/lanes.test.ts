import { describe, expect, it, onTestFinished } from 'vitest'
import { MOST_RUNNING, MOST_WAITING } from '../../../src/egress/bulkhead.ts'
import { circuits, LONGEST_PAUSE_MS, OPEN_AFTER } from '../../../src/egress/circuits.ts'
import type { EgressRequest } from '../../../src/egress/egress.ts'
import { get, testEgress } from '../../helpers/egress.ts'
import { type Answer, fakeVendor, json } from '../../helpers/fake-vendor.ts'

const NOON = Date.parse('2026-11-20T12:00:00Z')

async function serving(answer: Answer) {
  const vendor = await fakeVendor(answer)
  const clock = { now: NOON }
  const { egress, waits } = testEgress({ clock: () => clock.now })
  onTestFinished(async () => {
    await egress.close()
    await vendor[Symbol.asyncDispose]()
  })
  const ask = (change: Partial<EgressRequest> = {}, path = '/') => egress.request(get(vendor.url + path, change))
  return { vendor, egress, waits, clock, ask }
}

/** A service that answers when it is told to, one request after the other. */
function held() {
  const waiting: (() => void)[] = []
  let isOpen = false
  const answer: Answer = (...call) => {
    const go = (): void => json({})(...call)
    if (isOpen) go()
    else waiting.push(go)
  }
  const open = (): void => {
    isOpen = true
    for (const go of waiting.splice(0)) go()
  }
  return { answer, open }
}

describe('the places of a lane', () => {
  it('are 32; who comes later waits in line, and other lanes do not notice', async () => {
    const { answer, open } = held()
    const { vendor, egress, ask } = await serving((request, ...rest) =>
      request.target === '/other' ? json({})(request, ...rest) : answer(request, ...rest),
    )
    const order: number[] = []
    const slow = Array.from({ length: MOST_RUNNING + 8 }, (_, index) =>
      ask({ lane: 'slow' }, `/${index}`).then(() => order.push(index)),
    )
    await expect.poll(() => vendor.requests.length).toBe(MOST_RUNNING)
    expect(egress.load().lanes).toEqual([{ lane: 'slow', running: MOST_RUNNING, waiting: 8 }])
    expect((await ask({ lane: 'quick' }, '/other')).status).toBe(200)
    open()
    await Promise.all(slow)
    const late = vendor.requests.slice(MOST_RUNNING + 1).map(({ target }) => target)
    expect(late).toEqual(Array.from({ length: 8 }, (_, index) => `/${MOST_RUNNING + index}`))
    expect(egress.load().lanes).toEqual([])
  })

  it('refuse who comes when 256 wait already, and say when to come back', async () => {
    const { answer, open } = held()
    const { vendor, ask } = await serving(answer)
    const asked = Array.from({ length: MOST_RUNNING + MOST_WAITING }, () => ask({ lane: 'slow' }))
    await expect.poll(() => vendor.requests.length).toBe(MOST_RUNNING)
    await expect(ask({ lane: 'slow' })).rejects.toMatchObject({ code: 'overloaded', data: { retryAfterMs: 1_000 } })
    open()
    expect((await Promise.all(asked)).every(({ status }) => status === 200)).toBe(true)
  })

  it('are given up by whoever stops waiting: nothing was sent for them', async () => {
    const { answer, open } = held()
    const { vendor, egress, ask } = await serving(answer)
    const running = Array.from({ length: MOST_RUNNING }, () => ask({ lane: 'slow' }))
    await expect.poll(() => vendor.requests.length).toBe(MOST_RUNNING)
    const caller = new AbortController()
    const leaving = ask({ lane: 'slow', signal: caller.signal, method: 'POST', idempotent: false }, '/left')
    const tired = ask({ lane: 'slow', timeoutMs: 30, method: 'POST', idempotent: false }, '/tired')
    caller.abort()
    await expect(leaving).rejects.toMatchObject({ code: 'cancelled', message: expect.stringMatching(/not sent/) })
    await expect(tired).rejects.toMatchObject({ code: 'overloaded', message: expect.stringMatching(/not sent/) })
    expect(egress.load().lanes[0]?.waiting).toBe(0)
    open()
    await Promise.all(running)
    expect(vendor.requests.filter(({ method }) => method === 'POST')).toEqual([])
  })
})

describe('the breaker of a lane', () => {
  const broken: Answer = (_request, _response, raw) => void raw.socket.destroy()

  it('opens after five failures in a row, lets one request try after a pause, and closes when that works', async () => {
    let works = false
    const { vendor, egress, clock, ask } = await serving((...call) => (works ? json({})(...call) : broken(...call)))
    const failing = { lane: 'jira', method: 'POST', idempotent: false }
    for (let count = 0; count < OPEN_AFTER; count++)
      await expect(ask(failing)).rejects.toMatchObject({ code: 'upstream_failed' })
    expect(egress.load().circuits).toEqual(new Map([['jira', 'open']]))
    await expect(ask(failing)).rejects.toMatchObject({ data: { retryAfterMs: 1_000 } })
    expect(vendor.requests).toHaveLength(OPEN_AFTER)

    clock.now += 1_000
    expect(egress.load().circuits).toEqual(new Map([['jira', 'half_open']]))
    const probes = await Promise.allSettled([ask(failing), ask(failing), ask(failing)])
    expect(probes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(vendor.requests).toHaveLength(OPEN_AFTER + 1)

    works = true
    clock.now += 2_000
    expect((await ask(failing)).status).toBe(200)
    expect(egress.load().circuits.size).toBe(0)
  })

  it('stays closed for a service that answers, whatever it answers, and for callers who give up', async () => {
    const { egress, ask } = await serving(json({}, 500))
    for (let count = 0; count < OPEN_AFTER * 2; count++) await ask({ lane: 'jira' })
    for (let count = 0; count < OPEN_AFTER * 2; count++)
      await expect(ask({ lane: 'jira', signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
    expect(egress.load().circuits.size).toBe(0)
  })

  it('leaves a service alone for longer each time, a minute at most', () => {
    const clock = { now: NOON }
    const { enter, states } = circuits({ clock: () => clock.now, random: () => 1 })
    for (let count = 0; count < OPEN_AFTER; count++) enter('x')('failed')
    const pauses = Array.from({ length: 8 }, () => {
      const before = clock.now
      while (states().get('x') === 'open') clock.now += 500
      enter('x')('failed')
      return clock.now - before
    })
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, LONGEST_PAUSE_MS, LONGEST_PAUSE_MS])
  })

  it('lets the next one try when the first gave up trying', () => {
    const clock = { now: NOON }
    const { enter } = circuits({ clock: () => clock.now, random: () => 1 })
    for (let count = 0; count < OPEN_AFTER; count++) enter('x')('failed')
    clock.now += 1_000
    const first = enter('x')
    expect(() => enter('x')).toThrow(/left alone/)
    first('unknown')
    enter('x')('ok')
    expect(() => enter('x')).not.toThrow()
  })
})

describe('what a service says of its limits', () => {
  const answering = (status: number, headers: Record<string, string>) => serving(json({}, status, headers))

  it.each([
    ['Retry-After in seconds', 429, { 'retry-after': '30' }, 30_000],
    ['Retry-After as a date', 429, { 'retry-after': 'Fri, 20 Nov 2026 12:00:30 GMT' }, 30_000],
    ['Retry-After while it is down', 503, { 'retry-after': '30' }, 30_000],
    ['Retry-After with a 403', 403, { 'retry-after': '30' }, 30_000],
    [
      'nothing left until a moment',
      200,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOON / 1_000 + 30) },
      30_000,
    ],
    [
      'nothing left until a moment in milliseconds',
      200,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOON + 30_000) },
      30_000,
    ],
    [
      'nothing left until a date',
      200,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '2026-11-20T12:00:30Z' },
      30_000,
    ],
    ['nothing left for some seconds', 200, { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': '30' }, 30_000],
    ['the headers of the first drafts', 200, { 'ratelimit-remaining': '0', 'ratelimit-reset': '30' }, 30_000],
    ['the header of the later drafts', 200, { ratelimit: 'limit=100, remaining=0, reset=30' }, 30_000],
    ['the header of the newest draft', 200, { ratelimit: '"hour";r=900;t=1800, "burst";r=0;t=30' }, 30_000],
    ['a year', 429, { 'retry-after': '31536000' }, 3_600_000],
  ])('stops requests: %s', async (_, status, headers, retryAfterMs) => {
    const { vendor, clock, ask } = await answering(status, headers)
    await ask({ idempotent: false })
    await expect(ask()).rejects.toMatchObject({ code: 'rate_limit_exceeded', data: { retryAfterMs } })
    expect(vendor.requests).toHaveLength(1)
    clock.now += retryAfterMs
    await ask({ idempotent: false })
    expect(vendor.requests).toHaveLength(2)
  })

  it.each([
    ['something is left', { 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '30' }],
    ['the moment is over', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(NOON / 1_000 - 1) }],
    ['the reset is no moment', { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'soon' }],
    ['Retry-After comes with a success', { 'retry-after': '30' }],
    ['all of it is nonsense', { ratelimit: ';;r=0', 'x-ratelimit-remaining': '-0x0' }],
  ])('stops nothing when %s', async (_, headers) => {
    const { ask } = await answering(200, headers)
    await ask()
    expect((await ask()).status).toBe(200)
  })

  it('concerns the account: other people and other connections go on', async () => {
    const { vendor, ask } = await answering(200, { 'ratelimit-remaining': '0', 'ratelimit-reset': '30' })
    await ask({ lane: 'github', account: 'ann' })
    await expect(ask({ lane: 'github', account: 'ann' }, '/else')).rejects.toMatchObject({
      code: 'rate_limit_exceeded',
    })
    await ask({ lane: 'github', account: 'ben' })
    await ask({ lane: 'github-work', account: 'ann' })
    expect(vendor.requests).toHaveLength(3)
  })

  it('concerns what the service names, or else the part that was asked', async () => {
    const { vendor, ask } = await serving((request, ...rest) => {
      const named = { 'x-ratelimit-resource': 'search', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '30' }
      if (request.target.startsWith('/api/search')) return json({}, 200, named)(request, ...rest)
      if (request.target.startsWith('/api/post')) return json({}, 429, { 'retry-after': '30' })(request, ...rest)
      return json({})(request, ...rest)
    })
    const within = { within: new URL(`${vendor.url}/api`), idempotent: false }
    await ask(within, '/api/search/code')
    await ask(within, '/api/post')
    await expect(ask(within, '/api/search/issues')).rejects.toMatchObject({ code: 'rate_limit_exceeded' })
    await expect(ask(within, '/api/post')).rejects.toMatchObject({ code: 'rate_limit_exceeded' })
    expect((await ask(within, '/api/repos/a/b')).status).toBe(200)
  })

  it('stops those who waited in line behind the one that was told', async () => {
    const { answer, open } = held()
    const { vendor, ask } = await serving((request, response, raw) => {
      response.setHeader('x-ratelimit-remaining', '0')
      response.setHeader('x-ratelimit-reset', '30')
      answer(request, response, raw)
    })
    const all = Array.from({ length: MOST_RUNNING + 5 }, () => ask({ lane: 'slow' }))
    await expect.poll(() => vendor.requests.length).toBe(MOST_RUNNING)
    open()
    const refused = (await Promise.allSettled(all)).filter(({ status }) => status === 'rejected')
    expect(refused).toHaveLength(5)
    expect(vendor.requests).toHaveLength(MOST_RUNNING)
  })
})
