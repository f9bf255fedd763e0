import { describe, expect, it } from 'vitest'
import { MAX_ATTEMPTS, retryDelay } from '../../../src/egress/retry.ts'

const deps = { clock: () => Date.parse('2026-11-20T10:00:00Z'), random: () => 0.5 }
const reply = (status: number, headers: Record<string, string> = {}) => ({ reply: { status, headers } })

describe('another try', () => {
  it('waits longer each time, and ends', () => {
    const delays = [1, 2, 3].map((attempt) => retryDelay(reply(503), attempt, deps))
    expect(delays).toEqual([150, 300, undefined])
    expect(MAX_ATTEMPTS).toBe(3)
  })

  it('spreads the waiting by chance', () => {
    expect(retryDelay(reply(503), 1, { ...deps, random: () => 0 })).toBe(100)
    expect(retryDelay(reply(503), 1, { ...deps, random: () => 0.999 })).toBe(200)
  })

  it('waits as long as a 429 asks, in seconds or until a date, up to five seconds', () => {
    expect(retryDelay(reply(429, { 'retry-after': '2' }), 1, deps)).toBe(2000)
    expect(retryDelay(reply(429, { 'retry-after': 'Fri, 20 Nov 2026 10:00:03 GMT' }), 1, deps)).toBe(3000)
    expect(retryDelay(reply(429, { 'retry-after': '6' }), 1, deps)).toBeUndefined()
    expect(retryDelay(reply(429), 1, deps)).toBeUndefined()
    expect(retryDelay(reply(503, { 'retry-after': '3600' }), 1, deps)).toBeUndefined()
  })

  it('is not made for an answer that will stay the same', () => {
    for (const status of [200, 400, 401, 404, 409, 500, 501]) expect(retryDelay(reply(status), 1, deps)).toBeUndefined()
  })

  it('is made for connections that fail or break, and not for other errors', () => {
    for (const code of ['ECONNREFUSED', 'ENOTFOUND', 'ECONNRESET', 'UND_ERR_SOCKET', 'UND_ERR_CONNECT_TIMEOUT']) {
      expect(retryDelay({ error: Object.assign(new Error(code), { code }) }, 1, deps)).toBe(150)
    }
    expect(retryDelay({ error: Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }) }, 1, deps)).toBeUndefined()
    expect(retryDelay({ error: new Error('x') }, 1, deps)).toBeUndefined()
  })
})
