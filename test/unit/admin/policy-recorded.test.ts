import { describe, expect, it } from 'vitest'
import { MOST_RECORDED, recordedCalls } from '../../../src/admin/policy-recorded.ts'
import { adminWorld } from '../../helpers/admin-world.ts'

const CALL = { type: 'tool.call', phase: 'outcome', agent: 'sidekick', tool: 'conn:notes:read_note' } as const
const { signal } = new AbortController()

async function world(count: number) {
  const { deps, append } = await adminWorld()
  for (let n = 0; n < count; n++) append({ ...CALL, at: n, decision: 'allow', projection: { members: {} } })
  let pauses = 0
  const pause = (): Promise<void> => Promise.resolve(void pauses++)
  return { deps: { ...deps, policy: { ...deps.policy, pause } }, append, pauses: () => pauses }
}

async function timesOf({ calls }: Awaited<ReturnType<typeof recordedCalls>>): Promise<readonly number[]> {
  const times: number[] = []
  for await (const { at } of calls) times.push(at)
  return times
}

describe('calls of the past', () => {
  it('are the last ones, oldest first, and everything else may run after every hundred', async () => {
    const { deps, pauses } = await world(1_000)
    const recorded = await recordedCalls(deps, { last: 500 }, signal)
    const times = await timesOf(recorded)
    expect([times.length, times[0], times.at(-1)]).toEqual([500, 500, 999])
    expect(recorded.isCut).toBe(false)
    expect(pauses()).toBe(10)
  })

  it('reach back to a moment, and say when there is no room for all of them', async () => {
    const { deps } = await world(300)
    expect(await timesOf(await recordedCalls(deps, { since: 290 }, signal))).toHaveLength(10)
    const many = await world(MOST_RECORDED + 1)
    const recorded = await recordedCalls(many.deps, { since: 0 }, signal)
    expect([(await timesOf(recorded)).length, recorded.isCut]).toEqual([MOST_RECORDED, true])
  })

  it('leave out what policy did not decide, and take nothing for granted that was not recorded', async () => {
    const { deps, append } = await world(0)
    append({ ...CALL, phase: 'intent', decision: 'allow' })
    append({ ...CALL, outcome: 'unknown_tool' })
    append({ type: 'policy.saved', phase: 'outcome', decision: 'allow' })
    append({ ...CALL, decision: 'deny', at: 7, argumentsHash: 'x' })
    append({ ...CALL, decision: 'allow', at: 8, arguments: { a: 1 }, claims: {}, labels: ['bad'], groups: ['g'] })
    const found = []
    for await (const call of (await recordedCalls(deps, {}, signal)).calls) found.push(call)
    expect(found).toEqual([
      { at: 7, agent: 'sidekick', groups: [], tool: CALL.tool },
      { at: 8, agent: 'sidekick', groups: ['g'], claims: {}, tool: CALL.tool, arguments: { a: 1 }, labels: ['bad'] },
    ])
  })
})
