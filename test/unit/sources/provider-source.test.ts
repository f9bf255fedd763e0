import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { Secret } from '../../../src/kernel/secret.ts'
import { path } from '../../../src/provider-kit/index.ts'
import type { Path, WireRequest } from '../../../src/provider-kit/index.ts'
import { providerConnector } from '../../../src/sources/provider-source.ts'
import { TOKEN, acme, acmeWith, connectionTo, openProvider } from '../../helpers/acme.ts'
import { json } from '../../helpers/fake-vendor.ts'

const bolt = { id: 't1', name: 'Bolt' }

describe('a provider connection', () => {
  it("offers the manifest's actions as tools", async () => {
    const { connected } = await openProvider(json(bolt))
    expect(connected.tools.map((tool) => tool.definition.name)).toEqual(Object.keys(acme.actions))
    expect(connected.tools[2]).toEqual({
      definition: {
        name: 'create_thing',
        title: 'Create a thing',
        description: 'Creates a thing.',
        inputSchema: {
          $schema: 'https://json-schema.org/draft/2020-12/schema',
          type: 'object',
          properties: {
            name: { type: 'string', description: 'Name, such as Bolt.' },
            form: { type: 'boolean', description: 'As a form.' },
          },
          required: ['name'],
          additionalProperties: false,
        },
        outputSchema: {
          $schema: 'https://json-schema.org/draft/2020-12/schema',
          type: 'object',
          properties: { id: { type: 'string' }, name: { type: 'string' } },
          required: ['id', 'name'],
          additionalProperties: false,
        },
        annotations: {
          title: 'Create a thing',
          readOnlyHint: false,
          destructiveHint: false,
          idempotentHint: false,
          openWorldHint: true,
        },
      },
      traits: { effect: 'write', external: true, idempotent: false, tags: ['things'] },
    })
  })

  it('binds its identity to the provider and where it is', async () => {
    const { connected, vendor } = await openProvider(json(bolt))
    expect(connected.identity).toBe(`acme ${vendor.url}`)
  })

  it('sends what the action says with credential, version and its own name, and keeps the useful fields', async () => {
    const { call, vendor } = await openProvider(json({ ...bolt, internal: 'x' }))
    const result = await call('get_thing', { id: 'a b', q: 'x&y', tags: ['1', '2'], note: 'hi' })
    expect(result).toEqual({ content: [{ type: 'text', text: JSON.stringify(bolt) }], structuredContent: bolt })
    expect(vendor.requests[1]).toMatchObject({
      method: 'GET',
      target: '/v1/things/a%20b?q=x%26y&tag=1&tag=2',
      headers: {
        authorization: `Bearer ${TOKEN}`,
        'user-agent': 'gatehouse/1.2.3',
        'x-version': '7',
        'x-note': 'hi',
        accept: 'application/json',
      },
    })
  })

  it('sends JSON and forms', async () => {
    const { call, vendor } = await openProvider(json(bolt))
    await call('create_thing', { name: 'Ä & Ö' })
    await call('create_thing', { name: 'Ä & Ö', form: true })
    expect(vendor.requests.slice(1).map(({ headers, body }) => [headers['content-type'], body])).toEqual([
      ['application/json', '{"name":"Ä & Ö"}'],
      ['application/x-www-form-urlencoded', 'name=%C3%84+%26+%C3%96'],
    ])
  })

  it('puts other kinds of credentials where they belong', async () => {
    const basic = await openProvider(json(bolt), {
      method: 'basic',
      fields: { username: new Secret('ann'), password: new Secret('pässword') },
    })
    expect(basic.vendor.requests[0]?.headers.authorization).toBe(
      `Basic ${Buffer.from('ann:pässword').toString('base64')}`,
    )
    const key = await openProvider(json(bolt), { method: 'key', fields: { key: new Secret('k&1') } })
    await key.call('get_thing', { id: 'x', q: 'y' })
    expect(key.vendor.requests.map((request) => request.target)).toEqual([
      '/v1/me?key=k%261',
      '/v1/things/x?q=y&key=k%261',
    ])
  })

  it('makes follow-up requests, five at a time, and keeps their order', async () => {
    let open = 0
    let most = 0
    const { call } = await openProvider((request, response, raw) => {
      if (request.target.startsWith('/v1/things?'))
        return json(Array.from({ length: 23 }, (_, index) => `t${index}`))(request, response, raw)
      most = Math.max(most, ++open)
      setImmediate(() => {
        open--
        json({ id: request.target.slice('/v1/things/'.length), name: 'x' })(request, response, raw)
      })
    })
    const { structuredContent } = await call('list_things', {})
    expect((structuredContent as { things: { id: string }[] }).things.map(({ id }) => id)).toEqual(
      Array.from({ length: 23 }, (_, index) => `t${index}`),
    )
    expect(most).toBeLessThanOrEqual(5)
    expect(most).toBeGreaterThan(1)
  })

  it('does not make more than fifty', async () => {
    const { call, vendor } = await openProvider(json(Array.from({ length: 51 }, (_, index) => `t${index}`)))
    await expect(call('list_things', {})).rejects.toMatchObject({ code: 'internal' })
    expect(vendor.requests).toHaveLength(2)
  })

  it('refuses arguments that do not fit, by their paths, and sends nothing', async () => {
    const { call, vendor } = await openProvider(json(bolt))
    await expect(call('get_thing', { id: 7, tags: ['a', 1], more: 1 })).rejects.toThrow(
      /^The arguments are not valid: \/id: .+; \/tags\/1: .+; \/: Unrecognized key: "more"\.$/,
    )
    await expect(call('get_thing', { id: '..' })).rejects.toMatchObject({ code: 'invalid_input' })
    expect(vendor.requests).toHaveLength(1)
  })

  it.each(['nothing', 'constructor', '__proto__'])('has no tool called %s', async (name) => {
    const { call } = await openProvider(json(bolt))
    await expect(call(name, {})).rejects.toMatchObject({ code: 'tool_not_found' })
  })

  it('refuses to send when a manifest would leave its address or do more than it says', async () => {
    const wires: WireRequest[] = [
      { method: 'GET', path: '.evil.example/x' as Path },
      { method: 'GET', path: '@evil.example/x' as Path },
      { method: 'GET', path: '//evil.example/x/../../y' as Path },
      { method: 'GET', path: '/../admin' as Path },
      { method: 'GET', path: '/x/%2e%2e/%2e%2e/admin' as Path },
      { method: 'GET', path: '/x?y=z' as Path },
      { method: 'GET', path: '/x#y' as Path },
      { method: 'DELETE', path: path`/x` },
      { method: 'PUT', path: path`/x` },
    ]
    const { get_thing } = acme.actions
    for (const wire of wires) {
      const provider = acmeWith({ actions: { get_thing: { ...get_thing, request: () => wire } } })
      const { call, vendor } = await openProvider(json(bolt), { provider })
      await expect(call('get_thing', { id: 'x' }), wire.path).rejects.toMatchObject({ code: 'internal' })
      expect(vendor.requests).toHaveLength(1)
    }
  })

  it('lets nothing stand in the place of the credential', async () => {
    const { get_thing } = acme.actions
    const headers = { Authorization: 'Bearer other', 'X-VERSION': '8' }
    const request = (): WireRequest => ({ method: 'GET', path: path`/x`, headers })
    const provider = acmeWith({ actions: { get_thing: { ...get_thing, request } } })
    const { call, vendor } = await openProvider(json(bolt), { provider })
    await call('get_thing', { id: 'x' })
    expect(vendor.requests[1]?.headers).toMatchObject({ authorization: `Bearer ${TOKEN}`, 'x-version': '8' })
  })

  it('never gives the credential back, wherever the service repeats it', async () => {
    const { call } = await openProvider((request, response, raw) => {
      if (request.target === '/v1/things/bad') json({ message: `bad token ${TOKEN}` }, 400)(request, response, raw)
      else json({ id: 't1', name: `you sent ${String(request.headers.authorization)}` })(request, response, raw)
    })
    expect((await call('get_thing', { id: 'x' })).structuredContent).toEqual({
      id: 't1',
      name: 'you sent Bearer [secret]',
    })
    await expect(call('get_thing', { id: 'bad' })).rejects.toThrow('bad token [secret]')
  })

  it('knows its credential in other clothes: in base64, in JSON, in a URL', async () => {
    const password = new Secret('p"ss/word & more')
    const fields = { username: new Secret('ann'), password }
    const forms = [
      password.reveal(),
      encodeURIComponent(password.reveal()),
      Buffer.from(`ann:${password.reveal()}`).toString('base64'),
    ]
    const { call } = await openProvider(json({ id: 't1', name: forms.join('|') }), { method: 'basic', fields })
    expect((await call('get_thing', { id: 'x' })).structuredContent).toEqual({
      id: 't1',
      name: '[secret]|[secret]|[secret]',
    })
  })

  it('ends running calls when it is closed, and takes no more', async () => {
    const { call, connected, vendor } = await openProvider(() => undefined)
    const calling = call('get_thing', { id: 'x' })
    await expect.poll(() => vendor.requests.length).toBe(2)
    await connected.close()
    await expect(calling).rejects.toMatchObject({ code: 'connection_unusable' })
    await expect(call('get_thing', { id: 'x' })).rejects.toMatchObject({ code: 'connection_unusable' })
  })

  it('ends a call when its caller gives up', async () => {
    const { call, vendor } = await openProvider(() => undefined)
    const controller = new AbortController()
    const calling = call('get_thing', { id: 'x' }, controller.signal)
    await expect.poll(() => vendor.requests.length).toBe(2)
    controller.abort()
    await expect(calling).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('connecting', () => {
  const connect = (change: Parameters<typeof connectionTo>[1], url = 'http://127.0.0.1:9') =>
    providerConnector(connectionTo(url, change)).connect(
      {
        onTools: () => undefined,
        onFeatures: () => undefined,
        onResourceUpdated: () => undefined,
        onLost: () => undefined,
      },
      new AbortController().signal,
    )
  const withSettings = acmeWith({ settings: z.strictObject({ site: z.string() }) })
  const { baseUrl: _, ...homeless } = acme

  it.each<[string, Parameters<typeof connectionTo>[1], string, RegExp]>([
    ['an unknown method', { method: 'oauth' }, 'config_invalid', /It has: token, basic, key\./],
    ['a missing field', { fields: {} }, 'invalid_credential', /its Token \("token"\) is missing/],
    ['a line break in a field', { fields: { token: new Secret('a\nb') } }, 'invalid_credential', /line break/],
    [
      'a field that cannot be right',
      { method: 'basic', fields: { username: new Secret('a:b'), password: new Secret('x') } },
      'invalid_credential',
      /its User name .* does not look like one/,
    ],
    ['settings that it has not', { settings: { a: 1 } }, 'config_invalid', /Acme has no settings/],
    ['settings that do not fit', { provider: withSettings, settings: { site: 1 } }, 'config_invalid', /\/site: /],
    ['http without a private network', { allowPrivateNetwork: false }, 'config_invalid', /must be an https URL/],
    ['a base URL with a query', { baseUrl: 'https://x.example/?a=1' }, 'config_invalid', /without query/],
    ['a base URL with a user', { baseUrl: 'https://me:pw@x.example/' }, 'config_invalid', /user name/],
    ['something that is no URL', { baseUrl: 'x' }, 'config_invalid', /must be an https URL/],
    ['no service at its address', {}, 'upstream_failed', /127\.0\.0\.1:9 refused the connection/],
  ])('fails with %s and says so', async (_, change, code, words) => {
    const failure = connect(change).catch((error: unknown) => error)
    expect(await failure).toMatchObject({ code, message: expect.stringMatching(words) as string })
  })

  it('needs an address when the manifest has none', async () => {
    const { baseUrl: _, ...options } = connectionTo('http://127.0.0.1:9', { provider: homeless })
    const connecting = providerConnector(options).connect(
      {
        onTools: () => undefined,
        onFeatures: () => undefined,
        onResourceUpdated: () => undefined,
        onLost: () => undefined,
      },
      new AbortController().signal,
    )
    await expect(connecting).rejects.toMatchObject({ code: 'config_invalid' })
  })
})
