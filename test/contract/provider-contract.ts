import { RE2JS } from 're2js'
import { describe, expect, it } from 'vitest'
import { isStopWord, toWords } from '../../src/catalog/search/words.ts'
import { schemaValidator } from '../../src/gateway/validator.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { checkProvider } from '../../src/provider-kit/check-provider.ts'
import type { Action, AuthMethod, Provider, WireRequest } from '../../src/provider-kit/index.ts'
import { hasScopes, scopesFor } from '../../src/provider-kit/scopes.ts'
import { expandUrl } from '../../src/provider-kit/url-template.ts'
import { toCredential, type Credential } from '../../src/sources/provider-credential.ts'
import { toReadyRequest } from '../../src/sources/provider-request.ts'
import { toSourceTools } from '../../src/sources/provider-tools.ts'
import { connectionTo } from '../helpers/acme.ts'
import { sampleInput } from '../helpers/sample-input.ts'

/** Values that try to leave the segment, the prefix or the origin. */
const HOSTILE = [
  '..',
  '../x',
  'a/../../x',
  '%2e%2e',
  '..%2fx',
  '\\..\\x',
  '//evil.example',
  '@evil.example',
  'a?x=1',
  'a#x',
  'a\r\nx: 1',
]
/** For providers whose connections bring the address. */
const OWN_BASE = 'https://api.example.com/base'
/** Names of fields that hold what another action has to find first. */
const ID = /(?:^|_)(?:ids?|key|number)$/
const ELSEWHERE = /of your own|from the user|from its address|such as \[/i

/** What every provider keeps to. `settings` are those of a connection that may do everything. */
export function providerContract(provider: Provider, settings: Readonly<Record<string, unknown>> = {}): void {
  describe(`the provider ${provider.id}`, () => {
    theWhole(provider)
    theWaysToSignIn(provider, settings)
  })
  describe.each(Object.entries(provider.actions).map(([id, action]) => [`${provider.id}.${id}`, id, action] as const))(
    'the action %s',
    (_, id, action) => {
      whatItSays(provider, id, action)
      whatItSends(provider, action, settings)
    },
  )
}

function theWhole(provider: Provider): void {
  it('says all that a manifest has to say', () => {
    expect(() => checkProvider(provider)).not.toThrow()
  })

  it('has a handful of actions: a larger service is split by product', () => {
    expect(Object.keys(provider.actions).length).toBeLessThanOrEqual(15)
  })

  it('knows the failures that every service has', () => {
    const kindOf = (status: number, headers: Record<string, string> = {}) =>
      provider.failure({ status, headers, body: '<html>' })
    expect(kindOf(401)?.kind).toBe('reauth')
    expect(kindOf(403)?.kind).toMatch(/^(?:forbidden|missing_scope)$/)
    expect(kindOf(404)?.kind).toBe('not_found')
    expect(kindOf(429, { 'retry-after': '7' })).toMatchObject({ kind: 'rate_limit_exceeded', retryAfterMs: 7_000 })
    expect(kindOf(500)?.kind).toBe('upstream')
    expect(kindOf(503)?.kind).toBe('upstream')
  })

  it('tells no failure without words', () => {
    for (const status of [400, 401, 403, 404, 409, 429, 500]) {
      for (const body of [undefined, '', '<html>', {}, { message: '' }, { error: null }, []]) {
        expect(provider.failure({ status, headers: {}, body })?.message).toMatch(/\S/)
      }
    }
  })

  it('asks who it is without doing anything', () => {
    const { whoami } = provider
    if (!whoami) return
    expect(whoami.request.method).toMatch(/^(?:GET|HEAD|POST)$/)
    expect(whoami.account({ status: 200, headers: {}, body: undefined })).toBeUndefined()
  })
}

function theWaysToSignIn(provider: Provider, settings: Readonly<Record<string, unknown>>): void {
  it('learns who signed in, where people sign in', () => {
    expect(
      provider.whoami !== undefined || provider.auth.every(({ oauth }) => oauth?.grant !== 'authorization_code'),
    ).toBe(true)
  })

  it.each(provider.auth.map((method) => [method.id, method] as const))(
    'sends its credential by %s',
    async (_, method) => {
      const credential = credentialFor(provider, method, settings)
      const ready = await credential.apply({ url: credential.base, method: 'GET', headers: {}, body: undefined })
      expect(ready.url.origin).toBe(credential.base.origin)
      const sent = `${ready.url.href} ${JSON.stringify(ready.headers)}`
      const isThere = credential.scrub(sent) !== sent || sent.includes('AWS4-HMAC-SHA256')
      expect(isThere).toBe(method.kind !== 'none')
      for (const field of method.fields.filter(({ secret }) => secret)) {
        expect(credential.scrub(`x secret-${field.key}-0123456789 x`)).toBe('x [secret] x')
      }
    },
  )

  it.each(provider.auth.flatMap((method) => (method.oauth ? [[method.id, method.oauth] as const] : [])))(
    'speaks https with the authorization server of %s',
    (_, { authorizeUrl, tokenUrl, revoke, capture = {} }) => {
      const urls = [authorizeUrl, tokenUrl, revoke?.url, ...Object.values(capture).map(({ url }) => url)]
      for (const url of urls.filter((each) => each !== undefined))
        expect(expandUrl(url, () => 'x').protocol).toBe('https:')
    },
  )
}

function whatItSays(provider: Provider, id: string, action: Action): void {
  const definition = () => toSourceTools(provider).find((tool) => tool.definition.name === id)?.definition

  it('is found by what people say for it', () => {
    const said = new Set(toWords([id, action.title, action.description].join(' ')))
    const keywords = action.keywords ?? []
    expect(keywords.length).toBeGreaterThan(0)
    expect(keywords.some((keyword) => toWords(keyword).some((word) => !isStopWord(word) && !said.has(word)))).toBe(true)
  })

  it('has schemas that the gateway can enforce', () => {
    const { sample } = sampleInput(action.input)
    expect(schemaValidator().fits(id, definition()?.inputSchema ?? {}, JSON.parse(JSON.stringify(sample)))).toBe(true)
  })

  it('has patterns that run in linear time', () => {
    expect(patternsIn(definition()?.inputSchema).filter((pattern) => !isLinear(pattern))).toEqual([])
  })

  it('gives examples that it would take itself', () => {
    expect(sampleInput(action.input).wrong).toEqual([])
  })

  it('says where the ids that it takes come from', () => {
    const others = Object.keys(provider.actions).filter((other) => other !== id)
    const { properties = {} } = definition()?.inputSchema ?? {}
    const silent = Object.entries(properties as Record<string, { description?: string }>).filter(
      ([name, { description = '' }]) => {
        const said = `${description} ${action.description}`
        return ID.test(name) && !ELSEWHERE.test(said) && !others.some((other) => said.includes(other))
      },
    )
    expect(silent.map(([name]) => name)).toEqual([])
  })

  it('keeps nothing that its output does not name', () => {
    expect(definition()?.outputSchema).toMatchObject({ type: 'object', additionalProperties: false })
  })

  it('can be granted what it needs by some sign-in, if there is one', () => {
    const signIns = provider.auth.filter((method) => method.oauth)
    const served = signIns.filter((method) => hasScopes(action.scopes, new Set(scopesFor(provider, method, [id]))))
    expect(served.length > 0 || signIns.length === 0).toBe(true)
  })
}

function whatItSends(provider: Provider, action: Action, settings: Readonly<Record<string, unknown>>): void {
  const requestOf = async (input: unknown): Promise<WireRequest> => action.request(action.input.parse(input), settings)

  it('sends what it says: reads read, and only what is destructive deletes', async () => {
    const { method } = await requestOf(sampleInput(action.input).sample)
    if (method === 'GET' || method === 'HEAD') expect(action.effect).toBe('read')
    if (method === 'DELETE') expect(action.effect).toBe('destructive')
    if (action.effect === 'read') expect(method).toMatch(/^(?:GET|HEAD|POST)$/)
  })

  it('stays at its address, whatever its arguments are', async () => {
    const { sample } = sampleInput(action.input)
    const [method] = provider.auth
    if (!method) throw new Error(`${provider.id} has no way to sign in`)
    const { base } = credentialFor(provider, method, settings)
    const inputs = Object.entries(sample).flatMap(([name, value]) =>
      typeof value === 'string' ? HOSTILE.map((hostile) => ({ ...sample, [name]: hostile })) : [],
    )
    for (const input of [sample, ...inputs]) {
      const url = await requestOf(input).then(
        (wire) => toReadyRequest(wire, action.effect, base, provider.headers ?? {}).url,
        () => undefined,
      )
      if (!url) continue
      expect([url.origin, url.username, url.hash]).toEqual([base.origin, '', ''])
      expect(`${url.pathname}/`.startsWith(base.pathname)).toBe(true)
      expect(url.pathname.split('/').map(decodeURIComponent)).not.toContainEqual(
        expect.stringMatching(/^\.\.?$|[/\\\r\n]/),
      )
    }
  })
}

/** A credential with a value for everything that the vendor and the connection could have told. */
function credentialFor(
  provider: Provider,
  method: AuthMethod,
  settings: Readonly<Record<string, unknown>>,
): Credential {
  const keys = [...method.fields.map(({ key }) => key), ...(method.oauth ? ['access_token'] : [])]
  const parts = method.inject.filter((each) => each.in === 'path').map(({ name }) => `/{${name}}`)
  const place = connectionTo(OWN_BASE, { provider, method: method.id, prefix: parts.join('') })
  const { baseUrl: _, ...atHome } = place
  const hasHome = (method.baseUrl ?? provider.baseUrl) !== undefined
  return toCredential(
    { ...(hasHome ? atHome : place), parsed: settings },
    {
      method: method.id,
      fields: Object.fromEntries(keys.map((key) => [key, new Secret(`secret-${key}-0123456789`)])),
      captured: Object.fromEntries(Object.keys(method.oauth?.capture ?? {}).map((key) => [key, 'captured'])),
      generation: '1',
    },
  )
}

function patternsIn(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(patternsIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'pattern' && typeof inner === 'string' ? [inner] : patternsIn(inner),
  )
}

function isLinear(pattern: string): boolean {
  try {
    return Boolean(RE2JS.compile(pattern))
  } catch {
    return false
  }
}
