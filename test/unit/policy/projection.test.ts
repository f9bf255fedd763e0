import { describe, expect, it } from 'vitest'
import { parsePointer } from '../../../src/policy/pointer.ts'
import { isOpen, isRecorded, project, restore } from '../../../src/policy/replay/projection.ts'
import { projectionPaths } from '../../../src/policy/replay/projection-paths.ts'
import { callers, type RecordedCall } from '../../../src/policy/replay/recorded-call.ts'
import { compile, NOON, toolNamed } from './office.ts'

const all = { id: 'all', effect: 'allow' }
const short = {
  id: 'short',
  effect: 'require',
  tools: { names: ['post_message'] },
  args: { '/text': { maxLength: 5 } },
}

describe('a projection', () => {
  it('has the names of all arguments, and the values that rules refer to', () => {
    const input = { to: ['a@x.y'], body: 'secret', options: { format: 'html', token: 't' } }
    expect(project(input, ['/to', '/options/format', '/gone'])).toEqual({
      members: { to: { value: ['a@x.y'] }, body: {}, options: { members: { format: { value: 'html' }, token: {} } } },
    })
    expect(project(input, [''])).toEqual({ value: input })
    expect(project({ options: 'none' }, ['/options/format'])).toEqual({ members: { options: { leaf: true } } })
  })

  it('leaves out what is too large to keep', () => {
    expect(project({ text: 'x'.repeat(9_000) }, ['/text'])).toEqual({ members: { text: {} } })
    const many = Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`a${index}`, 1]))
    expect(project(many, ['/a1'])).toEqual({})
    expect(project({ ['n'.repeat(129)]: 1, a: 1 }, ['/a'])).toEqual({})
  })

  it('keeps what is just not too large, and no member that is not there', () => {
    const text = 'x'.repeat(8_190)
    expect(project({ text }, ['/text'])).toEqual({ members: { text: { value: text } } })
    const many = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`a${index}`, 1]))
    expect(Object.keys(project(many, ['/a1']).members ?? {})).toHaveLength(200)
    const name = 'n'.repeat(128)
    expect(project({ [name]: 1 }, [])).toEqual({ members: { [name]: {} } })
    expect(project({ a: undefined, b: 1 }, ['/a'])).toStrictEqual({ members: { b: {} } })
    expect(project({ a: 1, b: 2 }, ['/a', ''])).toEqual({ value: { a: 1, b: 2 } })
  })

  it('knows what it tells, also that nothing is there', () => {
    const kept = project({ a: { b: 1 }, c: 'x', d: { e: 1 }, list: [1] }, ['/a/b', '/c/x', '/list/0'])
    const tells = (pointer: string) => isRecorded(kept, parsePointer(pointer))
    expect(['/a/b', '/a/b/deeper', '/a/gone', '/gone', '/c/x', '/list/0', '/list/1'].filter(tells)).toHaveLength(7)
    expect(['', '/a', '/c', '/d', '/d/e', '/d/gone', '/list'].filter(tells)).toEqual([])
    expect(restore(kept)).toEqual({ a: { b: 1 }, c: null, d: null, list: { 0: 1 } })
    expect(isOpen(kept)).toBe(true)
    expect(isOpen(project({ a: 1 }, ['']))).toBe(true)
    expect(isOpen({})).toBe(false)
    expect(isRecorded({}, ['a'])).toBe(false)
  })

  it('refers to what any rule about the tool refers to, enforced or not', () => {
    const shadow = {
      id: 's',
      effect: 'deny',
      mode: 'shadow',
      tools: { connections: ['slack'] },
      args: { '/channel': { equals: 'x' } },
    }
    const elsewhere = { id: 'm', effect: 'deny', tools: { names: ['send_message'] }, args: { '/to': { maxItems: 1 } } }
    const policy = compile({ rules: [all, short, shadow, elsewhere] })
    expect(projectionPaths(policy, toolNamed('slack:post_message'))).toEqual(['/channel', '/text'])
    const first = { ...short, id: 'a' }
    expect(projectionPaths(compile({ rules: [all, first, shadow] }), toolNamed('slack:post_message'))).toEqual([
      '/channel',
      '/text',
    ])
    expect(projectionPaths(policy, toolNamed('jira:search_issues'))).toEqual([])
    expect(projectionPaths(policy, { ...toolNamed('slack:post_message'), name: 'other' })).toEqual([])
  })
})

describe('the callers of recorded calls', () => {
  const call: RecordedCall = { at: NOON, agent: 'ci', groups: ['g'], claims: { a: 1 }, tool: 'conn:slack:post_message' }

  it('are principals as they signed in', () => {
    const callerOf = callers()
    expect(callerOf({ ...call, user: 'ann', organisation: 'acme' })).toStrictEqual({
      id: 'agent:ci/user:ann',
      organisation: 'acme',
      agent: 'ci',
      user: 'ann',
      groups: ['g'],
      claims: { a: 1 },
      credential: 'key',
    })
    const { claims: _, ...silent } = call
    expect(callerOf(silent)).toStrictEqual({
      id: 'agent:ci',
      organisation: 'default',
      agent: 'ci',
      groups: ['g'],
      claims: {},
      credential: 'key',
    })
  })

  it('are one object for one caller, and another for each other', () => {
    const callerOf = callers()
    const first = callerOf(call)
    expect(callerOf({ ...call, at: 0, tool: 'conn:jira:add_comment' })).toBe(first)
    const others = [{ agent: 'x' }, { user: 'x' }, { groups: [] }, { claims: {} }, { organisation: 'x' }]
    expect(new Set(others.map((more) => callerOf({ ...call, ...more }))).add(first).size).toBe(6)
  })

  it('are forgotten when there are more than ten thousand', () => {
    const callerOf = callers()
    const numbered = (index: number) => callerOf({ ...call, agent: `${index}` })
    const first = numbered(0)
    for (let index = 1; index < 10_000; index++) numbered(index)
    expect(numbered(0)).toBe(first)
    numbered(10_000)
    expect(numbered(0)).not.toBe(first)
  })
})
