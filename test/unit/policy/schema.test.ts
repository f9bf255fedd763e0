import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { policyDocumentSchema } from '../../../src/policy/schema.ts'

type Part = Record<string, unknown>

/** The places at which the schema refuses a document. */
function refusals(document: unknown): readonly string[] {
  const { error } = policyDocumentSchema.safeParse(document)
  return (error?.issues ?? []).map(({ path }) => path.join('.'))
}
const inRule = (part: Part): readonly string[] => refusals({ rules: [{ id: 'r', effect: 'allow', ...part }] })

describe('the policy document', () => {
  it('accepts a rule with everything in it', () => {
    expect(
      inRule({
        description: 'why',
        enabled: true,
        subjects: {
          agents: ['*'],
          users: ['u'],
          groups: ['g'],
          claims: [{ path: '/x', equals: 1 }],
          except: { users: ['v'] },
        },
        tools: {
          connections: ['c'],
          providers: ['p'],
          names: ['n_*'],
          effects: ['read'],
          external: false,
          tags: ['t'],
          riskAtLeast: 'low',
          except: { external: true },
        },
        when: { days: ['mon'], from: '09:00', to: '17:00', timezone: 'UTC', notAfter: '2026-11-20T00:00:00Z' },
        args: {
          '/to': { emailDomains: ['corp.com', '*.corp.com'], maxItems: 3 },
          '/u': { hosts: ['a.b:80', '[::1]'] },
        },
        closedArgs: true,
        obligations: {
          approval: { approvers: ['g'], quorum: 2, allowSelf: true, ttl: '1h', channels: ['console'] },
          rateLimit: { limit: 1, window: '1h', per: ['agent', 'tool'], burst: 2 },
          redact: [{ preset: 'secrets', with: '…' }],
          maxResponseBytes: 1000,
          log: 'args',
        },
      }),
    ).toEqual([])
  })

  it('refuses keys that it does not know, wherever they are', () => {
    expect(refusals({ rules: [], defualt: 'deny' })).toEqual([''])
    expect(inRule({ tool: { names: ['x'] } })).toEqual(['rules.0'])
    expect(inRule({ tools: { name: ['x'] } })).toContain('rules.0.tools')
    expect(inRule({ args: { '/a': { equal: 1 } } })).toEqual(['rules.0.args./a'])
  })

  it('refuses a second rule with the same id', () => {
    const rule = { id: 'r', effect: 'allow' }
    expect(refusals({ rules: [rule, { id: 's', effect: 'deny' }, rule] })).toEqual(['rules.2.id'])
  })

  it.each<[string, Part, string]>([
    ['obligations on a deny', { effect: 'deny', obligations: { log: 'meta' } }, 'obligations'],
    ['closedArgs on a deny', { effect: 'deny', closedArgs: true }, 'closedArgs'],
    ['a require without a restriction', { effect: 'require', tools: { names: ['x'] } }, 'effect'],
    ['subjects that read like nobody', { subjects: {} }, 'subjects'],
    ['a list without values', { subjects: { agents: [] } }, 'subjects.agents'],
    ['an except that takes all out', { tools: { names: ['x'], except: {} } }, 'tools.except'],
    ['a when without a time', { when: { timezone: 'UTC' } }, 'when'],
    ['a window without a minute', { when: { from: '09:00', to: '09:00' } }, 'when.to'],
    ['a time that is none', { when: { from: '9:00' } }, 'when.from'],
    [
      'an end before its begin',
      { when: { notBefore: '2026-11-20T00:00:00Z', notAfter: '2026-11-19T00:00:00Z' } },
      'when.notAfter',
    ],
    ['a moment without an offset', { when: { notAfter: '2026-11-20T00:00:00' } }, 'when.notAfter'],
    ['no arguments', { args: {} }, 'args'],
    ['an argument that is not a pointer', { args: { to: { equals: 1 } } }, 'args.to'],
    ['absent with a value', { args: { '/a': { absent: true, equals: 1 } } }, 'args./a.absent'],
    ['min above max', { args: { '/a': { min: 2, max: 1 } } }, 'args./a.min'],
    ['a pattern that is too long', { args: { '/a': { pattern: 'a'.repeat(501) } } }, 'args./a.pattern'],
    ['a domain with an @', { args: { '/a': { emailDomains: ['@corp.com'] } } }, 'args./a.emailDomains.0'],
    ['a host with a path', { args: { '/a': { hosts: ['corp.com/x'] } } }, 'args./a.hosts.0'],
    [
      'a duration that is none',
      { obligations: { rateLimit: { limit: 1, window: '1 hour' } } },
      'obligations.rateLimit.window',
    ],
    ['no obligation', { obligations: {} }, 'obligations'],
    ['a mode that there is not', { mode: 'off' }, 'mode'],
    ['a run that has seen nothing', { run: { seen: [] } }, 'run.seen'],
    ['a label with a capital', { run: { seen: ['Untrusted'] } }, 'run.seen.0'],
    ['a require that is only about runs', { effect: 'require', run: { seen: ['x'] } }, 'effect'],
    ['a label with a blank', { obligations: { label: ['not trusted'] } }, 'obligations.label.0'],
    ['a quota of no window', { obligations: { quota: { limit: 1, window: '1d' } } }, 'obligations.quota.window'],
    ['a quota of nothing', { obligations: { quota: { limit: 0, window: 'day' } } }, 'obligations.quota.limit'],
    [
      'a redaction of two kinds',
      { obligations: { redact: [{ preset: 'emails', pattern: 'x' }] } },
      'obligations.redact.0',
    ],
    ['a claim with two tests', { subjects: { claims: [{ path: '/a', equals: 1, contains: 1 }] } }, 'subjects.claims.0'],
    ['a name with a look-alike letter', { tools: { names: ['p\u043est'] } }, 'tools.names.0'],
    ['an id like __proto__', { id: '__proto__' }, 'id'],
  ])('refuses %s', (_, part, path) => {
    expect(inRule(part)).toContain(`rules.0.${path}`)
  })

  it('refuses a test that asks nothing, or two things', () => {
    const test = (part: Part) => refusals({ rules: [], tests: [{ name: 't', as: { agent: 'a' }, ...part }] })
    expect(test({})).toEqual(['tests.0'])
    expect(test({ call: { tool: 'x' } })).toEqual(['tests.0.expect'])
    expect(test({ list: { includes: [] }, seen: ['untrusted'] })).toEqual(['tests.0.list'])
    expect(test({ list: { includes: [] }, times: 2 })).toEqual(['tests.0.list'])
    expect(test({ call: { tool: 'x' }, expect: 'deny', list: { exactly: [] } })).toEqual(['tests.0'])
    expect(test({ list: {} })).toEqual(['tests.0.list'])
  })

  it('makes a JSON Schema for editors in which every field of a rule is described', () => {
    const schema = z.toJSONSchema(policyDocumentSchema, { io: 'input' }) as unknown as {
      properties: { rules: { items: { properties: Record<string, { description?: string }> } } }
    }
    const { properties } = schema.properties.rules.items
    expect(Object.keys(properties)).toContain('obligations')
    expect(Object.entries(properties).filter(([, { description }]) => !description)).toEqual([])
  })
})
