import { describe, expect, it } from 'vitest'
import { policyDocumentSchema } from '../../../src/policy/schema.ts'

type Part = Record<string, unknown>

/** What the schema has to say of a document. */
const said = (document: unknown) => policyDocumentSchema.safeParse(document).error?.issues ?? []
const ofRule = (part: Part) => said({ rules: [{ id: 'r', effect: 'allow', ...part }] })
const ofTest = (part: Part) => said({ rules: [], tests: [{ name: 't', as: { agent: 'a' }, ...part }] })
const list = <T>(length: number, value: T): readonly T[] => Array.from({ length }, () => value)
const record = (length: number, value: unknown) =>
  Object.fromEntries(list(length, value).map((one, at) => [`/a${at}`, one]))
const text = (size: number) => 'a'.repeat(size)
const constrained = (constraint: Part): Part => ({ args: { '/a': constraint } })
const owed = (obligations: Part): Part => ({ obligations })
const approval = (more: Part): Part => ({ approval: { approvers: ['g'], ...more } })

describe('the schema takes what is just within its limits, and nothing beyond', () => {
  it.each<[string, number, number, (size: number) => Part]>([
    ['characters of an id', 1, 64, (size) => ({ id: text(size) })],
    ['characters of a name', 1, 128, (size) => ({ tools: { names: [text(size)] } })],
    ['names', 1, 1_000, (size) => ({ tools: { names: list(size, 'a') } })],
    ['claims', 1, 100, (size) => ({ subjects: { claims: list(size, { path: '/a', equals: 1 }) } })],
    ['values', 1, 1_000, (size) => constrained({ in: list(size, 1) })],
    ['characters of a pointer', 0, 256, (size) => ({ args: { [`/${text(size)}`.slice(0, size)]: { max: 1 } } })],
    ['characters of a description', 0, 500, (size) => ({ description: text(size) })],
    ['arguments', 1, 100, (size) => ({ args: record(size, { max: 1 }) })],
    ['characters of a pattern', 1, 500, (size) => constrained({ pattern: text(size) })],
    ['domains', 1, 1_000, (size) => constrained({ emailDomains: list(size, 'a.com') })],
    ['hosts', 1, 1_000, (size) => constrained({ hosts: list(size, 'a') })],
    ['labels', 1, 20, (size) => ({ run: { seen: list(size, 'a') } })],
    ['characters of a label', 1, 64, (size) => ({ run: { seen: [text(size)] } })],
    ['approvers', 1, 20, (size) => owed(approval({ approvers: list(size, 'g') }))],
    ['a quorum', 1, 20, (quorum) => owed(approval({ quorum }))],
    ['calls of a rate', 1, 1_000_000, (limit) => owed({ rateLimit: { limit, window: '1h' } })],
    ['a burst', 1, 1_000_000, (burst) => owed({ rateLimit: { limit: 1, window: '1h', burst } })],
    ['calls of a quota', 1, 1_000_000_000, (limit) => owed({ quota: { limit, window: 'day' } })],
    ['redactions', 1, 50, (size) => owed({ redact: list(size, { preset: 'cards' }) })],
    ['characters of a replacement', 0, 64, (size) => owed({ redact: [{ preset: 'cards', with: text(size) }] })],
  ])('%s', (_, least, most, part) => {
    expect([ofRule(part(least)), ofRule(part(most))]).toEqual([[], []])
    if (least > 0) expect(ofRule(part(least - 1))).not.toEqual([])
    expect(ofRule(part(most + 1))).not.toEqual([])
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

describe('the schema takes every word that it knows, and no other', () => {
  it.each<[string, readonly string[], (word: string) => Part]>([
    ['channels', ['console', 'elicitation-url', 'elicitation-form'], (word) => owed(approval({ channels: [word] }))],
    [
      'scopes',
      ['agent', 'user', 'tool', 'connection', 'organisation'],
      (word) => owed({ quota: { limit: 1, window: 'day', per: [word] } }),
    ],
    ['windows', ['hour', 'day', 'week', 'month'], (window) => owed({ quota: { limit: 1, window } })],
    [
      'presets',
      ['secrets', 'emails', 'phones', 'cards', 'iban', 'nationalIds'],
      (preset) => owed({ redact: [{ preset }] }),
    ],
    ['levels', ['meta', 'hash', 'args', 'full'], (log) => owed({ log })],
    ['modes', ['enforce', 'shadow'], (mode) => ({ mode })],
    ['kinds', ['tool', 'resource', 'template', 'prompt'], (kind) => ({ tools: { kinds: [kind] } })],
    ['effects', ['read', 'write', 'destructive', 'unclassified'], (effect) => ({ tools: { effects: [effect] } })],
    ['risks', ['low', 'medium', 'high', 'critical'], (riskAtLeast) => ({ tools: { riskAtLeast } })],
    ['days', ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], (day) => ({ when: { days: [day] } })],
    [
      'domains',
      ['corp.com', 'a.b.corp.com', '*.corp.com', `${text(63)}.com`, 'a-b.co'],
      (domain) => constrained({ emailDomains: [domain] }),
    ],
    [
      'hosts',
      ['a', 'api.corp.com', '*.corp.com', 'corp.com:65535', '[::1]:80'],
      (host) => constrained({ hosts: [host] }),
    ],
    ['times', ['00:00', '19:59', '23:59'], (from) => ({ when: { from } })],
    ['ends', ['00:00', '23:59', '24:00'], (to) => ({ when: { to } })],
    ['pointers', ['', '/', '/a/b', '/~0', '/~1'], (pointer) => ({ args: { [pointer]: { max: 1 } } })],
  ])('%s', (_, words, part) => {
    for (const word of words) expect(ofRule(part(word))).toEqual([])
  })

  it('of texts, with nothing before or after', () => {
    const refused: readonly Part[] = [
      ...['corp.com/x', 'x corp.com', 'corp', '.com', '-a.com', 'a-.com', 'corp.c'].map((one) =>
        constrained({ emailDomains: [one] }),
      ),
      ...['a b', 'a/', 'x [::1]', 'corp.com:0', 'corp.com:123456', '-a', 'a.'].map((one) =>
        constrained({ hosts: [one] }),
      ),
      ...['x09:00', '09:00x', '24:00', '9:00', '09:60'].map((from) => ({ when: { from } })),
      ...['x09:00', '09:00x', '24:01', 'x24:00', '24:00x'].map((to) => ({ when: { to } })),
      ...['a', 'x/a', '/~', '/~2'].map((pointer) => ({ args: { [pointer]: { max: 1 } } })),
      ...['none', ''].flatMap((word) => [{ mode: word }, { tools: { kinds: [word] } }, owed({ log: word })]),
    ]
    for (const part of refused) expect(ofRule(part)).not.toEqual([])
  })

  it('and bounds of which one is left out, or which meet', () => {
    const moment = '2026-11-20T00:00:00Z'
    const taken: readonly Part[] = [
      constrained({ min: 1 }),
      constrained({ max: 1 }),
      constrained({ min: 1, max: 1 }),
      constrained({ absent: true }),
      { when: { notBefore: moment } },
      { when: { notAfter: moment } },
      { when: { notBefore: moment, notAfter: '2026-11-20T01:00:00+01:00' } },
      ...[{ when: { to: '12:00' } }, constrained({ max: 1 }), { closedArgs: true }, owed({ log: 'hash' })].map(
        (part) => ({ effect: 'require', ...part }),
      ),
    ]
    for (const part of taken) expect(ofRule(part)).toEqual([])
    expect(ofTest({ at: '2026-11-20T12:00:00+01:00', list: { includes: [] } })).toEqual([])
    expect(ofTest({ at: '2026-11-20T12:00:00', list: { includes: [] } })).toHaveLength(1)
    for (const expected of ['allow', 'deny', 'approval']) {
      expect(ofTest({ call: { tool: 'x' }, expect: expected })).toEqual([])
    }
  })
})
