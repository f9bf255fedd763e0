import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hasScopes, scopesFor } from '../../../src/provider-kit/scopes.ts'
import type { Action } from '../../../src/provider-kit/index.ts'
import { acme } from '../../helpers/acme.ts'

type Scopes = Action['scopes']

const providerWith = (scopes: Readonly<Record<string, Scopes>>) => ({
  actions: Object.fromEntries(
    Object.entries(scopes).map(([id, each]) => [id, { ...acme.actions.get_thing, scopes: each }]),
  ) as Record<string, Action>,
})
const methodWith = (baseScopes: readonly string[] = [], scopes?: readonly string[]) => ({
  oauth: { grant: 'authorization_code', tokenUrl: 'x', baseScopes, ...(scopes && { scopes }) } as const,
})

describe('the scopes that a sign-in asks for', () => {
  const mail = providerWith({
    read: [['mail.read'], ['mail.modify']],
    modify: [['mail.modify']],
    send: [['mail.send', 'mail.basic'], ['mail.full']],
    free: [],
  })

  it.each<[readonly string[], readonly string[]]>([
    [[], ['me']],
    [['free'], ['me']],
    [['read'], ['mail.read', 'me']],
    [
      ['read', 'modify'],
      ['mail.modify', 'me'],
    ],
    [['send'], ['mail.full', 'me']],
    [['nothing', 'constructor'], ['me']],
  ])('for %j are %j', (allowed, scopes) => {
    expect(scopesFor(mail, methodWith(['me']), allowed)).toEqual(scopes)
  })

  it('are only what the method can be granted', () => {
    expect(scopesFor(mail, methodWith([], ['mail.modify']), ['read', 'send'])).toEqual(['mail.modify'])
  })

  it('are none where the method has no OAuth', () => {
    expect(scopesFor(mail, {}, [])).toEqual([])
  })

  const scope = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')
  const alternatives = fc.array(fc.uniqueArray(scope, { minLength: 1, maxLength: 3 }), { maxLength: 3 })
  const world = fc
    .tuple(fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), alternatives, { maxKeys: 6 }), fc.uniqueArray(scope))
    .chain(([actions, base]) => fc.tuple(fc.constant(actions), fc.constant(base), fc.subarray(Object.keys(actions))))

  it('suffice for every allowed action, and hold nothing that only other actions need', () => {
    fc.assert(
      fc.property(world, ([actions, base, allowed]) => {
        const scopes = scopesFor(providerWith(actions), methodWith(base), allowed)
        const granted = new Set(scopes)
        for (const id of allowed) expect(hasScopes(actions[id] ?? [], granted)).toBe(true)
        const named = new Set<string>([...base, ...allowed.flatMap((id) => (actions[id] ?? []).flat())])
        expect(scopes.filter((one) => !named.has(one))).toEqual([])
        expect(scopes).toEqual([...granted].toSorted())
      }),
    )
  })

  it('are all needed: with any one of them less, an allowed action or the base is not served', () => {
    const single = providerWith({ one: [['a']], two: [['b', 'c']], three: [['a'], ['d']] })
    expect(scopesFor(single, methodWith(['e']), ['three', 'two', 'one'])).toEqual(['a', 'b', 'c', 'e'])
  })
})
