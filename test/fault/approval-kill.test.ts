import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Compiled, compiled } from '../helpers/compiled.ts'
import { killedAfter } from '../helpers/killed.ts'
import { temporaryDirectory } from '../helpers/temporary-directory.ts'

/** Enough lines for a whole life; what is left of them says how it ended. */
const WHOLE = 30
const LANES = 2

let runner: Compiled
beforeAll(async () => {
  runner = await compiled('test/fakes/approval-runner.ts')
})
afterAll(() => runner.remove())

const run = (directory: string, stopAt: number) => killedAfter(stopAt, runner.path, directory, String(stopAt))

async function effectsIn(directory: string): Promise<number> {
  const text = await readFile(join(directory, 'effects.log'), 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').length - 1
}

describe('an approved call whose gateway is killed', () => {
  it('is never made twice and never without a yes, at whichever step', { timeout: 120_000 }, async () => {
    const whole = await run(await temporaryDirectory(), WHOLE)
    const steps = whole.findIndex((line) => line.startsWith('over'))
    expect(steps).toBeGreaterThan(8)
    const places = Array.from({ length: steps }, (_, index) => index + 1)
    const ends: string[] = []
    const lane = async (number: number): Promise<void> => {
      for (const stopAt of places.filter((place) => place % LANES === number)) ends.push(await killedAt(stopAt))
    }
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number)))
    expect(ends).toHaveLength(steps)
    expect(new Set(ends)).toEqual(new Set(['ok', 'unknown']))
  })
})

/** Kills at one step, lets the next process end what is left, and a third look whether anything is left at all. */
async function killedAt(stopAt: number): Promise<string> {
  const directory = await temporaryDirectory()
  const before = await run(directory, stopAt)
  const last = before.at(-1) ?? ''
  const consumed = before.filter((line) => line === 'after put approvals').length >= 3
  if (!consumed) expect(await effectsIn(directory), `at ${last}`).toBe(0)
  const after = await run(directory, WHOLE)
  const end = after.find((line) => line.startsWith('over')) ?? ''
  expect(end, `after a kill at ${stopAt}: ${last}`).toMatch(/^over 1 consumed (ok|unknown)$/)
  const effects = await effectsIn(directory)
  expect(effects).toBeLessThanOrEqual(1)
  if (end.endsWith('ok')) expect(effects).toBe(1)
  const third = await run(directory, 3)
  expect(third.filter((line) => line.includes('effect'))).toEqual([])
  expect(await effectsIn(directory)).toBe(effects)
  return end.split(' ').at(-1) ?? ''
}
