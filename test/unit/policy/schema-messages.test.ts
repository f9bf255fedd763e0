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
const record = (length: number, value: unknown) =>
  Object.fromEntries(Array.from({ length }, (_, at) => [`/a${at}`, value]))

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

  it('says of every selector and set of duties that it must not be empty', () => {
    const all = fields(z.toJSONSchema(policyDocumentSchema, { io: 'input' }), '')
    const least = (end: string) => all.filter(([path]) => path.endsWith(end)).map(([, node]) => node['minProperties'])
    const rule = '/rules/items/properties'
    const selectors = ['subjects', 'tools'].flatMap((key) => [`${rule}/${key}`, `${rule}/${key}/properties/except`])
    for (const path of [...selectors, `${rule}/args`, `${rule}/obligations`]) expect(least(path)).toEqual([1])
    expect(all.find(([path]) => path.endsWith(`${rule}/args`))?.[1]['maxProperties']).toBe(100)
  })
})
