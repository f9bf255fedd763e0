import { ending } from '../../../src/kernel/ending.ts'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { personalLines } from '../../../src/sources/personal-lines.ts'
import { callsInFlight } from '../../../src/sources/calls-in-flight.ts'
import { openLine, type Line } from '../../../src/sources/mcp-line.ts'
import type { Link } from '../../../src/sources/mcp-link.ts'
import { withOrigin } from '../../../src/sources/origin.ts'
import { wholeServer, type WholeKind } from '../../fakes/downstream/whole.ts'
import { ANSWERS, caller, mute, type Caller } from './callers.ts'
import { lever, settle } from './lever.ts'
import { anExchange, connect, mcpDeps, textOf } from './mcp-fixture.ts'

async function reach(kind: WholeKind, deps = mcpDeps()) {
  const server = await wholeServer(kind)
  onTestFinished(() => server.close())
  return { ...(await connect(server.transport, {}, deps)), server }
}

/** A caller whose answers bear its name, given when all of them were asked. */
function together(names: readonly string[]): readonly Caller[] {
  let open = (): void => undefined
  const all = new Promise<void>((resolve) => {
    open = resolve
  })
  let asked = 0
  return names.map((name) => ({
    ...caller('legacy', { name }),
    async ask() {
      asked += 1
      if (asked === names.length) open()
      await all
      return { action: 'accept', content: { name } }
    },
  }))
}

const nameIn = (result: Parameters<typeof textOf>[0]): unknown => JSON.parse(textOf(result)).content?.name

describe('what a legacy server asks', () => {
  it('reaches the caller that it is for, over a line of its own for each principal', async () => {
    const { call, server } = await reach('http legacy')
    const names = ['ann', 'bob', 'cleo']
    const answers = await Promise.all(together(names).map((one) => call('aside', {}, one)))
    expect(answers.map(nameIn)).toEqual(names)
    expect(server.sessions?.()).toBe(4)
    await call('era', {}, mute('legacy'))
    expect(server.sessions?.()).toBe(4)
  })

  it('may be for many principals at a time without a warning of a leak', async () => {
    const { call } = await reach('http legacy')
    const warned = vi.fn()
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const names = Array.from({ length: 20 }, (_, index) => `agent-${index}`)
    const answers = await Promise.all(together(names).map((one) => call('elicit', {}, one)))
    expect(answers.map(nameIn)).toEqual(names)
    expect(warned).not.toHaveBeenCalled()
  })

  it('reaches the very call on whose stream it came, when one principal has several', async () => {
    const { call } = await reach('http legacy')
    const [first, second, third] = together(['one', 'two', 'three']).map((one) => ({
      ...one,
      principal: anExchange().principal,
    }))
    const answers = await Promise.all([first, second, third].map((one) => call('elicit', {}, one)))
    expect(answers.map(nameIn)).toEqual(['one', 'two', 'three'])
  })

  it('reaches a modern caller too', async () => {
    const { call } = await reach('stdio legacy')
    const ann = caller('modern')
    expect(nameIn(await call('elicit', {}, ann))).toBe('Ann')
    expect(ann.asked.map(({ method }) => method)).toEqual(['elicitation/create'])
  })

  it('is refused over stdio while calls of several principals run: it would be a guess', async () => {
    const { call } = await reach('stdio legacy')
    const gone = ending()
    const hanging = call('hang', {}, { ...caller('legacy', { name: 'bob' }), ending: gone })
    const ann = caller('legacy')
    expect(JSON.parse(textOf(await call('elicit', {}, ann)))).toMatchObject({
      error: { code: -32603, message: expect.stringContaining('cannot be told which caller') },
    })
    gone.end('The caller went away.')
    await expect(hanging).rejects.toMatchObject({ code: 'cancelled' })
    expect(nameIn(await call('elicit', {}, ann))).toBe('Ann')
  })

  it('gets the refusal of the client as the client gave it, and plain words for everything else', async () => {
    const calls = callsInFlight()
    const answerWith = async (error: unknown): Promise<unknown> => {
      const entered = calls.enter({ ...anExchange(), ...caller('legacy'), ask: () => Promise.reject(error) })
      const answer = await calls.answer({ method: 'roots/list', params: {} }).catch((reason: unknown) => reason)
      calls.leave(entered)
      return answer
    }
    const refusal = { code: -1, message: 'User rejected', data: { why: 'no' } }
    expect(await answerWith(new GatewayError('upstream_refused', 'x', { data: refusal }))).toMatchObject(refusal)
    expect(await answerWith(new GatewayError('cancelled', 'The client went away.'))).toMatchObject({
      code: -32603,
      message: 'The client went away.',
    })
    expect(await answerWith(new Error('secret'))).toMatchObject({ message: 'The client did not answer.' })
    await expect(calls.answer({ method: 'tasks/get', params: {} })).rejects.toMatchObject({ code: -32601 })
    await expect(calls.answer({ method: 'roots/list', params: {} })).rejects.toThrow('no call of a client is running')
  })

  it('is for nobody when the call on whose stream it came has ended', async () => {
    const calls = callsInFlight()
    const ended = calls.enter({ ...anExchange(), ...caller('legacy') })
    calls.leave(ended)
    calls.enter({ ...anExchange(), ...caller('legacy') })
    const { params } = withOrigin({ method: 'roots/list', params: {} }, ended.tag)
    await expect(calls.answer({ method: 'roots/list', params })).rejects.toMatchObject({ code: -32601 })
  })

  it('is refused when the caller did not declare just that', async () => {
    const tries = [
      [{ elicitation: {} }, 'elicitation/create', { mode: 'url' }],
      [{ elicitation: { url: {} } }, 'elicitation/create', {}],
      [{ sampling: {} }, 'sampling/createMessage', { tools: [] }],
      [{ elicitation: {} }, 'roots/list', {}],
    ] as const
    for (const [capabilities, method, params] of tries) {
      const calls = callsInFlight()
      calls.enter({ ...anExchange(), ...caller('legacy', { capabilities }) })
      await expect(calls.answer({ method, params })).rejects.toThrow(`does not support ${method}`)
    }
    const able = callsInFlight()
    able.enter({ ...anExchange(), ...caller('legacy', { capabilities: { elicitation: { url: {} } } }) })
    expect(await able.answer({ method: 'elicitation/create', params: { mode: 'url' } })).toEqual(
      ANSWERS['elicitation/create'],
    )
  })
})

describe('a caller that is asked', () => {
  it('may take longer than a server may be silent', async () => {
    const { transport } = await wholeServer('stdio legacy')
    const impatient = { timeouts: { idleMs: 80 } }
    const { call } = await connect(transport, impatient)
    const elsewhere = await connect(transport, impatient)
    const ann = caller('legacy')
    const ask = async () => {
      for (const _ of [1, 2]) await expect(elsewhere.call('hang')).rejects.toMatchObject({ code: 'upstream_timeout' })
      return ANSWERS['elicitation/create'] ?? {}
    }
    expect(nameIn(await call('elicit', {}, { ...ann, ask }))).toBe('Ann')
  })
})

describe('the lines of principals', () => {
  const exchangeOf = (name: string) => ({ ...anExchange(), ...caller('legacy', { name }) })

  function world(open?: () => Promise<Line>) {
    const time = lever()
    const closed: number[] = []
    let opened = 0
    const lines = personalLines({
      schedule: time.schedule,
      open:
        open ??
        (() => {
          const number = (opened += 1)
          const link = { close: () => Promise.resolve(void closed.push(number)) } as unknown as Link
          return openLine(() => Promise.resolve(link))
        }),
    })
    return { lines, closed, time }
  }

  it('are one for each, and closed after five idle minutes but not during a call', async () => {
    const { lines, closed, time } = world()
    const line = await lines.get(exchangeOf('ann'))
    expect(await lines.get(exchangeOf('ann'))).toBe(line)
    expect(await lines.get(exchangeOf('bob'))).not.toBe(line)
    const running = line?.calls.enter(exchangeOf('ann'))
    await time.advance(300_000)
    expect(closed).toEqual([2])
    if (running) line?.calls.leave(running)
    await time.advance(300_000)
    expect([closed, lines.size(), time.waiting()]).toEqual([[2, 1], 0, []])
  })

  it('are fifty at most: the longest unused makes room, and when all are used there is none', async () => {
    const { lines, closed } = world()
    const names = Array.from({ length: 50 }, (_, index) => `agent${index}`)
    const open = await Promise.all(names.map((name) => lines.get(exchangeOf(name))))
    await lines.get(exchangeOf('agent0'))
    expect(await lines.get(exchangeOf('late'))).toBeDefined()
    expect([closed, lines.size()]).toEqual([[2], 50])
    const late = await lines.get(exchangeOf('late'))
    for (const line of [...open, late]) line?.calls.enter(exchangeOf('x'))
    expect(await lines.get(exchangeOf('later'))).toBeUndefined()
    await lines.close()
    expect(new Set(closed).size).toBe(51)
  })

  it('are done without for a minute when the server gives no second session', async () => {
    const open = vi.fn(() => Promise.reject<Line>(new Error('Server already initialized')))
    const { lines, time } = world(open)
    expect(await lines.get(exchangeOf('ann'))).toBeUndefined()
    expect(await lines.get(exchangeOf('ann'))).toBeUndefined()
    expect(open).toHaveBeenCalledTimes(1)
    await time.advance(60_000)
    await lines.get(exchangeOf('ann'))
    await settle()
    expect(open).toHaveBeenCalledTimes(2)
  })
})
