import { describe, expect, it } from 'vitest'
import { mayConcern } from '../../../src/policy/concerns.ts'
import { compile, principalOf } from './office.ts'

const slack = { slug: 'slack', provider: 'slack' }
const allow = (tools?: object) => ({ id: 'a', effect: 'allow', ...(tools && { tools }) })
const deny = (more: object = {}) => ({ id: 'd', effect: 'deny', ...more })
const may = (...rules: readonly object[]) => mayConcern(compile({ rules }), principalOf('ci'), slack)

describe('a connection that has listed nothing yet', () => {
  it('may be known to who is allowed something that could be of it', () => {
    expect(may(allow())).toBe(true)
    expect(may(allow({ connections: ['slack'] }))).toBe(true)
    expect(may(allow({ connections: ['gmail', 'sl*'] }))).toBe(true)
    expect(may(allow({ providers: ['slack'], connections: ['slack'] }))).toBe(true)
    expect(may(allow({ effects: ['read'] }))).toBe(true)
  })

  it('is not known to who is allowed nothing of it', () => {
    expect(may()).toBe(false)
    expect(may(allow({ connections: ['gmail'] }))).toBe(false)
    expect(may(allow({ providers: ['gmail'] }))).toBe(false)
    expect(may(allow({ providers: ['gmail'], connections: ['slack'] }))).toBe(false)
    expect(may({ ...allow(), subjects: { agents: ['sidekick'] } })).toBe(false)
    expect(may({ id: 'r', effect: 'require', obligations: { log: 'hash' } })).toBe(false)
  })

  it('is not known where an exception or a deny speaks of it', () => {
    expect(may(allow({ except: { connections: ['slack'] } }))).toBe(false)
    expect(may(allow({ except: { connections: ['gmail'] } }))).toBe(true)
    expect(may(allow(), deny())).toBe(false)
    expect(may(allow(), deny({ tools: { connections: ['slack'] } }))).toBe(false)
    expect(may(allow(), deny({ tools: { connections: ['gmail'] } }))).toBe(true)
    expect(may(allow(), deny({ when: { days: ['mon'] } }))).toBe(true)
    expect(
      may(allow(), { id: 'r', effect: 'require', tools: { connections: ['slack'] }, obligations: { log: 'hash' } }),
    ).toBe(true)
  })
})
