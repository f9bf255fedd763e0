import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { policyDocumentSchema } from '../../../src/policy/schema.ts'

type Part = Record<string, unknown>

/** What the schema says of a document, each with its place. */
const said = (document: unknown): readonly string[] =>
  (policyDocumentSchema.safeParse(document).error?.issues ?? []).map(
    ({ path, message }) => `${path.join('.')}: ${message}`,
  )
const ofRule = (part: Part) => said({ rules: [{ id: 'r', effect: 'allow', ...part }] })
const ofTest = (part: Part) => said({ rules: [], tests: [{ name: 't', as: { agent: 'a' }, ...part }] })
const ofArgument = (constraint: Part) => ofRule({ args: { '/a': constraint } })
const list = <T>(length: number, value: T): readonly T[] => Array.from({ length }, () => value)
const record = (length: number, value: unknown) =>
  Object.fromEntries(list(length, value).map((one, at) => [`/a${at}`, one]))

describe('the schema says what to write instead', () => {
  it.each<[string, Part, string]>([
    ['an id', { id: 'a b' }, 'id: Use letters, digits, _ . and -, at most 64.'],
    [
      'a name',
      { tools: { names: ['\u043e'] } },
      'tools.names.0: Use 1 to 128 printable ASCII characters; * stands for any run of characters.',
    ],
    [
      'a claim',
      { subjects: { claims: [{ path: '/a' }] } },
      'subjects.claims.0: Say exactly one of equals, in and contains.',
    ],
    [
      'a path',
      { subjects: { claims: [{ path: 'a', equals: 1 }] } },
      'subjects.claims.0.path: Write a JSON Pointer, such as /to or /options/format.',
    ],
    ['subjects', { subjects: {} }, 'subjects: Name at least one thing here, or leave the key out.'],
    [
      'an exception',
      { subjects: { except: {} } },
      'subjects.except: Name at least one thing here, or leave the key out.',
    ],
    ['tools', { tools: {} }, 'tools: Name at least one thing here, or leave the key out.'],
    ['no arguments', { args: {} }, 'args: Name at least one argument, or leave `args` out.'],
    ['too many arguments', { args: record(101, { maxLength: 1 }) }, 'args: At most 100 arguments in one rule.'],
    [
      'a label',
      { run: { seen: ['A'] } },
      'run.seen.0: Write a label in lower case, such as untrusted or confidential; at most 64.',
    ],
    ['a begin', { when: { from: '24:00' } }, 'when.from: Write a time such as 09:00.'],
    ['an end', { when: { to: '24:01' } }, 'when.to: Write a time such as 17:00, or 24:00.'],
    [
      'a moment',
      { when: { notBefore: '2026-11-20' } },
      'when.notBefore: Write a time with its offset, such as 2026-11-20T17:00:00Z.',
    ],
    ['no time', { when: {} }, 'when: Say days, from, to, notBefore or notAfter, or leave `when` out.'],
    [
      'no window',
      { when: { from: '09:00', to: '09:00' } },
      'when.to: `from` and `to` are the same, so that no time is between them. Leave both out for the whole day.',
    ],
    [
      'bounds that cross',
      { when: { notBefore: '2026-11-20T00:00:01Z', notAfter: '2026-11-20T00:00:00Z' } },
      'when.notAfter: `notAfter` is before `notBefore`, so that the rule would never hold.',
    ],
    [
      'a duration',
      { obligations: { approval: { approvers: ['g'], ttl: '1' } } },
      'obligations.approval.ttl: Write a duration such as 30s, 15m, 1h or 7d.',
    ],
    [
      'a redaction',
      { obligations: { redact: [{}] } },
      'obligations.redact.0: Say exactly one of preset, pattern and pointer.',
    ],
    ['no obligation', { obligations: {} }, 'obligations: Name at least one obligation, or leave the key out.'],
    [
      'a deny with obligations',
      { effect: 'deny', obligations: { log: 'meta' } },
      'obligations: A deny rule forbids the call, so that nothing is left to do: remove `obligations`.',
    ],
    [
      'a closed deny',
      { effect: 'deny', closedArgs: true },
      'closedArgs: On a deny rule this would narrow what is denied. Put `closedArgs` on a require rule.',
    ],
    [
      'an idle require',
      { effect: 'require' },
      'effect: A require rule must restrict something: add when, args, closedArgs or obligations.',
    ],
  ])('of %s', (_, part, message) => {
    expect(ofRule(part)).toEqual([`rules.0.${message}`])
  })

  it.each<[string, Part, string]>([
    [
      'a domain',
      { emailDomains: ['Corp.com'] },
      'emailDomains.0: Write a domain in lower case, such as corp.com, or *.corp.com for its subdomains.',
    ],
    [
      'a host',
      { hosts: ['a b'] },
      'hosts.0: Write a host in lower case, such as api.corp.com, *.corp.com or localhost:8080.',
    ],
    [
      'absence',
      { absent: true, max: 1 },
      'absent: `absent` stands alone: an argument that is left out has no value to test.',
    ],
    ['numbers', { min: 2, max: 1 }, 'min: No number is at least `min` and at most `max`: swap them.'],
  ])('of %s', (_, constraint, message) => {
    expect(ofArgument(constraint)).toEqual([`rules.0.args./a.${message}`])
  })

  it('of rules and tests', () => {
    const rule = { id: 'r', effect: 'allow' }
    expect(said({ rules: [rule, rule] })).toEqual([
      'rules.1.id: There is another rule "r": give this one an id of its own.',
    ])
    expect(ofTest({})).toEqual(['tests.0: Say either `call` or `list`.'])
    expect(ofTest({ list: {} })).toEqual(['tests.0.list: Say exactly, includes or excludes.'])
    expect(ofTest({ call: { tool: 'x' } })).toEqual([
      'tests.0.expect: A `call` needs `expect`, and only a call may have it.',
    ])
    expect(ofTest({ list: { exactly: [] }, rule: 'x' })).toEqual([
      'tests.0.list: `seen`, `times` and `rule` are about a call; what is seen depends on none of them. Remove them.',
    ])
  })
})

describe('the schema takes what is just within its limits, and nothing beyond', () => {
  const limit = (least: number, most: number, part: (size: number) => Part): [Part, Part | undefined, Part, Part] => [
    part(least),
    least === 0 ? undefined : part(least - 1),
    part(most),
    part(most + 1),
  ]
  const text = (size: number) => 'a'.repeat(size)
  const inArgs =
    (of: (size: number) => Part) =>
    (size: number): Part => ({ args: { '/a': of(size) } })
  const obliges =
    (of: (size: number) => Part) =>
    (size: number): Part => ({ obligations: of(size) })
  const approval = (more: Part): Part => ({ approval: { approvers: ['g'], ...more } })

  it.each<[string, [Part, Part | undefined, Part, Part]]>([
    ['characters of an id', limit(1, 64, (size) => ({ id: text(size) }))],
    ['characters of a name', limit(1, 128, (size) => ({ tools: { names: [text(size)] } }))],
    ['names', limit(1, 1_000, (size) => ({ tools: { names: list(size, 'a') } }))],
    ['claims', limit(1, 100, (size) => ({ subjects: { claims: list(size, { path: '/a', equals: 1 }) } }))],
    [
      'values',
      limit(
        1,
        1_000,
        inArgs((size) => ({ in: list(size, 1) })),
      ),
    ],
    [
      'characters of a pointer',
      limit(0, 256, (size) => ({ args: { [size === 0 ? '' : `/${text(size - 1)}`]: { max: 1 } } })),
    ],
    ['characters of a description', limit(0, 500, (size) => ({ description: text(size) }))],
    ['arguments', limit(1, 100, (size) => ({ args: record(size, { max: 1 }) }))],
    [
      'characters of a pattern',
      limit(
        1,
        500,
        inArgs((size) => ({ pattern: text(size) })),
      ),
    ],
    [
      'domains',
      limit(
        1,
        1_000,
        inArgs((size) => ({ emailDomains: list(size, 'a.com') })),
      ),
    ],
    [
      'hosts',
      limit(
        1,
        1_000,
        inArgs((size) => ({ hosts: list(size, 'a') })),
      ),
    ],
    ['labels', limit(1, 20, (size) => ({ run: { seen: list(size, 'a') } }))],
    ['characters of a label', limit(1, 64, (size) => ({ run: { seen: [text(size)] } }))],
    [
      'approvers',
      limit(
        1,
        20,
        obliges((size) => approval({ approvers: list(size, 'g') })),
      ),
    ],
    [
      'a quorum',
      limit(
        1,
        20,
        obliges((quorum) => approval({ quorum })),
      ),
    ],
    [
      'calls of a rate',
      limit(
        1,
        1_000_000,
        obliges((size) => ({ rateLimit: { limit: size, window: '1h' } })),
      ),
    ],
    [
      'a burst',
      limit(
        1,
        1_000_000,
        obliges((burst) => ({ rateLimit: { limit: 1, window: '1h', burst } })),
      ),
    ],
    [
      'calls of a quota',
      limit(
        1,
        1_000_000_000,
        obliges((size) => ({ quota: { limit: size, window: 'day' } })),
      ),
    ],
    [
      'redactions',
      limit(
        1,
        50,
        obliges((size) => ({ redact: list(size, { preset: 'cards' }) })),
      ),
    ],
    [
      'characters of a replacement',
      limit(
        0,
        64,
        obliges((size) => ({ redact: [{ preset: 'cards', with: text(size) }] })),
      ),
    ],
  ])('%s', (_, [least, below, most, above]) => {
    expect([ofRule(least), ofRule(most)]).toEqual([[], []])
    if (below) expect(ofRule(below)).not.toEqual([])
    expect(ofRule(above)).not.toEqual([])
  })

  it('has least values, and lists that must not be empty', () => {
    const empty: readonly Part[] = [
      { tools: { kinds: [] } },
      { tools: { effects: [] } },
      { when: { days: [] } },
      { args: { '/a': { maxItems: 0 } } },
      { args: { '/a': { maxLength: -1 } } },
      { obligations: { maxResponseBytes: 0 } },
      { obligations: approval({ channels: [] }) },
      { obligations: { quota: { limit: 1, window: 'day', per: [] } } },
      { when: { to: '12:00', timezone: '' } },
      { when: { to: '12:00', timezone: text(65) } },
    ]
    for (const part of empty) expect(ofRule(part)).toHaveLength(1)
    expect(ofRule({ args: { '/a': { maxItems: 1, maxLength: 0 } }, obligations: { maxResponseBytes: 1 } })).toEqual([])
    expect(ofTest({ call: { tool: '' }, expect: 'deny' })).toHaveLength(1)
    expect(ofTest({ call: { tool: 'x' }, expect: 'deny', times: 0 })).toHaveLength(1)
    expect(ofTest({ call: { tool: 'x' }, expect: 'deny', times: 10_001 })).toHaveLength(1)
    expect(ofTest({ call: { tool: 'x' }, expect: 'deny', times: 10_000 })).toEqual([])
    expect(ofTest({ name: '', call: { tool: 'x' }, expect: 'deny' })).toHaveLength(1)
    expect(ofTest({ name: text(201), call: { tool: 'x' }, expect: 'deny' })).toHaveLength(1)
    expect(ofTest({ as: { agent: '' }, call: { tool: 'x' }, expect: 'deny' })).toHaveLength(1)
    expect(ofTest({ as: { agent: 'a', user: '' }, call: { tool: 'x' }, expect: 'deny' })).toHaveLength(1)
    expect(ofTest({ as: { agent: 'a', groups: [''] }, call: { tool: 'x' }, expect: 'deny' })).toHaveLength(1)
    expect(ofTest({ list: { includes: [''] } })).toHaveLength(1)
  })
})

describe('the JSON Schema for editors', () => {
  type Node = { readonly description?: string; readonly [key: string]: unknown }
  /** Every property of every object, by its path. */
  function fields(node: unknown, at: string): readonly (readonly [string, Node])[] {
    if (typeof node !== 'object' || node === null) return []
    return Object.entries(node).flatMap(([key, value]) => [
      ...(at.endsWith('/properties') ? [[`${at}/${key}`, value as Node] as const] : []),
      ...fields(value, `${at}/${key}`),
    ])
  }

  it('describes every field, wherever it is', () => {
    const all = fields(z.toJSONSchema(policyDocumentSchema, { io: 'input' }), '')
    expect(all.length).toBeGreaterThan(80)
    expect(all.filter(([, { description = '' }]) => description.trim() === '').map(([path]) => path)).toEqual([])
  })
})
