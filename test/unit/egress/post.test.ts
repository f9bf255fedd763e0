import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { PostRequest } from '../../../src/egress/egress.ts'
import { ending } from '../../../src/kernel/ending.ts'
import { testEgress } from '../../helpers/egress.ts'
import { fakeVendor, json } from '../../helpers/fake-vendor.ts'
import type { Answer } from '../../helpers/fake-vendor.ts'

async function posting(answer: Answer, change: Partial<PostRequest> = {}) {
  const vendor = await fakeVendor(answer)
  const { egress } = testEgress()
  onTestFinished(async () => {
    await egress.close()
    await vendor[Symbol.asyncDispose]()
  })
  const events: string[] = []
  const request: PostRequest = {
    url: new URL(`${vendor.url}/x?y=1`),
    headers: ['x-a', '1'],
    body: '{"a":1}',
    ending: ending(),
    maxBytes: 1_000,
    allowPrivateNetwork: true,
    onEvents: (chunk) => void events.push(Buffer.from(chunk).toString()),
    ...change,
  }
  return { vendor, events, reply: egress.post(request) }
}

describe('a relayed POST', () => {
  it('brings status, headers and the whole body', async () => {
    const { vendor, reply } = await posting(json({ ok: true }, 418))
    expect(await reply).toMatchObject({ status: 418, headers: { 'content-type': 'application/json' } })
    expect(Buffer.from((await reply).body).toString()).toBe('{"ok":true}')
    expect(vendor.requests).toMatchObject([
      { method: 'POST', target: '/x?y=1', body: '{"a":1}', headers: { 'x-a': '1' } },
    ])
  })

  it('hands events over as they come, and ends with the stream', async () => {
    const { events, reply, vendor } = await posting((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      void vi
        .waitFor(() => expect(events).toEqual(['data: 1\n\n']), { timeout: 10_000 })
        .then(() => response.end('data: 2\n\n'))
    })
    expect(await reply).toMatchObject({ status: 200, body: Buffer.alloc(0) })
    expect(events.join('')).toBe('data: 1\n\ndata: 2\n\n')
    expect(vendor.requests).toHaveLength(1)
  })

  it('ends the request when the events are refused', async () => {
    const refuse = (): never => {
      throw new Error('too much')
    }
    const { reply } = await posting(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n')
      },
      { onEvents: refuse },
    )
    await expect(reply).rejects.toMatchObject({ code: 'upstream_failed' })
  })

  it('caps a body, also one that is small until it is unzipped', async () => {
    const plain = await posting(json('x'.repeat(2_000)))
    await expect(plain.reply).rejects.toMatchObject({ code: 'upstream_invalid' })
    const zipped = await posting((_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(2_000))),
    )
    await expect(zipped.reply).rejects.toThrow('more than 1000 bytes')
    const odd = await posting((_request, response) => response.writeHead(200, { 'content-encoding': 'br' }).end('x'))
    await expect(odd.reply).rejects.toThrow('an encoding that was not asked for')
  })

  it('goes to no place that is not allowed', async () => {
    const { vendor, reply } = await posting(json({}), { allowPrivateNetwork: false })
    await expect(reply).rejects.toMatchObject({ code: 'egress_blocked' })
    expect(vendor.requests).toEqual([])
  })

  it('ends when it is told to, with the reason that it was given', async () => {
    const ender = ending()
    const { vendor, reply } = await posting(() => undefined, { ending: ender })
    const ended = expect(reply).rejects.toThrow('enough')
    await vi.waitFor(() => expect(vendor.requests).toHaveLength(1), { timeout: 10_000 })
    ender.end(new Error('enough'))
    await ended
    const late = await posting(json({}), { ending: ender })
    await expect(late.reply).rejects.toThrow('enough')
    expect(late.vendor.requests).toEqual([])
  })

  it('says that a POST whose connection broke may have been done', async () => {
    const { reply } = await posting((_request, response) => response.destroy())
    await expect(reply).rejects.toThrow('It may have been done all the same')
  })
})
