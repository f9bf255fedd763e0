import { describe, expect, it } from 'vitest'
import type { Principal } from '../../../src/kernel/principal.ts'
import { isApprover, personOf, sameName } from '../../../src/policy/approvers.ts'

const person = (more: Partial<Principal> = {}): Principal => ({
  id: 'person:ann',
  organisation: 'acme',
  agent: '',
  user: 'ann',
  groups: [],
  claims: {},
  credential: 'person',
  ...more,
})
const groups = { bosses: { users: ['ann'] }, heads: { claims: [{ path: '/head', equals: 'yes' }] }, named: {} }
const may = (approvers: readonly string[], more: Partial<Principal> = {}) =>
  isApprover({ groups }, approvers, person(more))

describe('who may approve', () => {
  it('is a member of one of the groups, as the document defines them', () => {
    expect(may(['bosses'])).toBe(true)
    expect(may(['bosses'], { user: 'bob' })).toBe(false)
    expect(may(['named', 'bosses'])).toBe(true)
    expect(may(['heads'], { claims: { head: 'yes' } })).toBe(true)
    expect(may([])).toBe(false)
  })

  it('is who signs in with the group', () => {
    expect(may(['named'], { groups: ['named'] })).toBe(true)
    expect(may(['named'], { groups: ['other'] })).toBe(false)
    expect(isApprover({}, ['anything'], person({ groups: ['anything'] }))).toBe(true)
  })

  it('is nobody of whom it cannot be told', () => {
    expect(may(['heads'], { claims: { head: { yes: true } } })).toBe(false)
  })

  it('is an admin for `admins`, unless a group has that name, and for no other group', () => {
    const admins = [{ credential: 'admin' as const }, { roles: ['viewer' as const, 'admin' as const] }]
    for (const admin of admins) {
      expect(may(['admins'], { user: 'root', ...admin })).toBe(true)
      expect(may(['bosses', 'admins'], { user: 'root', ...admin })).toBe(true)
      expect(may(['bosses'], { user: 'root', ...admin })).toBe(false)
      expect(isApprover({ groups: { admins: {} } }, ['admins'], person({ user: 'root', ...admin }))).toBe(false)
    }
    expect(may(['admins'], { user: 'root' })).toBe(false)
    expect(may(['admins'], { user: 'root', roles: ['approver'] })).toBe(false)
    expect(may(['admins'], { user: 'root', groups: ['admins'] })).toBe(true)
  })
})

describe('the name of a person', () => {
  it('is one for all ways to write it', () => {
    expect(personOf({ id: 'x', user: 'Ren\u00e9' })).toBe('user:ren\u00e9')
    expect(personOf({ id: 'y', user: 'rene\u0301' })).toBe('user:ren\u00e9')
    expect(sameName('ANN')).toBe('ann')
  })

  it('is the id where no person is named', () => {
    expect(personOf({ id: 'agent:ci' })).toBe('agent:ci')
  })
})
