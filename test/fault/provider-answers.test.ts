import { describe, expect, it } from 'vitest'
import type { Answer } from '../helpers/fake-vendor.ts'
import { json } from '../helpers/fake-vendor.ts'
import { path } from '../../src/provider-kit/index.ts'
import type { WireRequest } from '../../src/provider-kit/index.ts'
import { TOKEN, acmeWith, openProvider } from '../helpers/acme.ts'

const raw =
  (contentType: string, body: string, status = 200): Answer =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': contentType }).end(body)
  }
const HTML = '<!doctype html><title>Sign in</title>'

/** What a service does wrong, what a caller of a read is told, and how often it was asked. */
const FAULTS: readonly [string, Answer, string, string | RegExp, number][] = [
  [
    '401',
    json({ message: 'Bad credentials.' }, 401),
    'connection_unusable',
    "Acme needs to be reconnected: Bad credentials. Ask an admin to renew the connection's credential.",
    1,
  ],
  [
    '403',
    json({ message: 'Not yours' }, 403),
    'upstream_refused',
    'Acme does not allow this: Not yours. The account behind the connection may lack the right.',
    1,
  ],
  [
    '404',
    json({ message: 'Not Found' }, 404),
    'upstream_refused',
    "Acme did not find it: Not Found. Check the ids, or whether the connection's account may see it.",
    1,
  ],
  ['409', json({}, 409), 'conflict', 'Acme reports a conflict: HTTP 409. Read the current state and try again.', 1],
  ['422', json({ message: 'name is taken' }, 422), 'upstream_refused', /refused the arguments: name is taken\./, 1],
  [
    '429 with a long Retry-After',
    json({ message: 'Slow down' }, 429, { 'retry-after': '30' }),
    'rate_limit_exceeded',
    'Acme asks to slow down: Slow down. Try again in 30 s.',
    1,
  ],
  [
    '429 with a short Retry-After',
    json({}, 429, { 'retry-after': '1' }),
    'rate_limit_exceeded',
    /Try again in 1 s\./,
    3,
  ],
  ['500', json({ message: 'Oops' }, 500), 'upstream_failed', 'Acme failed: Oops. It may pass; try again later.', 1],
  [
    '503 for ever',
    raw('text/html', HTML, 503),
    'upstream_failed',
    'Acme failed: HTTP 503. It may pass; try again later.',
    3,
  ],
  [
    '200 that says no',
    json({ ok: false, error: 'channel_not_found' }),
    'upstream_refused',
    'Acme refused the arguments: channel_not_found. Correct them and try again.',
    1,
  ],
  [
    '200 with HTML',
    raw('text/html', HTML),
    'upstream_invalid',
    /sent an answer that cannot be used: it is not JSON\.$/,
    1,
  ],
  ['malformed JSON', raw('application/json', '{"id": '), 'upstream_invalid', /sent JSON that cannot be read\.$/, 1],
  ['malformed JSON in a failure', raw('application/json', '{"id": ', 500), 'upstream_failed', /HTTP 500/, 1],
  ['JSON of another form', json({ id: 7 }), 'upstream_invalid', /\/id: .+; \/name: /, 1],
  ['nothing', raw('application/json', ''), 'upstream_invalid', /cannot be used/, 1],
  [
    'JSON nested without end',
    raw('application/json', `{"id":${'['.repeat(100_000)}`),
    'upstream_invalid',
    /nested deeper than 128 levels/,
    1,
  ],
  [
    'a redirect to the metadata service',
    (_request, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data/' }).end()
    },
    'egress_blocked',
    /redirected to another address \(169\.254\.169\.254\)/,
    1,
  ],
  [
    'a reset connection',
    (_request, _response, message) => {
      message.socket.resetAndDestroy()
    },
    'upstream_failed',
    /closed the connection before it had answered\.$/,
    3,
  ],
  [
    'a body that ends early',
    (_request, response, message) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{"id"')
      setImmediate(() => message.socket.end())
    },
    'upstream_failed',
    /closed the connection/,
    3,
  ],
  [
    'something that is not HTTP',
    (_request, _response, message) => {
      message.socket.end('220 smtp.example.com ESMTP\r\n')
    },
    'upstream_invalid',
    /sent something that is not HTTP\.$/,
    1,
  ],
]

describe('a service that answers a read with', () => {
  it.each(FAULTS)('%s', async (_, answer, code, words, asked) => {
    const { call, vendor } = await openProvider(answer)
    const failure = await call('get_thing', { id: 'x' }).catch((error: unknown) => error)
    expect(failure).toMatchObject({ code })
    expect((failure as Error).message).toEqual(typeof words === 'string' ? words : expect.stringMatching(words))
    expect((failure as Error).message).not.toContain(TOKEN)
    expect(vendor.requests).toHaveLength(1 + asked)
  })

  it('a dead credential marks the connection lost, once', async () => {
    const { call, lost } = await openProvider(json({ ok: false, error: 'invalid_auth' }))
    await expect(call('get_thing', { id: 'x' })).rejects.toMatchObject({ code: 'connection_unusable' })
    await expect(call('get_thing', { id: 'x' })).rejects.toMatchObject({ code: 'connection_unusable' })
    expect(lost).toMatchObject([{ code: 'connection_unusable' }])
  })

  it('a refusal does not', async () => {
    const { call, lost } = await openProvider(json({}, 403))
    await expect(call('get_thing', { id: 'x' })).rejects.toMatchObject({ data: { reason: 'forbidden' } })
    expect(lost).toEqual([])
  })
})

describe('a service that is asked who we are', () => {
  const whoami: WireRequest = { method: 'GET', path: path`/who`, query: {} }
  const connecting = (answer: Answer) =>
    openProvider(answer, { provider: acmeWith({ whoami: { request: whoami, account: () => undefined } }) })

  it.each([403, 429])('and says %i is alive', async (status) => {
    await expect(connecting(json({}, status))).resolves.toMatchObject({ lost: [] })
  })

  it.each([
    [401, 'connection_unusable'],
    [404, 'upstream_refused'],
    [500, 'upstream_failed'],
  ])('and says %i is not', async (status, code) => {
    await expect(connecting(json({}, status))).rejects.toMatchObject({ code })
  })
})

describe('a service that is slow or endless', () => {
  const endless: Answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const chunk = Buffer.alloc(1_000_000, ' ')
    const more = (): void => {
      while (!response.destroyed && response.write(chunk));
      if (!response.destroyed) response.once('drain', more)
    }
    more()
  }

  it('sends 50 MB: the connection is cut at the limit', async () => {
    let isClosed = false
    const { call } = await openProvider((request, response, message) => {
      message.socket.on('close', () => (isClosed = true))
      endless(request, response, message)
    })
    await expect(call('get_thing', { id: 'x' })).rejects.toThrow(/sent more than 10000000 bytes, which is the limit\./)
    await expect.poll(() => isClosed).toBe(true)
  })

  it('announces 50 MB: not a byte is waited for', async () => {
    const { call } = await openProvider((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '50000000' }).write('[')
    })
    await expect(call('get_thing', { id: 'x' })).rejects.toMatchObject({
      code: 'upstream_invalid',
      data: { maxBytes: 10_000_000 },
    })
  })

  it('never answers', async () => {
    const { call } = await openProvider(() => undefined, { timeoutMs: 100 })
    await expect(call('get_thing', { id: 'x' })).rejects.toThrow(/did not answer within 0\.1 s\.$/)
  })

  it('never answers a write: it says that the outcome is not known', async () => {
    const { call, vendor } = await openProvider(() => undefined, { timeoutMs: 100 })
    const calling = call('create_thing', { name: 'Bolt' })
    await expect(calling).rejects.toThrow(/It may have been done all the same: look before you try again\.$/)
    expect(vendor.requests).toHaveLength(2)
  })

  it('drips its body byte by byte: the time is for the whole answer', async () => {
    const { call } = await openProvider(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        const timer = setInterval(() => response.write(' '), 10)
        response.on('close', () => clearInterval(timer))
      },
      { timeoutMs: 150 },
    )
    await expect(call('get_thing', { id: 'x' })).rejects.toMatchObject({ code: 'upstream_timeout' })
  })

  it('keeps the connection half open after its headers', async () => {
    const { call } = await openProvider(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).write('{"id":')
      },
      { timeoutMs: 100 },
    )
    await expect(call('get_thing', { id: 'x' })).rejects.toMatchObject({ code: 'upstream_timeout' })
  })

  it('leaves the others alone: a second connection works while the first hangs', async () => {
    const hanging = await openProvider(() => undefined, { timeoutMs: 1_000 })
    const fine = await openProvider(json({ id: 't1', name: 'Bolt' }))
    const stuck = hanging.call('get_thing', { id: 'x' }).catch((error: unknown) => error)
    await expect(fine.call('get_thing', { id: 'x' })).resolves.toMatchObject({ structuredContent: { id: 't1' } })
    await hanging.connected.close()
    expect(await stuck).toMatchObject({ code: 'connection_unusable' })
  })

  it('comes back: the next call works', async () => {
    let isDown = true
    const { call } = await openProvider((request, response, message) => {
      if (isDown) message.socket.destroy()
      else json({ id: 't1', name: 'Bolt' })(request, response, message)
    })
    await expect(call('get_thing', { id: 'x' })).rejects.toMatchObject({ code: 'upstream_failed' })
    isDown = false
    await expect(call('get_thing', { id: 'x' })).resolves.toMatchObject({ structuredContent: { id: 't1' } })
  })
})
