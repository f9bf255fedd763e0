import { expect, it, vi } from 'vitest'
import { afterwards } from '../../../src/kernel/afterwards.ts'

it('tidies up once, before anyone hears of the outcome, whichever way the work ends', async () => {
  const fail = (): never => {
    throw new Error('at once')
  }
  for (const work of [() => Promise.resolve('done'), () => Promise.reject(new Error('later')), fail]) {
    const tidy = vi.fn()
    const heard = await afterwards<string>(work, tidy).then(
      (result) => [result, tidy.mock.calls.length],
      (error: Error) => [error.message, tidy.mock.calls.length],
    )
    expect(['done', 'later', 'at once']).toContain(heard[0])
    expect([heard[1], tidy.mock.calls.length]).toEqual([1, 1])
  }
})
