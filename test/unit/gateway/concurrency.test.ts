import { type Ender, type Ending, ending, endingWith } from '../../../src/kernel/ending.ts'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concurrency, type ConcurrencyLimits, USUAL_LIMITS } from '../../../src/gateway/concurrency.ts'
import type { Schedule } from '../../../src/sources/schedule.ts'

/** Calls that end when they are told to, under a clock that is turned by hand. */
function crowd(limits: Partial<ConcurrencyLimits> = {}) {
  const clock = { now: 0 }
  const timers = new Set<{ readonly at: number; readonly work: () => void }>()
  const schedule: Schedule = (work, delayMs) => {
    const timer = { at: clock.now + delayMs, work }
    timers.add(timer)
    return () => void timers.delete(timer)
  }
  const room = concurrency({ limits: () => ({ ...USUAL_LIMITS, ...limits }), clock: () => clock.now, schedule })
  const started: string[] = []
  const ends = new Map<string, (() => void)[]>()
  const call = (principal: string, connection = 'notes', over: Ending = ending()) =>
    room.run({ principal, connection, ending: over }, async (waited) => {
      started.push(principal)
      await new Promise<void>((resolve) => {
        ends.set(principal, [...(ends.get(principal) ?? []), resolve])
      })
      return waited
    })
  const end = async (principal: string): Promise<void> => {
    ends.get(principal)?.shift()?.()
    await settle()
  }
  const pass = async (ms: number): Promise<void> => {
    clock.now += ms
    for (const timer of timers) if (timer.at <= clock.now) timer.work()
    await settle()
  }
  return { room, started, call, end, pass, timers }
}

const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
const small = (running: number, waiting = 100): Partial<ConcurrencyLimits> => ({
  perConnection: () => ({ running, waiting }),
})

describe('calls at once', () => {
  it('start at once while there is room, and leave nothing behind', async () => {
    const { room, call, end } = crowd()
    const one = call('ann')
    expect(room.counts()).toEqual({ connections: [{ connection: 'notes', running: 1, waiting: 0 }], principals: 1 })
    await end('ann')
    expect(await one).toBe(false)
    expect(room.counts()).toEqual({ connections: [], principals: 0 })
  })

  it('leave their caller places for others when one connection hangs', async () => {
    const { started, call, end } = crowd({ perPrincipal: { running: 4, waiting: 10 } })
    const hanging = Array.from({ length: 6 }, () => call('ann', 'hangs'))
    const other = call('ann', 'notes')
    expect(started).toHaveLength(4)
    for (let ended = 0; ended < 7; ended++) await end('ann')
    expect(await other).toBe(false)
    expect(await Promise.all(hanging)).toEqual([false, false, false, true, true, true])
  })

  it('take turns by principal where a connection is full: a flood does not keep others waiting', async () => {
    const { started, call, end } = crowd(small(1))
    const all = [call('flood'), call('flood'), call('flood'), call('ann'), call('ann'), call('ben')]
    for (const who of ['flood', 'flood', 'ann', 'ben', 'flood', 'ann']) await end(who)
    expect(started).toEqual(['flood', 'flood', 'ann', 'ben', 'flood', 'ann'])
    expect(await Promise.all(all)).toEqual([false, true, true, true, true, true])
  })

  it('count for a principal over all connections, and one that waits for itself holds nobody up', async () => {
    const { started, call, end } = crowd({ perPrincipal: { running: 2, waiting: 10 } })
    const all = [call('ann', 'a'), call('ann', 'b'), call('ann', 'c'), call('ben', 'c')]
    await settle()
    expect(started).toEqual(['ann', 'ann', 'ben'])
    await end('ann')
    expect(started).toEqual(['ann', 'ann', 'ben', 'ann'])
    await end('ann')
    await end('ann')
    await end('ben')
    await Promise.all(all)
  })

  it('are refused when the queue of the principal or of the connection is full', async () => {
    const mine = crowd({ perPrincipal: { running: 1, waiting: 1 } })
    const [one, two] = [mine.call('ann'), mine.call('ann')]
    await mine.pass(5_000)
    await expect(mine.call('ann')).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringContaining('You have too many calls at once: 1 may run and 1 may wait.'),
      data: { connection: 'notes', retryAfterMs: 5_000 },
    })
    await mine.end('ann')
    await mine.end('ann')
    expect([await one, await two]).toEqual([false, true])

    const theirs = crowd(small(1, 1))
    const both = [theirs.call('ann'), theirs.call('ben')]
    await expect(theirs.call('cem')).rejects.toMatchObject({ code: 'overloaded', data: { retryAfterMs: 1_000 } })
    expect(theirs.room.counts().principals).toBe(2)
    await theirs.end('ann')
    await theirs.end('ben')
    await Promise.all(both)
  })

  it('wait for 30 s at most, and are told when to come back', async () => {
    const { room, call, end, pass, timers } = crowd(small(1))
    const running = call('ann')
    const waiting = call('ben')
    const refused = expect(waiting).rejects.toMatchObject({ code: 'overloaded', data: { retryAfterMs: 30_000 } })
    await pass(29_999)
    expect(room.counts().connections).toEqual([{ connection: 'notes', running: 1, waiting: 1 }])
    await pass(1)
    await refused
    expect(timers.size).toBe(0)
    await end('ann')
    await running
    expect(room.counts()).toEqual({ connections: [], principals: 0 })
  })

  it('leave the queue when they are cancelled, and never start', async () => {
    const { room, started, call, end, timers } = crowd(small(1))
    const running = call('ann')
    const caller = ending()
    const waiting = call('ben', 'notes', caller)
    caller.end('gone')
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
    await expect(call('ben', 'notes', endingWith(AbortSignal.abort()))).rejects.toMatchObject({ code: 'cancelled' })
    expect(timers.size).toBe(0)
    await end('ann')
    await running
    expect(started).toEqual(['ann'])
    expect(room.counts()).toEqual({ connections: [], principals: 0 })
  })

  it('give their place back when they fail', async () => {
    const { room } = crowd(small(1))
    const turn = { principal: 'ann', connection: 'notes', ending: ending() }
    await expect(room.run(turn, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
    expect(room.counts()).toEqual({ connections: [], principals: 0 })
  })

  it('never exceed a limit, start everything that waits, and forget everybody, whatever happens in whatever order', async () => {
    const step = fc.record({
      principal: fc.constantFrom('ann', 'ben', 'cem'),
      connection: fc.constantFrom('a', 'b'),
      act: fc.constantFrom('call', 'call', 'end', 'abort'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { room, call, end } = crowd({ ...small(2, 5), perPrincipal: { running: 3, waiting: 4 } })
        const work: Promise<unknown>[] = []
        const callers: Ender[] = []
        for (const { principal, connection, act } of steps) {
          if (act === 'call') {
            const caller = ending()
            callers.push(caller)
            work.push(call(principal, connection, caller).catch(() => undefined))
          } else if (act === 'end') await end(principal)
          else callers.shift()?.end('gone')
          const { connections } = room.counts()
          for (const { running, waiting } of connections) expect(running <= 2 && waiting <= 5).toBe(true)
        }
        for (let left = steps.length; left > 0; left--) for (const who of ['ann', 'ben', 'cem']) await end(who)
        await Promise.all(work)
        expect(room.counts()).toEqual({ connections: [], principals: 0 })
      }),
      { numRuns: 60 },
    )
  })
})
