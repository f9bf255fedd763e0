import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testGateway } from '../helpers/test-gateway.ts'
import { sourceTool } from '../helpers/tools.ts'

/** Nothing is validated away: the conditions alone stand between these arguments and the source. */
const connections = { open: { tools: [sourceTool('take', { effect: 'read' }, { inputSchema: { type: 'object' } })] } }
const TAKE = 'conn:open:take'

const RULES = {
  allow: [
    {
      id: 'if-all-is-well',
      effect: 'allow',
      args: {
        '/name': { pattern: '[a-z]+', maxLength: 20 },
        '/to': { emailDomains: ['corp.com'], maxItems: 3 },
        '/n': { min: 1, max: 5 },
        '/url': { hosts: ['corp.com'], optional: true },
      },
      closedArgs: true,
    },
  ],
  require: [
    { id: 'all', effect: 'allow' },
    { id: 'well', effect: 'require', args: { '/name': { in: ['ann', 'bob'] }, '/to': { emailDomains: ['corp.com'] } } },
  ],
  deny: [
    { id: 'all', effect: 'allow' },
    { id: 'no-name', effect: 'deny', args: { '/name': { notIn: ['ann', 'bob'] } } },
    { id: 'no-many', effect: 'deny', args: { '/n': { min: 6 } } },
  ],
}

function deep(levels: number): unknown {
  let value: unknown = 'ann'
  for (let n = 0; n < levels; n++) value = n % 2 === 0 ? [value] : { name: value }
  return value
}

const throwing = (): object =>
  Object.defineProperty({}, 'name', {
    enumerable: true,
    get: () => {
      throw new RangeError('Maximum call stack size exceeded')
    },
  })

const HOSTILE: readonly unknown[] = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  '\ud800ann',
  'ann\udfff',
  'ann\u0000',
  'ann\n',
  'a'.repeat(20_001),
  null,
  [],
  {},
  [[]],
  [null],
  true,
  10n,
  Symbol('ann'),
  new Date(0),
  deep(10_000),
  JSON.parse('{"__proto__":{"name":"ann"}}') as unknown,
  JSON.parse('{"constructor":{"prototype":{"name":"ann"}}}') as unknown,
  'ann@corp.com, eve@evil.test',
  ['ann@corp.com', ['eve@evil.test']],
  Array.from({ length: 10_000 }, () => 'ann@corp.com'),
]

const hostile = fc.constantFrom(...HOSTILE)
const input = fc.oneof(
  fc.dictionary(fc.constantFrom('name', 'to', 'n', 'url', 'more', '__proto__', 'constructor', 'other'), hostile, {
    minKeys: 1,
  }),
  fc.constantFrom(throwing(), deep(10_000), JSON.parse('{"__proto__":{"name":"ann","to":["ann@corp.com"],"n":2}}')),
)

describe.each(Object.entries(RULES))('conditions of %s', (_effect, rules) => {
  it('never let through what they cannot judge', async () => {
    await fc.assert(
      fc.asyncProperty(input, async (drawn) => {
        const gateway = testGateway({ connections, policy: { rules } })
        const result = await gateway.call('sidekick', TAKE, drawn).catch((error: unknown) => ({ error }))
        expect(result).toHaveProperty('error')
        expect(gateway.sent).toEqual([])
        expect(gateway.events.every(({ outcome }) => outcome !== 'ok')).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('let through what is well', async () => {
    const gateway = testGateway({ connections, policy: { rules } })
    await gateway.call('sidekick', TAKE, { name: 'ann', to: ['ann@corp.com'], n: 2 })
    expect(gateway.sent).toHaveLength(1)
  })
})
