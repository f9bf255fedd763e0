import PostalMime from 'postal-mime'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { htmlText } from '../../../providers/gmail/html-text.ts'
import gmail from '../../../providers/gmail/index.ts'
import { kindOf, reply, sent, sentJson, shown } from './replies.ts'

const { actions } = gmail
const base64url = (text: string): string => Buffer.from(text).toString('base64url')
const mail = { to: ['ann@example.com'], subject: 'Invoice', text: 'Hello' }

async function rawOf(input: z.input<typeof actions.send_message.input>): Promise<string> {
  const { raw } = (await sentJson(actions.send_message, input)) as { raw: string }
  expect(raw).toMatch(/^[A-Za-z0-9_-]+$/)
  return Buffer.from(raw, 'base64url').toString('utf8')
}

describe('a mail', () => {
  it('is sent as RFC 5322 with every recipient, also the hidden ones', async () => {
    const raw = await rawOf({ ...mail, cc: ['bob@example.com'], bcc: ['carl@example.com'], subject: 'Grüße ✓' })
    const parsed = await PostalMime.parse(raw)
    expect(parsed.subject).toBe('Grüße ✓')
    expect([parsed.to, parsed.cc, parsed.bcc].map((list) => list?.map(({ address }) => address))).toEqual([
      ['ann@example.com'],
      ['bob@example.com'],
      ['carl@example.com'],
    ])
    expect(raw.split('\r\n\r\n')[0]).not.toMatch(/[^\r]\n|[^\x20-\x7e\r\n]/)
  })

  it('carries text and HTML side by side', async () => {
    const parsed = await PostalMime.parse(await rawOf({ ...mail, text: 'Übung', html: '<p>Übung</p>' }))
    expect([parsed.text?.trim(), parsed.html?.trim()]).toEqual(['Übung', '<p>Übung</p>'])
  })

  it('answers in its thread, referring to what it answers', async () => {
    const answer = { ...mail, thread_id: 't1', in_reply_to: '<b@x.org>', references: ['<a@x.org>', '<b@x.org>'] }
    expect(await sentJson(actions.send_message, answer)).toMatchObject({ threadId: 't1' })
    const parsed = await PostalMime.parse(await rawOf(answer))
    expect([parsed.inReplyTo, parsed.references]).toEqual(['<b@x.org>', '<a@x.org> <b@x.org>'])
    const short = await PostalMime.parse(await rawOf({ ...mail, in_reply_to: '<b@x.org>' }))
    expect(short.references).toBe('<b@x.org>')
  })

  it.each([
    ['subject', { subject: 'Hi\r\nBcc: evil@example.com' }, ['subject']],
    ['subject', { subject: 'Hi\nthere' }, ['subject']],
    ['to', { to: ['ann@example.com\r\nBcc: evil@example.com'] }, ['to', 0]],
    ['to', { to: ['ann@example.com, evil@example.com'] }, ['to', 0]],
    ['to', { to: ['"ann@good.example" <evil@example.com>'] }, ['to', 0]],
    ['to', { to: [] }, ['to']],
    ['cc', { cc: ['ann@example.com', 'not an address'] }, ['cc', 1]],
    ['in_reply_to', { in_reply_to: '<a@x.org>\r\nX-Evil: 1' }, ['in_reply_to']],
    ['references', { references: ['<a@x.org>', 'b'] }, ['references', 1]],
  ])('refuses what would become another header, naming the field %s', (_field, bad, path) => {
    for (const action of [actions.send_message, actions.create_draft]) {
      expect(action.input.safeParse({ ...mail, ...bad }).error?.issues[0]?.path).toEqual(path)
    }
  })

  it('has at most 100 recipients over to, cc and bcc', async () => {
    const crowd = (size: number) => Array.from({ length: size }, (_, index) => `a${index}@example.com`)
    await expect(sent(actions.send_message, { ...mail, to: crowd(60), bcc: crowd(41) })).rejects.toThrow(
      /100 addresses/,
    )
    await expect(sent(actions.send_message, { ...mail, to: crowd(60), bcc: crowd(40) })).resolves.toBeDefined()
  })

  it('becomes a draft with the same bytes', async () => {
    const draft = (await sentJson(actions.create_draft, mail)) as { message: { raw: string } }
    expect(draft.message.raw).toBe(((await sentJson(actions.send_message, mail)) as { raw: string }).raw)
  })
})

describe('reading mail', () => {
  const header = (name: string, value: string) => ({ name, value })
  const headers = [
    header('From', 'Ann <ann@example.com>'),
    header('SUBJECT', 'Invoice'),
    header('Message-ID', '<b@x.org>'),
    header('References', '<0@x.org>\r\n <a@x.org>'),
    header('X-Spam-Score', '0'),
  ]
  const part = (mimeType: string, text: string, extra: object = {}) => ({
    mimeType,
    filename: '',
    headers: [],
    body: { size: text.length, data: base64url(text) },
    ...extra,
  })
  const message = (payload: object) =>
    reply({
      id: 'm1',
      threadId: 't1',
      labelIds: ['INBOX'],
      snippet: 'Ann&#39;s invoice',
      payload: { headers, ...payload },
    })

  const twoKinds = {
    mimeType: 'multipart/mixed',
    parts: [
      {
        mimeType: 'multipart/alternative',
        parts: [part('text/plain', 'Hello Ünal,\r\nhere it is.'), part('text/html', '<p>Hello</p>')],
      },
      { mimeType: 'application/pdf', filename: 'invoice.pdf', body: { attachmentId: 'att1', size: 4_096 } },
      part('text/plain', 'not the text of the mail', { filename: 'notes.txt' }),
    ],
  }

  it('prefers plain text, and names attachments without reading them', () => {
    expect(shown(actions.get_message, { message_id: 'm1' }, message(twoKinds))).toEqual({
      id: 'm1',
      thread_id: 't1',
      from: 'Ann <ann@example.com>',
      subject: 'Invoice',
      labels: ['INBOX'],
      message_id: '<b@x.org>',
      references: ['<0@x.org>', '<a@x.org>'],
      text: 'Hello Ünal,\nhere it is.',
      attachments: [
        { filename: 'invoice.pdf', type: 'application/pdf', size: 4_096, attachment_id: 'att1' },
        { filename: 'notes.txt', type: 'text/plain', size: 24 },
      ],
    })
  })

  it('reads the text out of HTML when there is nothing else', () => {
    const html =
      '<html><head><style>p{color:red}</style></head><body><p>Hello&nbsp;<b>Ann</b></p><p>Bye</p></body></html>'
    expect(shown(actions.get_message, { message_id: 'm1' }, message(part('text/html', html)))).toMatchObject({
      text: 'Hello Ann\nBye',
    })
  })

  it('gives long mails in parts', () => {
    const long = message(part('text/plain', 'x'.repeat(250)))
    const read = (offset: number) => shown(actions.get_message, { message_id: 'm1', offset, max_characters: 100 }, long)
    expect(read(0)).toMatchObject({ next_offset: 100 })
    expect(read(200)).toMatchObject({ text: 'x'.repeat(50) })
    expect(read(200)).not.toHaveProperty('next_offset')
  })

  it('survives a MIME tree that is built to hurt', () => {
    let nested: object = part('text/plain', 'deep')
    for (let depth = 0; depth < 5_000; depth++) nested = { mimeType: 'multipart/mixed', parts: [nested] }
    expect(shown(actions.get_message, { message_id: 'm1' }, message(nested))).toMatchObject({ text: '' })
    const wide = { parts: Array.from({ length: 5_000 }, () => part('text/plain', 'a')) }
    const { text } = shown(actions.get_message, { message_id: 'm1' }, message(wide)) as { text: string }
    expect(text.length).toBeLessThan(1_000)
  })

  it('lists hits with who, what and when', () => {
    const input = { query: 'invoice', limit: 1 }
    const list = reply({ messages: [{ id: 'm1' }, { id: 'm2' }], nextPageToken: '7', resultSizeEstimate: 2 })
    expect(actions.search_messages.followUps?.(list, actions.search_messages.input.parse(input))).toHaveLength(1)
    expect(shown(actions.search_messages, input, list, message({}))).toEqual({
      messages: [
        {
          id: 'm1',
          thread_id: 't1',
          from: 'Ann <ann@example.com>',
          subject: 'Invoice',
          labels: ['INBOX'],
          snippet: "Ann's invoice",
        },
      ],
      estimated_total: 2,
      next_page_token: '7',
    })
    expect(shown(actions.search_messages, input, reply({ resultSizeEstimate: 0 }))).toEqual({
      messages: [],
      estimated_total: 0,
    })
  })

  it('shows of a thread the latest messages, each cut', () => {
    const messages = Array.from({ length: 60 }, (_, index) => ({
      id: `m${index}`,
      threadId: 't1',
      payload: part('text/plain', `${index} ${'x'.repeat(500)}`),
    }))
    const thread = shown(
      actions.get_thread,
      { thread_id: 't1', max_characters: 100 },
      reply({ id: 't1', messages }),
    ) as {
      messages: readonly { id: string; text: string }[]
    }
    expect(thread).toMatchObject({ id: 't1', total_messages: 60 })
    expect([thread.messages.length, thread.messages[0]?.id, thread.messages[0]?.text.length]).toEqual([50, 'm10', 100])
  })

  it('asks Google for the needed fields only', async () => {
    for (const action of [actions.get_message, actions.search_messages, actions.get_thread, actions.list_labels]) {
      const input = { message_id: 'm1', thread_id: 't1' }
      const known = Object.fromEntries(Object.entries(input).filter(([key]) => key in action.input.shape))
      const { query } = await action.request(action.input.parse(known) as never, {})
      expect(query?.['fields']).toMatch(/^[\w,()/]+$/)
    }
  })
})

describe('the text of HTML', () => {
  it.each([
    ['<p>one</p><p>two</p>', 'one\ntwo'],
    ['one<br/>two<BR>three', 'one\ntwo\nthree'],
    ['<STYLE>x</STYLE>a<script>alert(1)</script>b', 'ab'],
    ['<header>kept</header>', 'kept'],
    ['<!-- <p>hidden</p> -->seen', 'seen'],
    ['<!--[if mso]><p>Outlook only</p><![endif]-->seen', 'seen'],
    [
      'a &lt;b&gt; &amp;amp; &#8364; &#x20AC; &euro; &nosuch; &#0; &#xD800;',
      'a <b> &amp; € € € &nosuch; &#0; &#xD800;',
    ],
    ['a<style>never closed', 'a'],
    ['İ<style>x</style>stanbul', 'İstanbul'],
    ['2 < 3 and 5 > 4', '2 < 3 and 5 > 4'],
    ['<div>\n  much \t space\n</div>\n\n\n\n<div>less</div>', 'much space\nless'],
  ])('of %j is %j', (html, text) => {
    expect(htmlText(html)).toBe(text)
  })

  it.each(['<', '<style', '<!--', '<br', '</style', '&', '&#x', ' ', '\n', '<a '])(
    'is found in linear time, also in a megabyte of %j',
    (piece) => {
      const started = performance.now()
      htmlText(piece.repeat(1_000_000 / piece.length))
      expect(performance.now() - started).toBeLessThan(5_000)
    },
  )
})

describe('sorting mail', () => {
  it('cannot throw away through labels', async () => {
    for (const label of ['TRASH', 'SPAM']) {
      await expect(sent(actions.modify_labels, { message_id: 'm1', add_label_ids: [label] })).rejects.toThrow(
        /trash_message/,
      )
    }
    expect(await sentJson(actions.modify_labels, { message_id: 'm1', remove_label_ids: ['TRASH'] })).toEqual({
      addLabelIds: [],
      removeLabelIds: ['TRASH'],
    })
    await expect(sent(actions.modify_labels, { message_id: 'm1' })).rejects.toThrow(/Nothing to change/)
  })
})

describe('Gmail refusals', () => {
  const refusal = (status: number, message: string, reason?: string, extra: object = {}) =>
    reply({ error: { code: status, message, errors: reason ? [{ domain: 'x', reason }] : [], ...extra } }, status)

  it('are read by status and reason', () => {
    const kinds: readonly (readonly [string, ReturnType<typeof reply>])[] = [
      ['fine', reply({ id: 'm1' })],
      ['reauth', refusal(401, 'Invalid Credentials', 'authError')],
      ['rate_limit_exceeded', refusal(403, 'Rate Limit Exceeded', 'rateLimitExceeded')],
      ['rate_limit_exceeded', refusal(403, 'User Rate Limit Exceeded', 'userRateLimitExceeded')],
      ['rate_limit_exceeded', refusal(403, 'Daily Limit Exceeded', 'dailyLimitExceeded')],
      ['rate_limit_exceeded', refusal(429, 'Too many concurrent requests for user')],
      ['missing_scope', refusal(403, 'Insufficient Permission', 'insufficientPermissions')],
      [
        'missing_scope',
        refusal(403, 'Insufficient scopes', undefined, { details: [{ reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT' }] }),
      ],
      ['forbidden', refusal(403, 'Delegation denied', 'forbidden')],
      ['not_found', refusal(404, 'Requested entity was not found.', 'notFound')],
      ['invalid_input', refusal(400, 'Invalid label: X', 'invalidArgument')],
      ['upstream', refusal(500, 'Backend Error', 'backendError')],
      ['upstream', reply('<html>Sorry</html>', 503)],
    ]
    for (const [kind, answer] of kinds) expect([answer.body, kindOf(gmail, answer)]).toEqual([answer.body, kind])
  })

  it('say when to come back, though only their words do', () => {
    const words = 'User-rate limit exceeded.  Retry after 2026-01-31T10:00:00.000Z (Mail sending)'
    expect(gmail.failure(refusal(429, words))).toMatchObject({ retryAt: Date.parse('2026-01-31T10:00:00.000Z') })
    expect(gmail.failure(refusal(403, words, 'rateLimitExceeded'))).toMatchObject({
      kind: 'rate_limit_exceeded',
      retryAt: Date.parse('2026-01-31T10:00:00.000Z'),
    })
    expect(gmail.failure(refusal(429, 'Retry after 2026-99-99T10:00:00.000Z'))).not.toHaveProperty('retryAt')
  })
})
