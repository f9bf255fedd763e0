import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { EgressRequest } from '../../../src/egress/egress.ts'
import { get, testEgress } from '../../helpers/egress.ts'
import { fakeVendor, json } from '../../helpers/fake-vendor.ts'
import type { Answer } from '../../helpers/fake-vendor.ts'

async function serving(answer: Answer) {
  const vendor = await fakeVendor(answer)
  const { egress, waits } = testEgress()
  onTestFinished(async () => {
    await egress.close()
    await vendor[Symbol.asyncDispose]()
  })
  const ask = (change: Partial<EgressRequest> = {}, path = '/') => egress.request(get(vendor.url + path, change))
  return { vendor, egress, waits, ask }
}

const text = (body: Uint8Array): string => Buffer.from(body).toString()
/** Answers in turn, the last one for ever. */
const inTurn = (...answers: readonly Answer[]): Answer => {
  let count = 0
  return (...call) => answers[Math.min(count++, answers.length - 1)]?.(...call)
}
const redirect =
  (status: number, location: string): Answer =>
  (_request, response) => {
    response.writeHead(status, { location }).end()
  }

describe('a request', () => {
  it('brings back status, headers in lower case and bytes, whatever the status', async () => {
    const { ask } = await serving(json({ ok: false }, 418, { 'X-Tea': 'green' }))
    const reply = await ask()
    expect(reply).toMatchObject({ status: 418, headers: { 'x-tea': 'green' } })
    expect(text(reply.body)).toBe('{"ok":false}')
  })

  it('sends method, headers and body as given', async () => {
    const { ask, vendor } = await serving(json({}))
    await ask({ method: 'PATCH', headers: { 'X-One': '1' }, body: 'a=1' }, '/x?y=z')
    expect(vendor.requests[0]).toMatchObject({
      method: 'PATCH',
      target: '/x?y=z',
      body: 'a=1',
      headers: { 'x-one': '1' },
    })
  })

  it('reads gzip, and refuses gzip that unpacks to more than the limit', async () => {
    const { ask } = await serving((request, response) => {
      const size = request.target === '/bomb' ? 5_000_000 : 100
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(size, 'a')))
    })
    expect(text((await ask()).body)).toBe('a'.repeat(100))
    await expect(ask({}, '/bomb')).rejects.toMatchObject({ code: 'upstream_invalid', data: { maxBytes: 1_000_000 } })
  })

  it.each([
    ['a line break', { 'x-a': 'one\r\nx-b: two' }],
    ['a NUL', { 'x-a': 'one\u0000' }],
    ['a name with a colon', { 'x-a: 1\r\nx-b': '2' }],
    ['a host of its own', { Host: 'evil.example' }],
    ['a length of its own', { 'Content-Length': '0' }],
  ])('refuses headers with %s, and does not repeat the value', async (_, headers) => {
    const { ask, vendor } = await serving(json({}))
    await expect(ask({ headers })).rejects.toMatchObject({ code: 'invalid_input' })
    expect(vendor.requests).toEqual([])
  })

  it('ends at once when the caller gives up', async () => {
    const { ask, vendor } = await serving(() => undefined)
    const controller = new AbortController()
    const asking = ask({ signal: controller.signal })
    await expect.poll(() => vendor.requests.length).toBe(1)
    controller.abort()
    await expect(asking).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('does not start for a caller who has given up', async () => {
    const { ask, vendor } = await serving(json({}))
    await expect(ask({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'cancelled' })
    expect(vendor.requests).toEqual([])
  })
})

describe('redirects', () => {
  it('are followed on the same origin, three at most', async () => {
    const { ask, vendor } = await serving((request, response, raw) => {
      const left = Number(request.target.slice(1))
      if (left > 0) redirect(302, `/${left - 1}`)(request, response, raw)
      else json({ done: true })(request, response, raw)
    })
    expect(text((await ask({}, '/3')).body)).toBe('{"done":true}')
    await expect(ask({}, '/4')).rejects.toMatchObject({ code: 'upstream_invalid' })
    expect(vendor.requests).toHaveLength(8)
  })

  it('are refused to any other origin, so that no credential goes there', async () => {
    const other = await fakeVendor(json({}))
    onTestFinished(() => other[Symbol.asyncDispose]())
    const { ask } = await serving(
      inTurn(redirect(302, `${other.url}/`), redirect(307, 'http://169.254.169.254/latest/')),
    )
    const headers = { authorization: 'Bearer abc' }
    await expect(ask({ headers })).rejects.toMatchObject({ code: 'egress_blocked' })
    await expect(ask({ headers })).rejects.toMatchObject({ code: 'egress_blocked' })
    expect(other.requests).toEqual([])
  })

  it('stay under the address that the request may use', async () => {
    const { ask, vendor } = await serving(inTurn(redirect(302, '/api/v1'), json({}), redirect(302, '/admin'), json({})))
    const within = new URL(`${vendor.url}/api`)
    expect((await ask({ within }, '/api/x')).status).toBe(200)
    await expect(ask({ within }, '/api/x')).rejects.toMatchObject({ code: 'egress_blocked' })
    expect(vendor.requests.map((request) => request.target)).toEqual(['/api/x', '/api/v1', '/api/x'])
  })

  it('repeat a body for 307 and 308, read the result for 303, and do not turn a POST into a GET', async () => {
    const { ask, vendor } = await serving(
      inTurn(redirect(308, '/next'), json({}), redirect(303, '/result'), json({}), redirect(302, '/lost')),
    )
    const post = { method: 'POST', body: 'x', idempotent: false }
    expect((await ask(post)).status).toBe(200)
    expect((await ask(post)).status).toBe(200)
    expect((await ask(post)).status).toBe(302)
    expect(vendor.requests.map(({ method, body }) => method + body)).toEqual([
      'POSTx',
      'POSTx',
      'POSTx',
      'GET',
      'POSTx',
    ])
  })
})

describe('trying again', () => {
  const fail = json({}, 503)

  it('helps an idempotent request over a passing failure', async () => {
    const { ask, waits } = await serving(inTurn(fail, json({}, 429, { 'retry-after': '1' }), json({ ok: 1 })))
    expect((await ask()).status).toBe(200)
    expect(waits).toEqual([150, 1000])
  })

  it('gives the last answer when it stays so', async () => {
    const { ask, vendor } = await serving(fail)
    expect((await ask()).status).toBe(503)
    expect(vendor.requests).toHaveLength(3)
  })

  it('is never done for a request that is not idempotent', async () => {
    const { ask, vendor } = await serving(
      inTurn(fail, (_request, _response, raw) => {
        raw.socket.destroy()
      }),
    )
    expect((await ask({ method: 'POST', idempotent: false })).status).toBe(503)
    await expect(ask({ method: 'POST', idempotent: false })).rejects.toThrow(/may have been done all the same/)
    expect(vendor.requests).toHaveLength(2)
  })

  it('helps over a connection that breaks', async () => {
    const { ask, vendor } = await serving(
      inTurn((_request, _response, raw) => {
        raw.socket.destroy()
      }, json({})),
    )
    expect((await ask()).status).toBe(200)
    expect(vendor.requests).toHaveLength(2)
  })

  it('stops waiting when the time is over', async () => {
    const vendor = await fakeVendor(fail)
    const { egress } = testEgress({
      sleep: (_ms, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')))
        }),
    })
    onTestFinished(async () => {
      await egress.close()
      await vendor[Symbol.asyncDispose]()
    })
    await expect(egress.request(get(vendor.url, { timeoutMs: 50 }))).rejects.toMatchObject({ code: 'upstream_timeout' })
  })
})
