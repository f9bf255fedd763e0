import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'
import type { Decision } from '../../../src/kernel/policy.ts'
import { decide } from '../../../src/policy/decide.ts'
import { call, cases, compile, NOON, principalOf, toolOf } from './office.ts'

const ANY = toolOf('slack', 'any', {}, { v: {}, w: {} })

/** The decision of one rule about the argument `v`. */
function judged(effect: 'allow' | 'deny', constraint: JsonObject, input: JsonObject, pointer = '/v'): Decision {
  const rules = [
    { id: 'r', effect, args: { [pointer]: constraint } },
    { id: 'z', effect: 'allow', tools: { kinds: [effect === 'deny' ? 'tool' : 'prompt'] } },
  ]
  const policy = compile({ rules }, { tools: [ANY] }, { validateSchema: () => false })
  return decide(policy, { principal: principalOf('ci'), tool: ANY, verb: 'invoke', input, at: NOON })
}
const noteOf = (decision: Decision): string | undefined => decision.trace.find(({ rule }) => rule === 'r')?.note
const many = (count: number, length: number): Json => Array.from({ length: count }, () => 'a'.repeat(length))

describe('what a constraint demands', () => {
  const demanded: readonly [JsonObject, Json, string][] = [
    [{ equals: 'a' }, 'b', '/v must be "a"'],
    [{ equals: 'a' }, null, '/v must be "a"'],
    [{ in: [1, 'a'] }, 2, '/v must be one of 1, "a"'],
    [{ in: [1, 2, 3, 4, 5] }, 6, '/v must be one of 1, 2, 3, 4, 5'],
    [{ in: [1, 2, 3, 4, 5, 6, 7] }, 8, '/v must be one of 1, 2, 3, 4, 5 or 2 more'],
    [{ notIn: ['a'] }, 'a', '/v must have another value: this one is ruled out'],
    [{ notIn: ['a', 1] }, true, '/v must be a string or number'],
    [{ notIn: [null] }, 'a', '/v must be a null'],
    [{ pattern: 'a+' }, 'b', '/v must match the pattern a+'],
    [{ pattern: 'a+' }, 1, '/v must be a text'],
    [{ pattern: 'a+' }, 'a'.repeat(10_001), '/v must have at most 10000 characters'],
    [{ emailDomains: ['corp.com', 'x.org'] }, 'a@evil.test', '/v must be an email address at corp.com, x.org'],
    [{ emailDomains: ['corp.com'] }, '<a@corp.com>', '/v must be an email address at corp.com, and nothing else'],
    [{ emailDomains: ['corp.com'] }, 1, '/v must be an email address at corp.com, and nothing else'],
    [{ hosts: ['corp.com'] }, 'https://evil.test/', '/v must be a plain http or https URL on corp.com'],
    [{ min: 2 }, 1, '/v must be at least 2'],
    [{ min: 2 }, '3', '/v must be a number, at least 2'],
    [{ max: 2 }, 3, '/v must be at most 2'],
    [{ max: 2 }, null, '/v must be a number, at most 2'],
    [{ maxLength: 2 }, 'abc', '/v must have at most 2 characters'],
    [{ maxLength: 2 }, 1, '/v must be a text'],
    [{ maxItems: 1 }, [1, 2], '/v must have at most 1 items'],
    [{ maxItems: 1 }, 'a', '/v must be a list'],
    [{ absent: true }, 1, '/v must be left out'],
    [{ equals: 'a' }, [], '/v must have at least one item'],
    [{ equals: 'a' }, ['a', 'b'], '/v/1 must be "a"'],
    [{ maxLength: 10_000 }, many(11, 10_000), '/v must have at most 100000 characters in all'],
    [{ schema: { type: 'string' } }, 1, '/v must be valid for the schema of the rule'],
  ]
  it.each(cases(demanded))('%s', (_, [constraint, value, note]) => {
    expect(noteOf(judged('allow', constraint, { v: value }))).toBe(note)
  })

  const holding: readonly [JsonObject, Json][] = [
    [{ min: 2 }, 2],
    [{ max: 2 }, 2],
    [{ maxLength: 2 }, 'ab'],
    [{ maxItems: 2 }, [1, 2]],
    [{ maxLength: 10_000 }, many(10, 10_000)],
    [{ pattern: 'a+' }, 'a'.repeat(10_000)],
    [{ notIn: ['a'] }, 'b'],
    [{ in: [null, 1] }, null],
    [{ emailDomains: ['x.org', 'corp.com'] }, 'a@CORP.com'],
    [{ emailDomains: ['corp.com'] }, `${'a'.repeat(64)}@corp.com`],
    [{ hosts: ['x.org', 'corp.com:8443'] }, 'https://corp.com:8443/a'],
    [{ hosts: ['x.org', 'corp.com'] }, 'http://corp.com'],
    [{ max: 5 }, [1, 2, 3]],
  ]
  it.each(cases(holding))('holds: %s', (_, [constraint, value]) => {
    expect(judged('allow', constraint, { v: value }).effect).toBe('allow')
  })

  it('speaks of what is missing, of what is above it, and of all arguments', () => {
    expect(noteOf(judged('allow', { equals: 1 }, {}))).toBe('/v is missing and must be given')
    expect(noteOf(judged('allow', { equals: 1 }, { v: 'a' }, '/v/x'))).toBe('/v/x is missing and must be given')
    expect(noteOf(judged('allow', { optional: true, equals: 1 }, { v: 'a' }, '/v/x'))).toBe(
      '/v/x is missing and must be given',
    )
    expect(noteOf(judged('allow', { absent: true }, { v: 'a' }, '/v/x'))).toBe('/v/x must be left out')
    expect(noteOf(judged('allow', { maxItems: 1 }, {}, ''))).toBe('the arguments must be a list')
    expect(judged('allow', { optional: true, equals: 1 }, {}).effect).toBe('allow')
    expect(judged('allow', { absent: true }, {}).effect).toBe('allow')
  })
})

describe('what a deny matches', () => {
  const isDenied = (constraint: JsonObject, value: Json) => judged('deny', constraint, { v: value }).effect === 'deny'

  const matched: readonly [JsonObject, Json, boolean][] = [
    [{ equals: 'a' }, 'a', true],
    [{ equals: 'a' }, 'b', false],
    [{ equals: 'a' }, 1, true],
    [{ in: ['a', 1] }, true, true],
    [{ in: ['a', 1] }, 2, false],
    [{ notIn: ['a'] }, 'a', false],
    [{ notIn: ['a'] }, 'b', true],
    [{ notIn: ['a'] }, 1, true],
    [{ pattern: 'a' }, 'b', false],
    [{ pattern: 'a' }, 1, true],
    [{ pattern: 'a' }, 'b'.repeat(10_001), true],
    [{ emailDomains: ['corp.com'] }, 'a@evil.test', false],
    [{ emailDomains: ['corp.com'] }, 'a@corp.com', true],
    [{ emailDomains: ['corp.com'] }, '"a"@evil.test', true],
    [
      { emailDomains: ['corp.com'] },
      `a@${'x'.repeat(60)}.${'y'.repeat(60)}.${'z'.repeat(60)}.${'w'.repeat(60)}.${'v'.repeat(4)}.com`,
      false,
    ],
    [
      { emailDomains: ['corp.com'] },
      `a@${'x'.repeat(60)}.${'y'.repeat(60)}.${'z'.repeat(60)}.${'w'.repeat(60)}.${'v'.repeat(5)}.com`,
      true,
    ],
    [{ emailDomains: ['corp.com'] }, 1, true],
    [{ hosts: ['corp.com'] }, 'https://evil.test/', false],
    [{ hosts: ['corp.com'] }, 'https://corp.com:8443/', true],
    [{ hosts: ['x.org', 'corp.com:81'] }, 'http://corp.com/', true],
    [{ hosts: ['[::1]:81'] }, 'http://[::1]:82/', true],
    [{ hosts: ['corp.com'] }, `https://evil.test/${'a'.repeat(8_174)}`, false],
    [{ hosts: ['corp.com'] }, `https://evil.test/${'a'.repeat(8_175)}`, true],
    [{ hosts: ['corp.com'] }, 'https://evil.test./', true],
    [{ hosts: ['corp.com'] }, 'ftp://evil.test/', true],
    [{ min: 2 }, 1, false],
    [{ min: 2 }, '1', true],
    [{ maxLength: 1 }, 'ab', false],
    [{ maxLength: 1 }, 2, true],
    [{ maxItems: 1 }, [1, 2], false],
    [{ maxItems: 1 }, 'a', true],
    [{ equals: 'a' }, [], true],
    [{ equals: 'a' }, ['b', 'a'], true],
    [{ equals: 'a' }, ['b', 'c'], false],
    [{ equals: 'a' }, ['b', 1], true],
    [{ equals: 'a' }, many(11, 10_000), true],
    [{ absent: true }, 1, false],
  ]
  it.each(cases(matched))('%s', (_, [constraint, value, expected]) => {
    expect(isDenied(constraint, value)).toBe(expected)
  })

  it('says why it does not apply', () => {
    expect(noteOf(judged('deny', { equals: 'a' }, { v: ['b'] }))).toBe(
      'does not apply: /v has nothing that the rule forbids for it to',
    )
    expect(noteOf(judged('deny', { equals: 'a' }, { v: ['b', 1] }))).toBe('/v/1 must be "a"')
  })

  it('needs all of its conditions, of which one that is certainly not so is enough to lift it', () => {
    const rule = { id: 'r', effect: 'deny', args: { '/v': { equals: 1 }, '/w': { equals: 2 } } }
    const policy = compile({ rules: [rule, { id: 'z', effect: 'allow' }] }, { tools: [ANY] })
    const ask = (input: JsonObject) =>
      decide(policy, { principal: principalOf('ci'), tool: ANY, verb: 'invoke', input, at: NOON })
    expect(ask({ v: 'unsure', w: 3 }).effect).toBe('allow')
    expect(ask({ w: 2 })).toMatchObject({ effect: 'deny', trace: [{ note: '/v is missing and must be given' }, {}] })
    expect(ask({}).trace[0]).toMatchObject({ note: '/v is missing and must be given' })
    expect(ask({ v: 1, w: 2 })).toMatchObject({ effect: 'deny', trace: [{ note: 'match' }, {}] })
  })
})

describe('closed arguments', () => {
  const closed = (input: JsonObject) => {
    const rule = {
      id: 'r',
      effect: 'allow',
      args: { '/v/a': { equals: 1, optional: true }, '/w': { optional: true } },
      closedArgs: true,
    }
    const policy = compile({ rules: [rule] }, { tools: [ANY] })
    return noteOf(decide(policy, { principal: principalOf('ci'), tool: ANY, verb: 'invoke', input, at: NOON }))
  }
  const stray = (pointer: string) => `${pointer} is not an argument that the rule names and must be left out`

  it('name what must be left out, on the way to a named argument too', () => {
    expect(closed({ v: { a: 1 }, w: { deep: 1 } })).toBe('match')
    expect(closed({})).toBe('match')
    expect(closed({ v: { a: 1, b: 2 } })).toBe(stray('/v/b'))
    expect(closed({ x: 1 })).toBe(stray('/x'))
    expect(closed({ v: [1] })).toBe(stray('/v/0'))
    expect(closed({ ['a\u0007b\u202e']: 1 })).toBe(stray('/a?b?'))
    expect(closed({ ['a'.repeat(70)]: 1 })).toBe(stray(`/${'a'.repeat(64)}`))
  })
})

describe('what a time demands', () => {
  const SUNDAY = Date.parse('2026-11-22T12:00:00Z')
  const noteAt = (when: object, at = SUNDAY) =>
    noteOf(call(compile({ rules: [{ id: 'r', effect: 'allow', when }] }), { at }))

  it.each([
    [{ days: ['mon', 'tue'], from: '09:00', to: '17:00' }, 'mon, tue 09:00 to 17:00 (UTC)'],
    [{ days: ['mon'] }, 'mon (UTC)'],
    [{ from: '13:00' }, '13:00 to 24:00 (UTC)'],
    [{ to: '11:00', timezone: 'Europe/Berlin' }, '00:00 to 11:00 (Europe/Berlin)'],
    [{ notBefore: '2026-12-01T00:00:00Z' }, 'not before 2026-12-01T00:00:00Z'],
    [{ notAfter: '2026-11-01T00:00:00Z' }, 'not after 2026-11-01T00:00:00Z'],
    [{ days: ['mon'], notAfter: '2027-01-01T00:00:00Z' }, 'mon (UTC) not after 2027-01-01T00:00:00Z'],
  ])('%j', (when, text) => {
    expect(noteAt(when)).toBe(`the time must be ${text}`)
  })

  it('holds at its first and last moment', () => {
    const moment = '2026-11-22T12:00:00Z'
    expect(noteAt({ notBefore: moment })).toBe('match')
    expect(noteAt({ notAfter: moment })).toBe('match')
    expect(noteAt({ notBefore: moment }, SUNDAY - 1)).not.toBe('match')
    expect(noteAt({ notAfter: moment }, SUNDAY + 1)).not.toBe('match')
    expect(noteAt({ days: ['sun'] }, Number.NaN)).toBe('the time must be sun (UTC)')
  })

  it('is read right before 1970 too', () => {
    expect(noteAt({ days: ['wed'], from: '23:00' }, -1)).toBe('match')
  })
})
