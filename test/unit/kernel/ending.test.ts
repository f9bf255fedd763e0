import { describe, expect, it } from 'vitest'
import { ending } from '../../../src/kernel/ending.ts'

describe('an ending', () => {
  it('tells its listeners once, with the first reason', () => {
    const over = ending()
    const heard: unknown[] = []
    over.whenOver((reason) => heard.push(['first', reason]))
    over.whenOver((reason) => heard.push(['second', reason]))
    expect([over.isOver(), over.reason()]).toEqual([false, undefined])
    over.end('enough')
    over.end('again')
    expect(heard).toEqual([
      ['first', 'enough'],
      ['second', 'enough'],
    ])
    expect([over.isOver(), over.reason()]).toEqual([true, 'enough'])
  })

  it('does not call who comes too late', () => {
    const over = ending()
    over.end('enough')
    over.whenOver(() => expect.unreachable('it was over before'))
    expect(over.isOver()).toBe(true)
  })

  it('is a signal too, the same one each time, whenever it is asked for', () => {
    const [early, late] = [ending(), ending()]
    const signal = early.signal()
    expect([signal.aborted, early.signal() === signal]).toEqual([false, true])
    early.end('enough')
    late.end('enough')
    expect([signal.aborted, signal.reason]).toEqual([true, 'enough'])
    expect([late.signal().aborted, late.signal().reason]).toEqual([true, 'enough'])
  })
})
