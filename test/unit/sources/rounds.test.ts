import { ending } from '../../../src/kernel/ending.ts'
import { describe, expect, it, vi } from 'vitest'
import type { Resumption } from '../../../src/kernel/exchange.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { patience } from '../../../src/sources/patience.ts'
import { withRounds } from '../../../src/sources/rounds.ts'
import { ANSWERS, caller, mute } from './callers.ts'
import { lever } from './lever.ts'
import { anExchange } from './mcp-fixture.ts'

const question = (more: JsonObject = {}): JsonObject => ({
  resultType: 'input_required',
  inputRequests: { b: { method: 'elicitation/create', params: { n: 1 } }, a: { method: 'roots/list' } },
  ...more,
})

describe('a result that asks for input', () => {
  it('is answered by a legacy caller in the order of the questions, under their keys, with the state as it was', async () => {
    const sent: (Resumption | undefined)[] = []
    const ann = caller('legacy')
    const results = [question({ requestState: 'opaque ☃' }), question(), { content: [] }]
    const send = async (resumption: Resumption | undefined) => results[sent.push(resumption) - 1] ?? {}
    expect(await withRounds(send, { ...anExchange(), ...ann }, () => 0)).toEqual({ content: [] })
    const inputResponses = { b: ANSWERS['elicitation/create'], a: ANSWERS['roots/list'] }
    expect(sent).toEqual([undefined, { inputResponses, requestState: 'opaque ☃' }, { inputResponses }])
    expect(Object.keys(sent[1]?.inputResponses ?? {})).toEqual(['b', 'a'])
    expect(ann.asked).toHaveLength(4)
    expect(ann.asked[1]).toEqual({ method: 'roots/list', params: {} })
  })

  it('is a modern caller’s own business', async () => {
    const ann = caller('modern')
    const resumption = { requestState: 'x' }
    const send = vi.fn(async () => question())
    expect(await withRounds(send, { ...anExchange(), ...ann, resumption }, () => 0)).toEqual(question())
    expect(send.mock.calls).toEqual([[resumption]])
    expect(ann.asked).toEqual([])
  })

  it('is refused for a caller that cannot be asked, or not this', async () => {
    const refused = { code: 'upstream_refused', message: expect.stringContaining('this client cannot be asked') }
    const send = async () => question()
    await expect(withRounds(send, { ...anExchange(), ...mute('legacy') }, () => 0)).rejects.toMatchObject(refused)
    const narrow = caller('legacy', { capabilities: { elicitation: {} } })
    await expect(withRounds(send, { ...anExchange(), ...narrow }, () => 0)).rejects.toMatchObject(refused)
    expect(narrow.asked.map(({ method }) => method)).toEqual(['elicitation/create'])
  })

  it('has an end: eight rounds, or ten minutes', async () => {
    const send = vi.fn(async () => question())
    const ann = { ...anExchange(), ...caller('legacy') }
    await expect(withRounds(send, ann, () => 0)).rejects.toThrow('again and again')
    expect(send).toHaveBeenCalledTimes(9)
    let now = 0
    const slow = vi.fn(async () => question())
    await expect(withRounds(slow, ann, () => (now += 300_000))).rejects.toThrow('again and again')
    expect(slow).toHaveBeenCalledTimes(2)
  })

  it('is refused when it is none', async () => {
    const send = async () => question({ inputRequests: { a: 'nonsense' } })
    await expect(withRounds(send, { ...anExchange(), ...caller('legacy') }, () => 0)).rejects.toMatchObject({
      code: 'upstream_invalid',
    })
  })
})

describe('patience', () => {
  const limits = { idleMs: 100, totalMs: 1_000 }

  it('runs out with silence, which signs of life begin anew', async () => {
    const time = lever()
    const waiting = patience(ending(), limits, time)
    await time.advance(90)
    waiting.touch()
    await time.advance(90)
    expect(waiting.ending.isOver()).toBe(false)
    await time.advance(10)
    expect([waiting.ending.isOver(), waiting.expired()]).toEqual([true, 'idle'])
    waiting.release()
    expect(time.waiting()).toEqual([])
  })

  it('does not run out with silence while a person is asked, but in the end', async () => {
    const time = lever()
    const waiting = patience(ending(), limits, time)
    const [resume, other] = [waiting.pause(), waiting.pause()]
    await time.advance(500)
    other()
    await time.advance(200)
    expect(waiting.expired()).toBeUndefined()
    resume()
    await time.advance(100)
    expect(waiting.expired()).toBe('idle')
    const endless = patience(ending(), limits, time)
    endless.pause()
    await time.advance(1_000)
    expect(endless.expired()).toBe('total')
  })

  it('ends with the caller, and leaves nothing behind', () => {
    const time = lever()
    const gone = ending()
    const waiting = patience(gone, limits, time)
    gone.end('The caller went away.')
    expect([waiting.ending.isOver(), waiting.expired()]).toEqual([true, undefined])
    const resume = waiting.pause()
    waiting.release()
    resume()
    waiting.touch()
    expect(time.waiting()).toEqual([])
    expect(patience(gone, limits, time).ending.isOver()).toBe(true)
  })
})
