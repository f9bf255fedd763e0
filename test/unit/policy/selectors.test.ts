import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { Principal } from '../../../src/kernel/principal.ts'
import { toGlob } from '../../../src/policy/glob.ts'
import { viewOf } from '../../../src/policy/view.ts'
import { call, compile, principalOf } from './office.ts'

const LIST = { tool: 'slack:list_channels' }
type Rule = Record<string, unknown>

const asked = (rules: readonly Rule[], as: Principal, groups = {}): string =>
  call(compile({ groups, rules }), { ...LIST, as }).effect
const allowed = (subjects: Rule, as: Principal, groups = {}): boolean =>
  asked([{ id: 'r', effect: 'allow', subjects }], as, groups) === 'allow'
const denied = (subjects: Rule, as: Principal): boolean =>
  asked(
    [
      { id: 'a', effect: 'allow' },
      { id: 'd', effect: 'deny', subjects },
    ],
    as,
  ) === 'deny'
const seenBy = (tools: Rule): readonly string[] =>
  viewOf(compile({ rules: [{ id: 'r', effect: 'allow', tools }] }), principalOf('ci')).tools.map(({ name }) => name)
const withClaims = (claims: JsonObject) => principalOf('helper', { claims })

describe('subjects', () => {
  it('match by agent, user and group, with * for any run of characters', () => {
    const ann = principalOf('helper', { user: 'ann@corp.com' })
    expect(allowed({ agents: ['ci', 'help*'] }, ann)).toBe(true)
    expect(allowed({ agents: ['ci'] }, ann)).toBe(false)
    expect(allowed({ users: ['*@corp.com'] }, ann)).toBe(true)
    expect(allowed({ users: ['*'] }, principalOf('helper'))).toBe(false)
    expect(allowed({ groups: ['machines'] }, principalOf('ci'))).toBe(true)
  })

  it('need every key, and take out what except says', () => {
    const ann = principalOf('helper', { user: 'ann' })
    expect(allowed({ agents: ['helper'], users: ['bob'] }, ann)).toBe(false)
    expect(allowed({ agents: ['helper'], users: ['ann'] }, ann)).toBe(true)
    expect(allowed({ except: { agents: ['ci'] } }, ann)).toBe(true)
    expect(allowed({ except: { agents: ['ci'] } }, principalOf('ci'))).toBe(false)
  })

  it('know the members of a group by agent, user, claim and sign-in', () => {
    const groups = { staff: { agents: ['ci'], users: ['ann'], claims: [{ path: '/dept', in: ['it', 'hr'] }] } }
    const isStaff = (as: Principal) => allowed({ groups: ['staff'] }, as, groups)
    expect(isStaff(principalOf('ci'))).toBe(true)
    expect(isStaff(principalOf('helper', { user: 'ann' }))).toBe(true)
    expect(isStaff(withClaims({ dept: 'hr' }))).toBe(true)
    expect(isStaff(principalOf('helper', { groups: ['staff'] }))).toBe(true)
    expect(isStaff(withClaims({ dept: 'sales' }))).toBe(false)
  })

  it('compare claims by equals, in and contains', () => {
    const claims = withClaims({ level: 3, teams: ['red', 'blue'], team: 'red', address: { country: 'DE' } })
    expect(allowed({ claims: [{ path: '/level', equals: 3 }] }, claims)).toBe(true)
    expect(allowed({ claims: [{ path: '/teams', contains: 'blue' }] }, claims)).toBe(true)
    expect(allowed({ claims: [{ path: '/teams', contains: 'gray' }] }, claims)).toBe(false)
    expect(allowed({ claims: [{ path: '/team', contains: 'red' }] }, claims)).toBe(true)
    expect(allowed({ claims: [{ path: '/team', contains: 're' }] }, claims)).toBe(false)
    expect(allowed({ claims: [{ path: '/address/country', in: ['DE', 'FR'] }] }, claims)).toBe(true)
  })

  it('do not match on a claim that is missing or null', () => {
    const claims = [{ path: '/type', equals: 'contractor' }]
    expect(denied({ claims }, withClaims({}))).toBe(false)
    expect(denied({ claims }, withClaims({ type: null }))).toBe(false)
    expect(denied({ claims }, withClaims({ type: 'contractor' }))).toBe(true)
  })

  it('take a claim that cannot be compared as a match for a deny and as none for an allow', () => {
    const claims = [{ path: '/type', equals: 'contractor' }]
    for (const type of [['contractor'], { is: 'contractor' }, 7]) {
      expect(denied({ claims }, withClaims({ type }))).toBe(true)
      expect(allowed({ claims }, withClaims({ type }))).toBe(false)
      expect(allowed({ agents: ['helper'], except: { claims } }, withClaims({ type }))).toBe(false)
      expect(denied({ agents: ['helper'], except: { claims } }, withClaims({ type }))).toBe(true)
    }
  })

  it.each(['/__proto__', '/constructor', '/toString', '/teams/length', '/teams/__proto__'])(
    'never reach beyond the claims with %s',
    (path) => {
      expect(denied({ claims: [{ path, in: [0, 1, 2, 'x'] }] }, withClaims({ teams: ['a', 'b'] }))).toBe(false)
    },
  )
})

describe('tools', () => {
  it('are selected by connection, provider, name, effect, external, tag and risk', () => {
    expect(seenBy({ connections: ['ji*'] })).toEqual(['search_issues', 'add_comment'])
    expect(seenBy({ providers: ['jira'] })).toEqual(['search_issues', 'add_comment'])
    expect(seenBy({ names: ['search_*'] })).toEqual(['search_messages', 'search_issues'])
    expect(seenBy({ effects: ['destructive', 'unclassified'] })).toEqual(['delete_message', 'run_workflow'])
    expect(seenBy({ external: true })).toEqual(['send_message', 'send_draft'])
    expect(seenBy({ tags: ['chat'] })).toEqual(['post_message', 'reply_in_thread', 'schedule_message'])
    expect(seenBy({ riskAtLeast: 'critical' })).toEqual(['delete_message'])
    expect(seenBy({ riskAtLeast: 'high' })).toEqual(['send_message', 'send_draft', 'delete_message', 'run_workflow'])
  })

  it('need every key, and leave out what except says', () => {
    expect(seenBy({ connections: ['gmail'], effects: ['read'] })).toEqual(['search_messages'])
    expect(seenBy({ providers: ['slack'], except: { effects: ['write', 'unclassified'] } })).toEqual(['list_channels'])
    expect(seenBy({ providers: ['gmail'], external: false, except: { names: ['*_draft'] } })).toEqual([
      'search_messages',
      'delete_message',
    ])
  })
})

describe('a glob', () => {
  it.each([
    ['get_*', 'get_user', true],
    ['get_*', 'get_', true],
    ['get_*', 'forget_user', false],
    ['*_user', 'get_user', true],
    ['a*b*c', 'abc', true],
    ['a*b*c', 'axxbyyc', true],
    ['a*b*c', 'acb', false],
    ['a*a', 'a', false],
    ['*a*a*', 'banana', true],
    ['*', '', true],
    ['a.c', 'abc', false],
    ['Get', 'get', false],
    ['**', 'anything', true],
  ])('%s on %s is %s', (pattern, text, expected) => {
    expect(toGlob(pattern)(text)).toBe(expected)
  })

  it('takes no time on a text made to be slow', () => {
    const matches = toGlob(`${'*a'.repeat(60)}*b`)
    const start = performance.now()
    expect(matches('a'.repeat(100_000))).toBe(false)
    expect(performance.now() - start).toBeLessThan(250)
  })
})
