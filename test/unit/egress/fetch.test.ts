import { describe, expect, it, onTestFinished } from 'vitest'
import type { FetchOptions } from '../../../src/egress/egress.ts'
import { testEgress } from '../../helpers/egress.ts'
import { fakeVendor, json } from '../../helpers/fake-vendor.ts'
import type { Answer } from '../../helpers/fake-vendor.ts'

async function fetching(answer: Answer, options: Partial<FetchOptions> = {}) {
  const vendor = await fakeVendor(answer)
  const { egress } = testEgress()
  onTestFinished(async () => {
    await egress.close()
    await vendor[Symbol.asyncDispose]()
  })
  return { vendor, fetch: egress.fetch({ allowPrivateNetwork: true, ...options }) }
}

describe('the guarded fetch', () => {
  it('is a fetch', async () => {
    const { fetch, vendor } = await fetching(json({ ok: true }, 201))
    const reply = await fetch(`${vendor.url}/x`, { method: 'POST', body: '{}', headers: { 'x-a': '1' } })
    expect([reply.status, reply.url, await reply.json()]).toEqual([201, `${vendor.url}/x`, { ok: true }])
    expect(vendor.requests[0]).toMatchObject({ method: 'POST', target: '/x', body: '{}', headers: { 'x-a': '1' } })
  })

  it("takes Node's own Request and Headers too", async () => {
    const { fetch, vendor } = await fetching(json({}))
    await fetch(new Request(`${vendor.url}/y`, { method: 'PUT', headers: { 'x-a': '1' }, body: 'body' }))
    await fetch(new URL(vendor.url), { headers: new Headers({ 'x-b': '2' }) })
    expect(vendor.requests).toMatchObject([
      { method: 'PUT', body: 'body', headers: { 'x-a': '1' } },
      { headers: { 'x-b': '2' } },
    ])
  })

  it('streams events as they come', async () => {
    const { fetch, vendor } = await fetching(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
      },
      { maxBytes: 4 },
    )
    const controller = new AbortController()
    const reply = await fetch(vendor.url, { signal: controller.signal })
    const reader = reply.body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('data: one\n\n')
    controller.abort()
    await expect(reader?.read()).rejects.toThrow()
  })

  it('caps other bodies', async () => {
    const { fetch, vendor } = await fetching(json('x'.repeat(1000)), { maxBytes: 100 })
    const reply = await fetch(vendor.url)
    await expect(reply.text()).rejects.toMatchObject({ code: 'upstream_invalid' })
  })

  it('follows redirects on the same origin only', async () => {
    const { fetch, vendor } = await fetching((request, response) => {
      const location = request.target === '/away' ? 'http://169.254.169.254/' : '/home'
      if (request.target === '/home') response.end('home')
      else response.writeHead(307, { location }).end()
    })
    expect(await (await fetch(`${vendor.url}/start`, { method: 'POST', body: 'x' })).text()).toBe('home')
    await expect(fetch(`${vendor.url}/away`)).rejects.toMatchObject({ code: 'egress_blocked' })
    expect((await fetch(`${vendor.url}/away`, { redirect: 'manual' })).status).toBe(307)
  })

  it('rejects with an error of ours, and with the reason of its signal', async () => {
    const { fetch, vendor } = await fetching(() => undefined)
    const closed = await fakeVendor(json({}))
    await closed[Symbol.asyncDispose]()
    await expect(fetch(closed.url)).rejects.toMatchObject({ code: 'upstream_failed' })
    const reason = new Error('enough')
    const controller = new AbortController()
    const asking = fetch(vendor.url, { signal: controller.signal })
    await expect.poll(() => vendor.requests.length).toBe(1)
    controller.abort(reason)
    await expect(asking).rejects.toBe(reason)
  })
})
