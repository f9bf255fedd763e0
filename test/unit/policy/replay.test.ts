import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { RecordedCall } from '../../../src/policy/replay/recorded-call.ts'
import { project } from '../../../src/policy/replay/projection.ts'
import { replay, type ReplayReport } from '../../../src/policy/replay/replay.ts'
import { compile, NOON, TOOLS, toolNamed } from './office.ts'

const all = { id: 'all', effect: 'allow' }
const short = {
  id: 'short',
  effect: 'require',
  tools: { names: ['post_message'] },
  args: { '/text': { maxLength: 5 } },
}
const calls = (...list: readonly Partial<RecordedCall>[]): readonly RecordedCall[] =>
  list.map((more, index) => ({
    at: NOON + index,
    agent: 'ci',
    groups: [],
    claims: {},
    labels: [],
    tool: 'conn:slack:post_message',
    ...more,
  }))
const said = (text: string, pointers: readonly string[] = ['/text']) => ({
  projection: project({ channel: 'c', text }, pointers),
})
const of = (
  before: readonly unknown[],
  after: readonly unknown[],
  list: readonly RecordedCall[],
): Promise<ReplayReport> => replay(compile({ rules: before }), compile({ rules: after }), list)

describe('a replay', () => {
  it('counts and lists the calls that would come out otherwise, with the rule that makes the difference', async () => {
    const report = await of([all], [all, short], calls(said('short'), said('far too long'), said('hi')))
    expect(report).toStrictEqual({
      total: 3,
      changed: 1,
      widened: 0,
      indeterminate: 0,
      byRule: { short: 1 },
      changes: [
        {
          at: NOON + 1,
          agent: 'ci',
          tool: 'conn:slack:post_message',
          before: { kind: 'allow', rule: 'all', because: 'Rule "all" allows it.' },
          after: {
            kind: 'deny',
            rule: 'short',
            because: expect.stringContaining('/text must have at most 5') as string,
          },
          widening: false,
        },
      ],
    })
  })

  it('marks what is widened, an approval taken away too', async () => {
    const approval = { id: 'ask', effect: 'require', obligations: { approval: { approvers: ['machines'] } } }
    expect(await of([all, short], [all], calls(said('far too long')))).toMatchObject({ changed: 1, widened: 1 })
    expect(await of([all, approval], [all], calls({ user: 'ann' }))).toMatchObject({
      widened: 1,
      changes: [{ user: 'ann', before: { kind: 'approval' }, after: { kind: 'allow' }, widening: true }],
    })
    const closed = await of([all], [], calls({}))
    expect(closed).toMatchObject({ widened: 0, byRule: { all: 1 } })
    expect(closed.changes[0]?.after).toStrictEqual({
      kind: 'deny',
      because: 'No rule allows conn:slack:post_message here. Use another tool, or ask an admin to allow it.',
    })
  })

  it('never guesses: what turns on something that was not recorded is indeterminate', async () => {
    const unrecorded = said('far too long', ['/channel'])
    expect(await of([all], [all, short], calls(unrecorded, {}))).toMatchObject({ changed: 0, indeterminate: 2 })
    expect(await of([all], [all], calls(unrecorded, {}))).toMatchObject({ indeterminate: 0 })
    expect(await of([all], [all], calls({ tool: 'conn:slack:gone' }))).toMatchObject({ total: 1, indeterminate: 1 })
    const few = compile({ rules: [all] }, { tools: TOOLS.filter(({ name }) => name !== 'post_message') })
    expect(await replay(few, compile({ rules: [all] }), calls({}))).toMatchObject({ changed: 0, indeterminate: 1 })
    const owned = compile({ rules: [all] }, { tools: [{ ...toolNamed('slack:post_message'), owner: 'ann' }] })
    expect(await replay(owned, owned, calls({}, { user: 'ann' }))).toMatchObject({ changed: 0, indeterminate: 1 })
  })

  it('takes what was not recorded both ways at once, for what grants and what takes away', async () => {
    const unrecorded = calls(said('far too long', ['/channel']))
    const grant = { ...short, id: 'grant', effect: 'allow' }
    const take = { ...short, id: 'take', effect: 'deny' }
    expect(await of([], [grant, take], unrecorded)).toMatchObject({ changed: 0, indeterminate: 1 })
    expect(await of([], [grant], unrecorded)).toMatchObject({ changed: 0, indeterminate: 1 })
    expect(await of([all], [all, take], unrecorded)).toMatchObject({ changed: 0, indeterminate: 1 })
  })

  it('minds limits that may or may not count, and no other obligation', async () => {
    const unrecorded = calls(said('far too long', ['/channel']))
    const grant = (obligations: object) => ({ ...short, id: 'grant', effect: 'allow', obligations })
    const quota = { quota: { limit: 5, window: 'day' } }
    expect(await of([all], [all, grant(quota)], unrecorded)).toMatchObject({ changed: 0, indeterminate: 1 })
    expect(await of([all], [all, grant({ log: 'hash' })], unrecorded)).toMatchObject({ changed: 0, indeterminate: 0 })
  })

  it('says of a denial whatever was recorded that a part was not', async () => {
    const report = await of([all], [short], calls(said('far too long', ['/channel'])))
    expect(report.changes[0]?.after.because).toContain('was not recorded')
    expect(report.byRule).toEqual({ short: 1 })
  })

  it('knows what comes out the same whatever was not recorded', async () => {
    const never = { id: 'never', effect: 'deny', tools: { connections: ['slack'] } }
    const narrow = { ...short, id: 'narrow', effect: 'allow' }
    const unrecorded = said('far too long', ['/channel'])
    expect(await of([all], [all, short, never], calls(unrecorded))).toMatchObject({ changed: 1, byRule: { never: 1 } })
    expect(await of([all], [all, narrow], calls(unrecorded))).toMatchObject({ changed: 0, indeterminate: 0 })
  })

  it('tells an argument that was left out from one that was not recorded', async () => {
    const noThread = {
      id: 'none',
      effect: 'require',
      tools: { names: ['send_message'] },
      args: { '/threadId': { absent: true } },
    }
    const sent = (input: JsonObject) => ({ tool: 'conn:gmail:send_message', projection: project(input, ['/to']) })
    const report = await of([all], [all, noThread], calls(sent({ to: ['a'] }), sent({ to: ['a'], threadId: 't' })))
    expect(report).toMatchObject({ total: 2, changed: 0, indeterminate: 1 })
  })

  it('judges closed arguments by the names that were recorded', async () => {
    const closed = {
      id: 'closed',
      effect: 'require',
      tools: { names: ['post_message'] },
      args: { '/text': { maxLength: 99 } },
      closedArgs: true,
    }
    const shape = (input: JsonObject) => ({ projection: project(input, ['/text']) })
    expect(
      await of([all], [all, closed], calls(shape({ text: 'x' }), shape({ text: 'x', channel: 'c' }))),
    ).toMatchObject({
      changed: 1,
      byRule: { closed: 1 },
      indeterminate: 0,
    })
    expect(await of([all], [all, closed], calls({}))).toMatchObject({ indeterminate: 1 })
    const { args: _, ...empty } = closed
    expect(await of([all], [all, empty], calls({}, shape({}), shape({ text: 'x' })))).toMatchObject({
      changed: 1,
      indeterminate: 1,
    })
    expect(await of([all], [all, closed], calls({ arguments: { text: 'x' } }))).toMatchObject({
      changed: 0,
      indeterminate: 0,
    })
  })

  it('counts limits along, in the order of the calls', async () => {
    const limit = (quota: number) => ({
      id: 'few',
      effect: 'require',
      obligations: { quota: { limit: quota, window: 'day' } },
    })
    expect(await of([all, limit(3)], [all, limit(1)], calls({}, {}, {}, {}))).toMatchObject({
      changed: 2,
      byRule: { few: 2 },
      changes: [{ at: NOON + 1 }, { at: NOON + 2 }],
    })
  })

  it('knows what the run had seen, or that nobody noted it', async () => {
    const careful = {
      id: 'careful',
      effect: 'require',
      run: { seen: ['untrusted'] },
      obligations: { approval: { approvers: ['machines'] } },
    }
    const { labels: _, ...silent } = calls({})[0] ?? {}
    const unknown = [silent as RecordedCall]
    expect(await of([all], [all, careful], calls({ labels: ['untrusted'] }))).toMatchObject({ changed: 1 })
    expect(await of([all], [all, careful], calls({}))).toMatchObject({ changed: 0, indeterminate: 0 })
    expect(await of([all], [all, careful], unknown)).toMatchObject({ changed: 0, indeterminate: 1 })
    const trusted = { ...all, run: { seen: ['trusted'] } }
    expect(await of([], [trusted], unknown)).toMatchObject({ changed: 0, indeterminate: 1 })
    const narrow = { ...short, id: 'narrow', effect: 'allow' }
    const unrecorded = calls(said('far too long', ['/channel']))
    expect(await of([all], [all, narrow, careful], unrecorded)).toMatchObject({ changed: 0, indeterminate: 0 })
  })

  it('does not judge callers whose claims were not recorded, when rules ask for claims', async () => {
    const subjects = { claims: [{ path: '/role', equals: 'x' }] }
    const { claims: _, ...silent } = calls({})[0] ?? {}
    const list = [...calls({ claims: { role: 'x' } }), silent as RecordedCall]
    expect(await of([all], [{ ...all, subjects }], list)).toMatchObject({ changed: 0, indeterminate: 1 })
    expect(await of([all], [{ ...all, subjects: { except: subjects } }], list)).toMatchObject({
      changed: 1,
      indeterminate: 1,
    })
    expect(await of([all], [all], list)).toMatchObject({ indeterminate: 0 })
    const other = { id: 'other', effect: 'deny', subjects: { agents: ['helper'] } }
    expect(await of([all, other], [all, other], list)).toMatchObject({ indeterminate: 0 })
    expect(await of([all], [all, other, { ...other, id: 'x', subjects }], list)).toMatchObject({ indeterminate: 1 })
    const grouped = compile({ groups: { x: subjects }, rules: [all] })
    expect(await replay(grouped, compile({ rules: [all] }), list)).toMatchObject({ indeterminate: 1 })
    const named = compile({ groups: { x: {} }, rules: [all] })
    expect(await replay(named, compile({ rules: [all] }), list)).toMatchObject({ indeterminate: 0 })
  })

  it('lists no more changes than asked for, and counts them all', async () => {
    const list = calls(...Array.from({ length: 5 }, () => ({})))
    const report = await replay(compile({ rules: [all] }), compile({}), list, { listed: 2 })
    expect(report.changed).toBe(5)
    expect(report.changes).toHaveLength(2)
  })
})
