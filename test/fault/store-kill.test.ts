import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { lowdbDriver } from '../../src/store/lowdb-driver.ts'
import { type Compiled, compiled } from '../helpers/compiled.ts'
import { killedAfter } from '../helpers/killed.ts'
import { temporaryDirectory } from '../helpers/temporary-directory.ts'

const LANES = 2
const KILLS_PER_LANE = 25

let writer: Compiled
beforeAll(async () => {
  writer = await compiled('test/fakes/store-writer.ts')
})
afterAll(() => writer.remove())

describe('a store whose process is killed while it writes', () => {
  it('loses no acknowledged write in 50 kills, and can always be read', { timeout: 90_000 }, async () => {
    const lanes = await Promise.all(Array.from({ length: LANES }, (_, lane) => runLane(lane)))
    expect(lanes.flat()).toHaveLength(LANES * KILLS_PER_LANE)
    expect(Math.min(...lanes.flat())).toBeGreaterThan(0)
  })
})

/** Kills one writer after the other on one directory; gives the acknowledged writes of each. */
async function runLane(lane: number): Promise<readonly number[]> {
  const directory = await temporaryDirectory()
  const settled = new Map<string, number>()
  const counts: number[] = []
  for (let round = 0; round < KILLS_PER_LANE; round++) {
    const acknowledged = await killAfter(directory, `r${round}`, 1 + ((round * 7 + lane * 3) % 23))
    const found = await readNumbers(directory)
    for (const [id, n] of settled) expect(found.get(id), `${id} of an earlier round`).toBe(n)
    for (const [id, n] of acknowledged) {
      expect(found.get(id), `${id} of round ${round}`).toBeGreaterThanOrEqual(n)
      expect(found.get(id), `${id} of round ${round}`).toBeLessThanOrEqual(n + 1)
    }
    for (const [id, n] of found) settled.set(id, n)
    counts.push([...acknowledged.values()].reduce((sum, n) => sum + n, 0))
  }
  return counts
}

/** Lets a writer acknowledge so many writes and kills it; gives the last number that each of its four said. */
async function killAfter(directory: string, round: string, writes: number): Promise<Map<string, number>> {
  const said = await killedAfter(writes, writer.path, directory, round)
  return new Map(said.map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]))
}

/** Through the front door, which takes over the dead writer's lock; and the file itself is whole at any time. */
async function readNumbers(directory: string): Promise<ReadonlyMap<string, number>> {
  JSON.parse(await readFile(join(directory, 'store.json'), 'utf8'))
  const driver = await lowdbDriver({ directory, clock: Date.now, owner: 'reader' })
  const rows = await driver.list('numbers')
  await driver.close()
  return new Map(rows.map((row) => [row.id, Number(row.value)]))
}
