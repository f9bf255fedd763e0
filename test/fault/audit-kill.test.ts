import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { AUDIT_KEY, auditRoom } from '../helpers/audit.ts'
import { type Compiled, compiled } from '../helpers/compiled.ts'
import { killedAfter } from '../helpers/killed.ts'

const KILLS = 8

let writer: Compiled
beforeAll(async () => {
  writer = await compiled('test/fakes/audit-writer.ts')
})
afterAll(() => writer.remove())

describe('an audit log whose process is killed while it writes', () => {
  it('has every acknowledged event, in one unbroken chain', { timeout: 60_000 }, async () => {
    const room = await auditRoom()
    const acknowledged: string[] = []
    for (let round = 0; round < KILLS; round++) {
      const lines = 1 + ((round * 17) % 60)
      acknowledged.push(
        ...(await killedAfter(lines, writer.path, room.directory, `r${round}`, AUDIT_KEY.toString('hex'))),
      )
      await room.write([])
      expect(await room.verify(), `after kill ${round}`).toMatchObject({ ok: true })
    }
    const recorded = new Set((await room.records()).map((record) => record.requestId))
    expect(acknowledged.filter((id) => !recorded.has(id))).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(KILLS)
  })
})
