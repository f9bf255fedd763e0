import { describe, expect, it } from 'vitest'
import type { Freeze } from '../../../src/kernel/freeze.ts'
import { ECHO, testGateway } from '../../helpers/test-gateway.ts'

const freeze = (scope: Freeze['scope'], id?: string): Freeze => ({
  scope,
  ...(id !== undefined && { id }),
  by: 'admin',
  at: 0,
})
const READ = 'conn:notes:read_note'
const agents = [{ id: 'sidekick' }, { id: 'ci' }]

/** A source that answers when it is told to, and never listens to its signal. */
function slow() {
  const answers: (() => void)[] = []
  const signals: AbortSignal[] = []
  const run = (_name: string, _input: unknown, { signal }: { readonly signal: AbortSignal }) =>
    new Promise<{ content: [] }>((resolve) => {
      signals.push(signal)
      answers.push(() => resolve({ content: [] }))
    })
  return { answers, signals, gateway: testGateway({ agents, connections: { notes: { ...ECHO, run }, other: ECHO } }) }
}

describe('the emergency stop', () => {
  it('refuses what it covers, says who may lift it, and nothing else', async () => {
    const { call, freezes, events } = testGateway({ agents, connections: { notes: ECHO, other: ECHO } })
    freezes.set([freeze('agent', 'sidekick'), freeze('connection', 'other')])
    await expect(call('sidekick', READ)).rejects.toMatchObject({
      code: 'frozen',
      data: { scope: 'agent', id: 'sidekick' },
    })
    await expect(call('ci', 'conn:other:read_note')).rejects.toMatchObject({ code: 'frozen' })
    await call('ci', READ)
    expect(events.filter(({ code }) => code === 'frozen')).toHaveLength(2)
    freezes.set([freeze('all')])
    await expect(call('ci', READ)).rejects.toThrow('An admin has stopped all calls.')
    freezes.set([])
    await call('sidekick', READ)
  })

  it('tells nothing of tools that are hidden', async () => {
    const { call, freezes } = testGateway({ agents, connections: { notes: ECHO } })
    freezes.set([freeze('all')])
    await expect(call('ci', 'conn:notes:no_such')).rejects.toMatchObject({ code: 'tool_not_found' })
  })

  it('aborts what runs at once, also when the source does not listen, and leaves others alone', async () => {
    const { gateway, answers, signals } = slow()
    const { call, freezes } = gateway
    const stopped = call('sidekick', READ)
    const other = call('ci', READ)
    await expect.poll(() => answers).toHaveLength(2)
    freezes.set([freeze('agent', 'sidekick')])
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false])
    await expect(stopped).rejects.toMatchObject({ code: 'frozen' })
    for (const answer of answers) answer()
    expect(await other).toEqual({ content: [] })
    expect(freezes.running()).toBe(0)
  })

  it('leaves nothing behind on a caller that lives long', async () => {
    const { call, freezes } = testGateway({ agents, connections: { notes: ECHO } })
    const { signal } = new AbortController()
    const added: string[] = []
    const counted = new Proxy(signal, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        if (name === 'addEventListener' || name === 'removeEventListener') added.push(name)
        return value.bind(target) as unknown
      },
    })
    for (let n = 0; n < 20; n++) await call('ci', READ, {}, { signal: counted })
    expect(added.filter((name) => name === 'addEventListener').length).toBe(
      added.filter((name) => name === 'removeEventListener').length,
    )
    expect(freezes.running()).toBe(0)
  })
})
