import { describe, expect, it } from 'vitest'
import { approvalWorld, asking } from '../../helpers/approvals.ts'

const WRITE = 'conn:notes:write_note'

describe('the records of a call that people approve', () => {
  it('name the approval that it waits for, and the one that it was made with', async () => {
    const { gateway, newest, approve } = await approvalWorld({ policy: asking() })
    const input = { text: 'hello', to: ['a'] }
    await expect(gateway.call('sidekick', WRITE, input)).rejects.toMatchObject({ code: 'approval_required' })
    const { id } = newest()
    await approve()
    await gateway.call('sidekick', WRITE, input)
    const calls = gateway.events.filter(({ type }) => type === 'tool.call')
    expect(calls.map(({ phase, code, approval }) => [phase, code, approval])).toEqual([
      ['outcome', 'approval_required', id],
      ['intent', undefined, id],
      ['outcome', undefined, id],
    ])
  })
})
