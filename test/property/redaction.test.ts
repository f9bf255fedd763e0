import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PRESETS } from '../../src/gateway/redact-presets.ts'
import { redactResult } from '../../src/gateway/redact.ts'
import type { Json } from '../../src/kernel/json.ts'
import type { Redaction } from '../../src/kernel/policy.ts'
import type { ToolResult } from '../../src/kernel/tool.ts'

const NAMES = Object.keys(PRESETS) as (keyof typeof PRESETS)[]
const EVERY: readonly Redaction[] = NAMES.map((preset) => ({ preset }))

/** What must go, each as it stands in texts. */
const SECRETS = {
  secrets: [
    'ghp_0123456789abcdefghijABCDEFGHIJ456789',
    'AKIAIOSFODNN7EXAMPLE',
    'xoxb-1234567890-abcdefghij',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpM',
  ],
  emails: ['ann.lee+x@corp.example.com'],
  phones: ['+41 44 668 18 00'],
  cards: ['4111 1111 1111 1111', '5500005555555559'],
  iban: ['CH93 0076 2011 6238 5295 7', 'DE89370400440532013000'],
  nationalIds: ['756.9217.0769.85', '078-05-1120'],
} as const

const planted = fc.constantFrom(...Object.values(SECRETS).flat())
const noise = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '{"',
    '\\n',
    'password: ',
    '12/27',
    ' AMOUNT',
    'to ',
    '"',
    '[redacted emails]',
    '+',
    '4111 ',
    'CH93 ',
  ),
)
/** Words around secrets; a space keeps them words of their own. */
const prose = fc
  .array(fc.tuple(noise, fc.option(planted, { nil: '' })), { maxLength: 8 })
  .map((parts) => parts.map(([words, secret]) => `${words} ${secret} `).join(''))

const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    prose,
    fc.constantFrom<Json>(null, true, 7, 4_111_111_111_111_111),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom('text', 'data', 'type', 'uri', '__proto__'), prose), tie('value'), {
      maxKeys: 3,
    }),
  ),
})).value

const result: fc.Arbitrary<ToolResult> = fc
  .record({
    texts: fc.array(prose, { maxLength: 2 }),
    inJson: json,
    structured: fc.dictionary(prose, json, { maxKeys: 3 }),
  })
  .map(({ texts, inJson, structured }) => ({
    content: [
      ...texts.map((text) => ({ type: 'text', text })),
      { type: 'text', text: JSON.stringify([inJson]) },
      {
        type: 'resource',
        resource: { uri: `mem://${encodeURIComponent(texts.join())}`, text: JSON.stringify({ inJson }) },
      },
      { type: 'resource', resource: { uri: 'mem://b', blob: Buffer.from(texts.join()).toString('base64') } },
    ],
    structuredContent: structured,
    _meta: { 'com.example/of': inJson },
  }))

/** Everything that can be read in a value, with texts that hold JSON or base64 read once more. */
function readable(value: unknown): string {
  if (typeof value === 'string') {
    const decoded = /^[A-Za-z0-9+/]{8,}={0,2}$/.test(value) ? Buffer.from(value, 'base64').toString() : ''
    const escaped = /%[0-9a-f]{2}/i.test(value) ? unescaped(value) : ''
    return [value, inside(value), decoded, escaped].join('\n')
  }
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .flatMap(([key, member]) => [key, readable(member)])
    .join('\n')
}

function inside(text: string): string {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? readable(value) : ''
  } catch {
    return ''
  }
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

describe('redaction', () => {
  it('leaves nothing of what it knows, wherever it stands', () => {
    fc.assert(
      fc.property(result, (drawn) => {
        const left = readable(redactResult(drawn, EVERY))
        for (const secret of Object.values(SECRETS).flat()) expect(left).not.toContain(secret)
        expect(left).not.toContain('4111111111111111')
      }),
      { numRuns: 400 },
    )
  })

  it('done twice is done once, and JSON in texts stays JSON', () => {
    fc.assert(
      fc.property(result, (drawn) => {
        const once = redactResult(drawn, EVERY)
        expect(redactResult(once, EVERY)).toEqual(once)
        const texts = (of: ToolResult) => of.content.map((block) => (block as { text?: string }).text ?? '')
        const isJson = (text: string) => inside(text) !== ''
        const before = texts(drawn).map(isJson)
        expect(texts(once).map((text, index) => !before[index] || isJson(text))).not.toContain(false)
      }),
      { numRuns: 400 },
    )
  })

  it('changes nothing that has nothing in it, and keeps every member', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const drawn = { content: [], structuredContent: { value } } as ToolResult
        const left = redactResult(drawn, [{ pattern: 'gatehouse-nowhere' }])
        expect(left).toBe(drawn)
      }),
    )
  })
})

const MEGABYTE = 1_000_000
const filled = (unit: string, size = MEGABYTE): string => unit.repeat(Math.ceil(size / unit.length)).slice(0, size)

/** Beginnings of everything that the presets look for, again and again, never coming to an end. */
const HOSTILE: Readonly<Record<string, string>> = {
  letters: 'a',
  digits: '1',
  'spaced digits': '1 ',
  'groups of four': '4111 ',
  'JWT heads': 'eyJ-',
  'JWT halves': 'eyJhbGci.eyJ',
  'mail heads': 'a.',
  'mail at signs': 'a@',
  'mail domains': `${'a'.repeat(64)}@${'b.'.repeat(8)}1 `,
  'quoted mail': '"a',
  'key heads': '-----BEGIN RSA PRIVATE KEY-----',
  dashes: '-',
  'named values': 'password:',
  'quoted values': 'secret="',
  'escaped values': 'secret=\\"',
  'URL users': 'a://b:',
  schemes: 'a+',
  pluses: '+1',
  'brackets and digits': '+1(2) ',
  'IBAN heads': 'CH93 ',
  'IBAN nearly': 'CH93 0076 2011 6238 5295 8 ',
  'id nearly': '111.444.777.',
  'trunk numbers': '044 66 81 80 ',
  bearer: 'Bearer ',
}

describe('the time that presets take', () => {
  it('grows with the text alone, whatever is in it: 1 MB within 2 s', () => {
    const slowest = NAMES.map((preset) => {
      const times = Object.entries(HOSTILE).map(([name, unit]) => {
        const text = filled(unit)
        const began = process.cpuUsage()
        PRESETS[preset](text, '#')
        const { user, system } = process.cpuUsage(began)
        return { preset, name, ms: Math.round((user + system) / 1_000) }
      })
      return times.toSorted((a, b) => b.ms - a.ms)[0]
    })
    process.stdout.write(`${slowest.map((one) => `${one?.preset}: ${one?.ms} ms (${one?.name})`).join(', ')}\n`)
    expect(slowest.filter((one) => (one?.ms ?? 0) > 2_000)).toEqual([])
  }, 60_000)

  it('grows no faster where ten thousand values are removed and repeated', () => {
    const rows = Array.from({ length: 10_000 }, (_, n) => ({ name: `person-${n}`, n }))
    const text = rows.map(({ name }) => name).join(' ')
    const began = process.cpuUsage()
    const left = redactResult({ content: [{ type: 'text', text: filled(`${text} `) }], structuredContent: { rows } }, [
      { pointer: '/rows/*/name' },
    ])
    const { user } = process.cpuUsage(began)
    process.stdout.write(`10,000 values out of 1 MB: ${Math.round(user / 1_000)} ms\n`)
    expect(JSON.stringify(left)).not.toMatch(/person-[0-9]{4} /)
    expect(user / 1_000).toBeLessThan(2_000)
  })
})
