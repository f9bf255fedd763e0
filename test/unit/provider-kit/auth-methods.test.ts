import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { checkProvider } from '../../../src/provider-kit/check-provider.ts'
import {
  action,
  apiKey,
  basic,
  bearer,
  clientCredentials,
  custom,
  none,
  oauth2,
  path,
  sigv4,
} from '../../../src/provider-kit/index.ts'
import type { AuthMethod, OAuthOptions, Provider } from '../../../src/provider-kit/index.ts'

const urls = { authorizeUrl: 'https://acme.example/authorize', tokenUrl: 'https://acme.example/token' }
const oauth = (change: Partial<OAuthOptions> = {}): AuthMethod => oauth2({ ...urls, ...change })
const secret = { key: 'key', label: 'Key', secret: true } as const
const header = { in: 'header', name: 'x-key', value: '{key}' } as const
const mine = (change: Partial<AuthMethod> = {}): AuthMethod => ({
  ...custom({ id: 'own', title: 'Own', fields: [secret], inject: [header] }),
  ...change,
})

const manifest = (change: Partial<Provider>, scopes: readonly (readonly string[])[] = []): Provider => ({
  id: 'acme',
  title: 'Acme',
  docs: 'https://example.com/docs',
  baseUrl: 'https://api.acme.example/v1',
  auth: [none()],
  failure: () => undefined,
  actions: {
    list_things: action({
      title: 'List things',
      description: 'Lists things.',
      docs: 'https://example.com/docs',
      effect: 'read',
      external: false,
      idempotent: true,
      scopes,
      input: z.strictObject({}),
      output: z.object({}),
      request: () => ({ method: 'GET', path: path`/things` }),
    }),
  },
  ...change,
})

const problemsOf = (change: Partial<Provider>, scopes?: readonly (readonly string[])[]): readonly string[] => {
  try {
    checkProvider(manifest(change, scopes))
    return []
  } catch (error) {
    return (error as { data: { problems: readonly string[] } }).data.problems
  }
}
const withMethod = (method: AuthMethod): readonly string[] => problemsOf({ auth: [method] })
const settings = z.strictObject({ site: z.string(), region: z.string() })

describe('ways to sign in', () => {
  it('are data, with defaults that most vendors want', () => {
    expect(oauth({ baseScopes: ['me'], clientAuth: 'basic' })).toEqual({
      kind: 'oauth2',
      id: 'oauth',
      title: 'OAuth',
      fields: [
        { key: 'client_id', label: 'Client ID', secret: false, pattern: '^[\\x20-\\x7e]{1,1000}$' },
        { key: 'client_secret', label: 'Client secret', secret: true, pattern: '^[\\x20-\\x7e]{1,1000}$' },
      ],
      inject: [{ in: 'header', name: 'authorization', value: 'Bearer {access_token}' }],
      oauth: { grant: 'authorization_code', ...urls, baseScopes: ['me'], clientAuth: 'basic' },
    })
    expect(clientCredentials({ tokenUrl: urls.tokenUrl }).oauth).toEqual({
      grant: 'client_credentials',
      tokenUrl: urls.tokenUrl,
    })
  })

  it('ask public clients for no secret, and others only where the vendor needs one', () => {
    expect(oauth({ clientAuth: 'none' }).fields.map(({ key }) => key)).toEqual(['client_id'])
    expect(oauth({ secretOptional: true }).fields[1]).toMatchObject({ key: 'client_secret', optional: true })
  })

  it('put an API key in a header, a query, a cookie or the path', () => {
    expect(
      [{ header: 'x-key' }, { query: 'k' }, { cookie: 'session' }, { path: 'token' }].map(
        (place) => apiKey(place).inject,
      ),
    ).toEqual([
      [{ in: 'header', name: 'x-key', value: '{key}' }],
      [{ in: 'query', name: 'k', value: '{key}' }],
      [{ in: 'cookie', name: 'session', value: '{key}' }],
      [{ in: 'path', name: 'token', value: '{key}' }],
    ])
  })

  it.each<[string, Partial<Provider>]>([
    ['every kind', { auth: [none(), bearer(), basic(), oauth(), apiKey({ cookie: 'sid' }), mine()] }],
    ['client credentials', { auth: [clientCredentials({ tokenUrl: 'https://acme.example/token/' })] }],
    ['SigV4 in a fixed region', { auth: [sigv4({ service: 's3', region: 'eu-central-1' })] }],
    ['SigV4 in a region of the settings', { settings, auth: [sigv4({ service: 's3', region: '{region}' })] }],
    ['a key in the path', { baseUrl: 'https://api.acme.example/bot{token}', auth: [apiKey({ path: 'token' })] }],
    ['a host of the settings', { settings, baseUrl: 'https://{site}.acme.example/api' }],
    ['a host of the settings below co.uk', { settings, baseUrl: 'https://{site}.acme.co.uk' }],
    [
      'captured values in header and path',
      {
        auth: [
          oauth({
            baseUrl: 'https://api.acme.example/ex/{cloudId}',
            capture: { cloudId: { from: 'request', at: '/0/id', url: 'https://api.acme.example/resources' } },
            inject: [{ in: 'header', name: 'x-cloud', value: '{access_token}:{cloudId}' }],
          }),
        ],
      },
    ],
    [
      'OAuth at a tenant of the settings',
      { settings, auth: [oauth({ tokenUrl: 'https://login.acme.example/{site}/t' })] },
    ],
  ])('may be %s', (_, change) => {
    expect(problemsOf(change)).toEqual([])
  })

  it.each<[string, AuthMethod, string]>([
    ['OAuth without a page for people', clientToCode(), 'oauth.authorizeUrl: missing'],
    ['OAuth over http', oauth({ tokenUrl: 'http://acme.example/token' }), 'oauth.tokenUrl: an https URL'],
    ['OAuth with a fragment', oauth({ tokenUrl: 'https://acme.example/#x' }), 'oauth.tokenUrl: an https URL'],
    ['a tenant that is no setting', oauth({ tokenUrl: 'https://acme.example/{tenant}' }), '{tenant} is no setting'],
    ['a secret in an address', oauth({ tokenUrl: 'https://acme.example/{client_secret}' }), '{client_secret} is no'],
    [
      'a host that is free to choose',
      oauth({ tokenUrl: 'https://{client_id}.example' }),
      'in front of the registered name',
    ],
    ['a registry as the host', oauth({ tokenUrl: 'https://{client_id}.co.uk' }), 'in front of the registered name'],
    [
      'a revoke address without TLS',
      oauth({ revoke: { url: 'http://acme.example/r' } }),
      'oauth.revoke.url: an https URL',
    ],
    ['a parameter that is ours', oauth({ authorizeParams: { state: '1' } }), 'oauth.authorizeParams: state'],
    ['two scopes in one', oauth({ baseScopes: ['a b'] }), '"a b" is not one scope'],
    ['an issuer that is no URL', oauth({ issuer: 'acme' }), 'oauth.issuer'],
    ['a bad pointer to the token', oauth({ tokenAt: 'authed_user' }), 'oauth.tokenAt: not a JSON Pointer'],
    ['a bad pointer to the error', oauth({ errorAt: { errorPointer: '/a~2' } }), 'oauth.errorAt.errorPointer'],
    ['a lifetime of half a millisecond', oauth({ lifetimeMs: 0.5 }), 'oauth.lifetimeMs'],
    ['a capture with a bad pointer', oauth({ capture: { a: { from: 'token', at: 'a' } } }), 'oauth.capture.a: at'],
    ['a capture that asks nobody', oauth({ capture: { a: { from: 'request', at: '/a' } } }), 'oauth.capture.a: url'],
    [
      'a capture over http',
      oauth({ capture: { a: { from: 'request', at: '/a', url: 'http://x.example' } } }),
      'oauth.capture.a.url: an https URL',
    ],
    ['a capture over a field', oauth({ capture: { client_id: { from: 'token', at: '/a' } } }), 'has this name already'],
    ['OAuth that sends no token', oauth({ inject: [] }), 'access_token is sent nowhere'],
    ['OAuth without its part', { ...oauth(), kind: 'custom' }, 'oauth: belongs to'],
    ['an unknown key', mine({ inject: [header, { ...header, value: '{other}' }] }), '{other} is none of its fields'],
    ['a field that is sent nowhere', mine({ fields: [secret, { ...secret, key: 'more' }] }), 'more is sent nowhere'],
    ['two fields of one key', mine({ fields: [secret, secret] }), 'two fields have the same key'],
    ['a field called method', mine({ fields: [secret, { ...secret, key: 'method' }] }), 'cannot be called "method"'],
    ['a pattern that does not compile', mine({ fields: [{ ...secret, pattern: '(' }] }), 'its pattern cannot be used'],
    ['a pattern with look-ahead', mine({ fields: [{ ...secret, pattern: '(?=a)a' }] }), 'not RE2'],
    ['a pattern of 501 characters', mine({ fields: [{ ...secret, pattern: 'a'.repeat(501) }] }), 'longer than 500'],
    [
      'a pattern that explodes',
      mine({ fields: [{ ...secret, pattern: '((a{30}){30}){30}' }] }),
      'pattern cannot be used',
    ],
    ['a header that is none', mine({ inject: [{ ...header, name: 'x key' }] }), 'cannot be the name of a header'],
    ['a cookie that is none', mine({ inject: [{ ...header, in: 'cookie', name: 'a;b' }] }), 'the name of a cookie'],
    ['SigV4 without its service', { ...sigv4({ service: '', region: 'x' }) }, 'sigv4.service'],
    ['SigV4 in a region that is no setting', sigv4({ service: 's3', region: '{region}' }), 'sigv4.region'],
    ['SigV4 without a secret', { ...sigv4({ service: 's3', region: 'x' }), fields: [] }, 'secretAccessKey is missing'],
    ['a path without a placeholder', apiKey({ path: 'token' }), 'the base URL has no such placeholder'],
  ])('may not be %s', (_, method, words) => {
    expect(withMethod(method).join('\n')).toContain(words)
  })

  it.each<[string, Partial<Provider>, string]>([
    [
      'a credential in the host',
      { baseUrl: 'https://{token}.acme.example', auth: [apiKey({ path: 'token' })] },
      'host name',
    ],
    ['a placeholder that nothing fills', { baseUrl: 'https://{site}.acme.example' }, '{site} of the base URL'],
    ['a host that is free to choose', { settings, baseUrl: 'https://{site}' }, 'registered name'],
    ['a free top level', { settings, baseUrl: 'https://acme.{site}' }, 'registered name'],
    ['a port to choose', { settings, baseUrl: 'https://acme.example:{site}' }, 'an https URL'],
    ['braces that are no placeholder', { settings, baseUrl: 'https://acme.example/{a b}' }, 'an https URL'],
    [
      'a placeholder with two meanings',
      { settings, baseUrl: 'https://acme.example/{site}', auth: [apiKey({ path: 'site' })] },
      'more than one thing',
    ],
  ])('go to no address with %s', (_, change, words) => {
    expect(problemsOf(change).join('\n')).toContain(words)
  })

  it('know every scope that an action needs', () => {
    const auth = [oauth({ scopes: ['a', 'b'] }), { ...oauth({ scopes: ['c'] }), id: 'user' }]
    expect(problemsOf({ auth }, [['a', 'b'], ['c']])).toEqual([])
    expect(problemsOf({ auth }, [['a'], ['typo']])).toEqual([
      'actions.list_things: no OAuth method knows the scope "typo"',
    ])
    expect(problemsOf({ auth }, [['a', 'c']])).toEqual([
      'actions.list_things: no OAuth method can be granted all scopes of one alternative',
    ])
    expect(problemsOf({ auth: [...auth, { ...oauth(), id: 'any' }] }, [['typo']])).toEqual([])
  })
})

function clientToCode(): AuthMethod {
  const { oauth: spec, ...rest } = clientCredentials({ tokenUrl: urls.tokenUrl })
  return { ...rest, oauth: { tokenUrl: '', ...spec, grant: 'authorization_code' } }
}
