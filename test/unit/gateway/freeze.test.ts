import { type Ending, ending } from '../../../src/kernel/ending.ts'
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

/** A source that answers when it is told to, and never listens to its ending. */
function slow() {
  const answers: (() => void)[] = []
  const endings: Ending[] = []
  const run = (_name: string, _input: unknown, { ending: end }: { readonly ending: Ending }) =>
    new Promise<{ content: [] }>((resolve) => {
      endings.push(end)
      answers.push(() => resolve({ content: [] }))
    })
  return { answers, endings, gateway: testGateway({ agents, connections: { notes: { ...ECHO, run }, other: ECHO } }) }
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
    const { gateway, answers, endings } = slow()
    const { call, freezes } = gateway
    const stopped = call('sidekick', READ)
    const other = call('ci', READ)
    await expect.poll(() => answers).toHaveLength(2)
    freezes.set([freeze('agent', 'sidekick')])
    expect(endings.map((one) => one.isOver())).toEqual([true, false])
    await expect(stopped).rejects.toMatchObject({ code: 'frozen' })
    for (const answer of answers) answer()
    expect(await other).toEqual({ content: [] })
    expect(freezes.running()).toBe(0)
  })

  it('leaves nothing behind on a caller that lives long', async () => {
    const { call, freezes } = testGateway({ agents, connections: { notes: ECHO } })
    const caller = ending()
    let listening = 0
    const whenOver: typeof caller.whenOver = (listener) => {
      const letGo = caller.whenOver(listener)
      listening += 1
      return () => {
        letGo()
        listening -= 1
      }
    }
    for (let n = 0; n < 20; n++) await call('ci', READ, {}, { ending: { ...caller, whenOver } })
    expect(listening).toBe(0)
    expect(freezes.running()).toBe(0)
  })
})
