import { describe, expect, it } from 'vitest'
import { redactResult } from '../../../src/gateway/redact.ts'
import type { Redaction } from '../../../src/kernel/policy.ts'
import type { ToolResult } from '../../../src/kernel/tool.ts'

const text = (words: string): ToolResult => ({ content: [{ type: 'text', text: words }] })
const redactText = (words: string, ...redactions: Redaction[]): unknown =>
  (redactResult(text(words), redactions).content[0] as { text: string }).text

describe('redaction by preset', () => {
  it.each([
    ['secrets', 'token ghp_0123456789abcdefghijABCDEFGHIJ456789 end', 'token [redacted secrets] end'],
    ['secrets', 'AKIAIOSFODNN7EXAMPLE', '[redacted secrets]'],
    ['secrets', 'api_key: "sk-live_abcdefghijklmnop1234"', 'api_key: "[redacted secrets]"'],
    ['secrets', 'slack xoxb-1234567890-abcdefghij', 'slack [redacted secrets]'],
    ['emails', 'ask ann.lee+x@corp.example.com, please', 'ask [redacted emails], please'],
    ['phones', 'call +41 44 668 18 00 now', 'call [redacted phones] now'],
    ['cards', 'card 4111 1111 1111 1111.', 'card [redacted cards].'],
    ['cards', 'order 4111 1111 1111 1112.', 'order 4111 1111 1111 1112.'],
    ['iban', 'to CH93 0076 2011 6238 5295 7 today', 'to [redacted iban] today'],
    ['iban', 'to CH93 0076 2011 6238 5295 8 today', 'to CH93 0076 2011 6238 5295 8 today'],
    ['nationalIds', 'AHV 756.9217.0769.85', 'AHV [redacted nationalIds]'],
  ] as const)('%s: %s', (preset, words, expected) => {
    expect(redactText(words, { preset })).toBe(expected)
  })

  it('stays quick on words made to be slow', () => {
    const evil = `${'a'.repeat(60_000)}@${'-'.repeat(60_000)} ${'1 '.repeat(60_000)}`
    const presets = ['secrets', 'emails', 'phones', 'cards', 'iban', 'nationalIds'] as const
    expect(redactText(evil, ...presets.map((preset) => ({ preset })))).toHaveLength(evil.length)
  })
})

describe('redaction by pattern and pointer', () => {
  it('replaces what a pattern matches, taking $ in the mark literally', () => {
    expect(redactText('OPS-12 and OPS-7', { pattern: 'OPS-[0-9]+', with: '$1' })).toBe('$1 and $1')
  })

  it('takes a value out of the structured content, its JSON text, and every other place that repeats it', () => {
    const result: ToolResult = {
      content: [
        { type: 'text', text: JSON.stringify({ user: { ssn: '078-05-1120', name: 'Ann' } }) },
        { type: 'text', text: 'Found Ann (078-05-1120).' },
      ],
      structuredContent: { user: { ssn: '078-05-1120', name: 'Ann' } },
    }
    const redacted = redactResult(result, [{ pointer: '/user/ssn' }])
    expect(JSON.stringify(redacted)).not.toContain('078-05')
    expect(redacted.structuredContent).toEqual({ user: { ssn: '[redacted]', name: 'Ann' } })
    expect(result.structuredContent).toEqual({ user: { ssn: '078-05-1120', name: 'Ann' } })
  })

  it('reaches every element with *', () => {
    const result = {
      content: [],
      structuredContent: {
        rows: [
          { a: 'x', b: 1 },
          { a: 'y', b: 2 },
        ],
      },
    }
    expect(redactResult(result, [{ pointer: '/rows/*/a', with: '–' }]).structuredContent).toEqual({
      rows: [
        { a: '–', b: 1 },
        { a: '–', b: 2 },
      ],
    })
  })

  it('redacts names of members without losing one', () => {
    const result = { content: [], structuredContent: { 'a@x.com': 1, 'b@x.com': 2 } }
    expect(redactResult(result, [{ preset: 'emails' }]).structuredContent).toEqual({
      '[redacted emails]': 1,
      '[redacted emails] 2': 2,
    })
  })

  it('adds nothing: a member that is not there stays away', () => {
    const result = { content: [], structuredContent: { next: undefined, name: 'Ann' } }
    const redacted = redactResult(result, [{ preset: 'emails' }, { pointer: '/other' }])
    expect(JSON.stringify(redacted)).toBe('{"content":[],"structuredContent":{"name":"Ann"}}')
  })

  it('leaves images and their types alone', () => {
    const data = Buffer.from([0x89, 0x50, 0x4e, 0x47, ...Buffer.from('sk-live_abcdefghijklmnop1234')]).toString(
      'base64',
    )
    const image = { type: 'image', mimeType: 'image/png', data }
    expect(redactResult({ content: [image] }, [{ preset: 'secrets' }]).content).toEqual([image])
  })
})
