import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseJsonText } from '../../src/config/json-text.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { GatewayError } from '../../src/kernel/errors.ts'

const parse = (text: string) =>
  parseConfig(text, {
    path: 'gateway.config.json',
    env: { SET: 'canary-7f3a' },
    readFile: () => Promise.reject(new Error('none')),
  })

const fail = (): never => {
  throw new SyntaxError()
}

/** Words that the schema knows, so that random documents get past the first door. */
const word = fc.oneof(
  fc.constantFrom(
    ...'organisation server connections agents identity jwt policy rules mcp provider auth method token'.split(' '),
    ...'env file headers url command tools a __proto__ constructor'.split(' '),
  ),
  fc.string(),
)
const leaf = fc.oneof(
  fc.constantFrom('${env:SET}', '${env:GONE}', '${', '${x}', '$${', '30s', 'https://a', 'allow', -1, 0, null, true),
  fc.string(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const document = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc.array(tie('node'), { maxLength: 4 }),
    fc.dictionary(word, tie('node'), { maxKeys: 5 }),
  ),
})).node

const complaint = async (text: string): Promise<unknown> =>
  parse(text).then(
    () => undefined,
    (error: unknown) => error,
  )

describe('the configuration parser', () => {
  it('throws nothing but GatewayError, whatever the JSON', async () => {
    await fc.assert(
      fc.asyncProperty(document, fc.boolean(), async (value, whole) => {
        const text = JSON.stringify(
          whole ? value : { organisation: 'acme', connections: { a: value }, agents: { b: value } },
        )
        const error = await complaint(text)
        expect(error === undefined || error instanceof GatewayError).toBe(true)
        if (error instanceof GatewayError) expect(error.message).not.toContain('canary')
      }),
      { numRuns: 400 },
    )
  })

  it('throws nothing but GatewayError, whatever the text', async () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[{}[\]",:\\ \n0-9a-z./*'-]{0,60}$/))
    await fc.assert(
      fc.asyncProperty(text, async (value) => {
        expect(await complaint(value)).toBeInstanceOf(GatewayError)
      }),
      { numRuns: 1_000 },
    )
  })

  it('reads JSON as JSON.parse does, and places every value', () => {
    const json = fc.json({ maxDepth: 6 }).filter((text) => !text.includes('__proto__'))
    fc.assert(
      fc.property(json, fc.constantFrom(0, 2), (text, indent) => {
        const written = JSON.stringify(JSON.parse(text), undefined, indent)
        const { value, problems, values } = parseJsonText(written, fail)
        expect(value).toEqual(JSON.parse(written))
        expect(problems).toEqual([])
        for (const [pointer, offset] of values) {
          const at = JSON.stringify(valueAt(value, pointer), undefined, 0)[0]
          expect(written[offset]).toBe(at)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('accepts a text only when JSON.parse does', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[{}[\]",:\\ \n0-9eE+a.tru-]{0,14}$/), (text) => {
        expect(accepts(() => parseJsonText(text, fail))).toBe(accepts(() => JSON.parse(text)))
      }),
      { numRuns: 5_000 },
    )
  })
})

function accepts(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}

function valueAt(value: unknown, pointer: string): unknown {
  const steps = pointer.split('/').slice(1)
  return steps.reduce<unknown>(
    (at, step) => (at as Record<string, unknown>)[step.replaceAll('~1', '/').replaceAll('~0', '~')],
    value,
  )
}
