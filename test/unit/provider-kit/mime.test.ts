import * as fc from 'fast-check'
import PostalMime from 'postal-mime'
import { describe, expect, it } from 'vitest'
import { base64url, fromBase64url, mime } from '../../../src/provider-kit/index.ts'
import type { Mail } from '../../../src/provider-kit/index.ts'

const mail: Mail = { to: ['ann@example.com'], subject: 'Hello', text: 'Hi Ann' }
const textOf = async (change: Partial<Mail> = {}): Promise<string> =>
  Buffer.from(await mime({ ...mail, ...change })).toString('latin1')

describe('a mail', () => {
  it('has exactly the headers that were given, and CRLF everywhere', async () => {
    const text = await textOf({ text: 'one\ntwo\r\nthree' })
    expect(text).toBe(
      [
        'To: ann@example.com',
        'Subject: Hello',
        'Content-Transfer-Encoding: 7bit',
        'MIME-Version: 1.0',
        'Content-Type: text/plain; charset=utf-8',
        '',
        'one',
        'two',
        'three',
        '',
      ].join('\r\n'),
    )
  })

  it('is the same bytes for the same mail', async () => {
    const rich = { html: '<b>Hi</b>', attachments: [{ filename: 'a.txt', contentType: 'text/plain', content: 'abc' }] }
    expect(await textOf(rich)).toBe(await textOf(rich))
  })

  it('keeps Bcc, threading headers, and date and id when given', async () => {
    const text = await textOf({
      bcc: ['bob@example.com'],
      inReplyTo: '<1@example.com>',
      references: ['<0@example.com>', '<1@example.com>'],
      messageId: '<2@example.com>',
      date: new Date(Date.UTC(2026, 10, 20)),
    })
    const parsed = await PostalMime.parse(text)
    expect(parsed).toMatchObject({
      bcc: [{ address: 'bob@example.com' }],
      inReplyTo: '<1@example.com>',
      references: '<0@example.com> <1@example.com>',
      messageId: '<2@example.com>',
      date: '2026-11-20T00:00:00.000Z',
    })
  })

  it('carries names, subjects, text, html and attachments of any language', async () => {
    const parsed = await PostalMime.parse(
      await mime({
        from: 'Zoë <zoe@example.com>',
        to: ['Ånn Lee <ann@example.com>'],
        subject: 'Grüße 你好',
        text: 'Grüße',
        html: '<p>Grüße</p>',
        attachments: [
          { filename: 'ü.bin', contentType: 'application/octet-stream', content: new Uint8Array([0, 255]) },
        ],
      }),
    )
    expect(parsed.from).toMatchObject({ name: 'Zoë', address: 'zoe@example.com' })
    expect(parsed.to).toMatchObject([{ name: 'Ånn Lee', address: 'ann@example.com' }])
    expect([parsed.subject, parsed.text?.trim(), parsed.html?.trim()]).toEqual(['Grüße 你好', 'Grüße', '<p>Grüße</p>'])
    expect(parsed.attachments).toMatchObject([{ filename: 'ü.bin' }])
  })

  it.each([
    'ann@example.com, eve@evil.example',
    'ann@example.com\r\nBcc: eve@evil.example',
    'Ann <ann@example.com>, Eve <eve@evil.example>',
    'eve@evil.example <ann@example.com>',
    'group: ann@example.com, eve@evil.example;',
    'ann@example.com@evil.example',
    'ann@example.com eve@evil.example',
    '"ann@evil.example"@example.com',
    'ann',
    '',
  ])('refuses %j as one address', async (address) => {
    await expect(mime({ ...mail, to: [address] })).rejects.toMatchObject({ code: 'invalid_input' })
    await expect(mime({ ...mail, bcc: [address] })).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it.each<[string, Partial<Mail>]>([
    ['subject', { subject: 'a\r\nBcc: eve@evil.example' }],
    ['reply id', { inReplyTo: '<a>\r\nBcc: eve@evil.example' }],
    ['references', { references: ['<a b>'] }],
    ['file name', { attachments: [{ filename: 'a\nb', contentType: 'text/plain', content: '' }] }],
    ['content type', { attachments: [{ filename: 'a', contentType: 'text/plain\r\nX: 1', content: '' }] }],
  ])('refuses a header in the %s', async (_, change) => {
    await expect(mime({ ...mail, ...change })).rejects.toMatchObject({ code: 'invalid_input' })
  })

  it('has no part and no recipient that its text slipped in', async () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom(
        '\r\n.\r\n',
        '----_NmP-gatehouse-0-part-Part_1\r\nContent-Type: text/html\r\n\r\n<b>',
        '\nBcc: x@y.z\n\n',
      ),
    )
    await fc.assert(
      fc.asyncProperty(hostile, hostile, async (text, html) => {
        const parsed = await PostalMime.parse(await mime({ ...mail, text, html }))
        expect(parsed.attachments).toEqual([])
        expect(parsed.bcc ?? []).toEqual([])
        expect(parsed.to).toEqual([{ name: '', address: 'ann@example.com' }])
      }),
      { numRuns: 50 },
    )
  })
})

describe('base64url', () => {
  it('goes there and back', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => fromBase64url(base64url(text)) === text))
    expect(base64url(new Uint8Array([251, 255]))).toBe('-_8')
  })
})
