import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { McpTransport } from '../../src/sources/mcp-spec.ts'
import { answering } from '../fakes/downstream/http-servers.ts'
import { wholeServer } from '../fakes/downstream/whole.ts'
import { caller } from '../unit/sources/callers.ts'
import { connect, FAKES, http, textOf } from '../unit/sources/mcp-fixture.ts'

const unruly = (manner: string): McpTransport => ({
  kind: 'stdio',
  command: process.execPath,
  args: [`${FAKES}/unruly-server.mjs`, manner],
  env: {},
})

describe('a server that breaks the rules of the protocol', () => {
  it('and dies during initialize is reported', async () => {
    await expect(connect(unruly('dies-in-initialize'))).rejects.toThrow('exit code 4')
  })

  it('and dies during a call fails all that is under way', async () => {
    const { call, request, losses } = await connect(unruly('swapped'))
    const waiting = call('call', { n: '1' })
    await expect(call('die')).rejects.toThrow('exit code 5')
    await expect(waiting).rejects.toThrow('It is not known whether the call was carried out.')
    await expect(request('resources/read', { uri: 'a://1' })).rejects.toMatchObject({ code: 'upstream_failed' })
    expect(losses).toHaveLength(1)
  })

  it('and reports progress of what is over does not disturb the next call', async () => {
    const { call, losses } = await connect(unruly('late'))
    const onProgress = vi.fn()
    expect(textOf(await call('call', {}, { onProgress }))).toBe('done')
    expect(textOf(await call('call', {}, { onProgress }))).toBe('done')
    expect([onProgress.mock.calls, losses]).toEqual([[], []])
  })

  it('and answers out of order gives each call its own answer', async () => {
    const { call } = await connect(unruly('swapped'))
    const answers = await Promise.all(['1', '2', '3', '4'].map((n) => call('call', { n })))
    expect(answers.map(textOf)).toEqual(['1', '2', '3', '4'])
  })

  it('and answers what nobody asked, or twice, is taken at its first word', async () => {
    const { call, losses } = await connect(unruly('forgets-ids'))
    expect(textOf(await call('call'))).toBe('first')
    expect(textOf(await call('call'))).toBe('first')
    expect(losses).toEqual([])
  })

  it('and asks what the client cannot serve gets an error for each, and the call goes on', async () => {
    const { call } = await connect(unruly('nagging'))
    const answers = JSON.parse(textOf(await call('call')))
    expect(answers.toSorted((a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1))).toEqual([
      { id: 'nag made/up', error: -32601 },
      { id: 'nag ping', result: {} },
      { id: 'nag roots/list', error: -32601 },
      { id: 'nag sampling/createMessage', error: -32601 },
      { id: 'nag tasks/get', error: -32601 },
    ])
  })

  it('and asks before there is anybody to ask gets an error, and no one is left waiting', async () => {
    const { call } = await connect(unruly('nosy'))
    await vi.waitFor(
      async () => {
        expect(JSON.parse(textOf(await call('answers')))).toEqual([{ id: 'nosy', error: -32601 }])
      },
      { timeout: 10_000 },
    )
  })

  it('and sends notifications that are none is listened to no further', async () => {
    const { call, updates, losses } = await connect(unruly('chatty'))
    const onLog = vi.fn()
    expect(textOf(await call('call', {}, { onLog }))).toBe('calm')
    expect([updates, losses]).toEqual([[], []])
  })

  it('and ends a stream in the middle of a question leaves nobody waiting', async () => {
    const server = await wholeServer('http legacy')
    const { call } = await connect(server.transport)
    let wasAsked = (): void => undefined
    const question = new Promise<void>((resolve) => {
      wasAsked = resolve
    })
    const ask = (): Promise<never> => {
      wasAsked()
      return new Promise(() => undefined)
    }
    const asking = call('elicit', {}, { ...caller('legacy'), ask })
    await question
    await server.close()
    await expect(asking).rejects.toMatchObject({ code: 'upstream_failed' })
  })

  it('and breaks off while it lists is reported, not waited for', async () => {
    const fake = await answering((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: {"jsonrpc":')
      response.destroy()
    })
    onTestFinished(() => fake.close())
    await expect(connect(http(fake.url, { fallbackToSse: false }), { era: 'modern' })).rejects.toMatchObject({
      code: 'upstream_failed',
    })
  })
})
