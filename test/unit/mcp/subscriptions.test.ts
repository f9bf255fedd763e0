import { endingWith } from '../../../src/kernel/ending.ts'
import { describe, expect, it, vi } from 'vitest'
import type { Exchange } from '../../../src/kernel/exchange.ts'
import { subscriptionBook } from '../../../src/mcp/subscriptions.ts'
import { stdioListens } from '../../../src/mcp/stdio-listens.ts'
import { fakeFeatures } from '../../interop/fake-features.ts'
import { ENVELOPE, postModern, principalOf, startEdge } from '../../interop/fixture.ts'

const ANN = principalOf('ann')
const exchange = (signal = new AbortController().signal): Exchange => ({
  principal: ANN,
  requestId: 'r1',
  ending: endingWith(signal),
  protocol: { era: 'legacy', version: '2025-11-25', capabilities: {} },
})

describe('who follows which resource', () => {
  it('is let go of as often as it was asked for: the source counts', async () => {
    const features = fakeFeatures()
    features.addResource('file:///a')
    const book = subscriptionBook(features)
    const [one, two] = [book.open(ANN, vi.fn()), book.open(ANN, vi.fn())]
    await Promise.all([one.add('file:///a', exchange()), one.add('file:///a', exchange())])
    await two.add('file:///a', exchange())
    one.end()
    two.end()
    expect(features.subscriptions.filter((change) => change === '+file:///a')).toHaveLength(3)
    expect(features.subscriptions.filter((change) => change === '-file:///a')).toHaveLength(3)
  })

  it('ends for each follower by itself, though the request that began it is long over', async () => {
    const features = fakeFeatures()
    features.addResource('file:///a')
    const unsubscribe = vi.spyOn(features, 'unsubscribe')
    const book = subscriptionBook(features)
    const over = new AbortController()
    const [one, two] = [book.open(ANN, vi.fn()), book.open(ANN, vi.fn())]
    await one.add('file:///a', exchange(over.signal))
    await two.add('file:///a', exchange())
    over.abort()
    two.remove('file:///a')
    expect(unsubscribe).toHaveBeenCalledTimes(1)
    expect(book.count()).toBe(1)
    one.remove('file:///a')
    one.remove('file:///a')
    expect(unsubscribe).toHaveBeenCalledTimes(2)
    expect(unsubscribe.mock.lastCall?.[1].ending.isOver()).toBe(false)
    expect(book.count()).toBe(0)
  })

  it('is forgotten when it ends while it begins', async () => {
    const features = fakeFeatures()
    features.addResource('file:///a')
    const book = subscriptionBook(features)
    const follower = book.open(ANN, vi.fn())
    const adding = follower.add('file:///a', exchange())
    follower.end()
    await adding
    expect(features.subscriptions).toEqual(['+file:///a', '-file:///a'])
    expect(book.count()).toBe(0)
  })

  it('is bounded for each follower', async () => {
    const features = fakeFeatures()
    for (let index = 0; index <= 256; index += 1) features.addResource(`file:///${index}`)
    const follower = subscriptionBook(features).open(ANN, vi.fn())
    for (let index = 0; index < 256; index += 1) await follower.add(`file:///${index}`, exchange())
    await expect(follower.add('file:///256', exchange())).rejects.toMatchObject({ code: 'invalid_request' })
    await follower.add('file:///0', exchange())
    follower.remove('file:///0')
    await follower.add('file:///256', exchange())
  })

  it('is not what a refused listen says', async () => {
    const features = fakeFeatures()
    features.addResource('file:///a')
    const edge = await startEdge({ features })
    const params = { notifications: { resourceSubscriptions: ['file:///a'] } }
    const headers = { 'mcp-method': 'tools/list' }
    expect((await postModern(edge, 'subscriptions/listen', params, { headers })).status).toBe(400)
    await vi.waitFor(() => expect(edge.mcp.counts()).toMatchObject({ subscriptions: 0, listens: 0 }), {
      timeout: 10_000,
    })
    await edge.close()
  })
})

describe('a listen on a pipe', () => {
  const listen = {
    jsonrpc: '2.0',
    id: 7,
    method: 'subscriptions/listen',
    params: { _meta: ENVELOPE, notifications: { resourceSubscriptions: ['file:///a', 'file:///hidden', 'file:///a'] } },
  } as const
  const setUp = () => {
    const features = fakeFeatures()
    features.addResource('file:///a')
    features.addResource('file:///hidden')
    const follower = subscriptionBook(features).open(ANN, vi.fn())
    return { features, listens: stdioListens(follower, () => ({ principal: ANN, requestId: 'r' })) }
  }

  it('is served without what cannot be followed', async () => {
    const { listens } = setUp()
    expect(await listens.pass(listen)).toMatchObject({
      params: { notifications: { resourceSubscriptions: ['file:///a', 'file:///a'] } },
    })
  })

  it('is not served when it was cancelled before it began', async () => {
    const { features, listens } = setUp()
    const passing = listens.pass(listen)
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } } as const
    expect(listens.pass(cancel)).toBe(cancel)
    expect(await passing).toBeUndefined()
    expect(features.subscriptions.at(-1)).toBe('-file:///a')
  })
})
