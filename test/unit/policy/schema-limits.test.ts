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
