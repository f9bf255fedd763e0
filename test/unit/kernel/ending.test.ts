import { describe, expect, it } from 'vitest'
import { ending, endingWith } from '../../../src/kernel/ending.ts'

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

  it('lets go of the one listener that asks for it, however often it asks', () => {
    const over = ending()
    const heard: string[] = []
    const letGo = over.whenOver(() => heard.push('first'))
    letGo()
    over.whenOver(() => heard.push('second'))
    letGo()
    over.whenOver(() => heard.push('third'))
    letGo()
    over.end('enough')
    expect(heard).toEqual(['second', 'third'])
  })

  it('follows a signal, also one that has aborted before', () => {
    const controller = new AbortController()
    const [over, late] = [endingWith(controller.signal), endingWith(AbortSignal.abort('gone'))]
    expect([over.isOver(), late.isOver(), late.reason()]).toEqual([false, true, 'gone'])
    controller.abort('stop')
    expect([over.isOver(), over.reason()]).toEqual([true, 'stop'])
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
