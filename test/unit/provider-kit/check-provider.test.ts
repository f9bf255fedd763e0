import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { checkProvider } from '../../../src/provider-kit/check-provider.ts'
import { action, apiKey, basic, bearer, none, path } from '../../../src/provider-kit/index.ts'
import type { Action, Provider } from '../../../src/provider-kit/index.ts'
import template from '../../../providers/_template/index.ts'

const listThings = action({
  title: 'List things',
  description: 'Lists things.',
  docs: 'https://example.com/docs',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({ folder: z.string().describe('Folder id, such as inbox.') }),
  output: z.object({ id: z.string() }),
  request: ({ folder }) => ({ method: 'GET', path: path`/${folder}` }),
})

const manifest: Provider = {
  id: 'acme',
  title: 'Acme',
  docs: 'https://example.com/docs',
  baseUrl: 'https://api.example.com/v1',
  auth: [none()],
  failure: () => undefined,
  actions: { list_things: listThings },
}

const stray = { in: 'header', name: 'x', value: '{nothing}' } as const
const problemsOf = (change: Partial<Provider>): unknown => {
  try {
    checkProvider({ ...manifest, ...change })
    return []
  } catch (error) {
    return (error as { data: { problems: unknown } }).data.problems
  }
}
const withAction = (change: Partial<Action>, id = 'list_things'): unknown =>
  problemsOf({ actions: { [id]: { ...listThings, ...change } } })

describe('a manifest', () => {
  it('may be used when it says everything', () => {
    expect(problemsOf({})).toEqual([])
    expect(problemsOf(template)).toEqual([])
  })

  it.each<[string, Partial<Provider>]>([
    ['an id with capitals', { id: 'Acme' }],
    ['no title', { title: '' }],
    ['no docs', { docs: 'see wiki' }],
    ['a base URL without TLS', { baseUrl: 'http://api.example.com' }],
    ['a base URL with a slash at the end', { baseUrl: 'https://api.example.com/' }],
    ['a base URL with a query', { baseUrl: 'https://api.example.com?x=1' }],
    ['a base URL with a user', { baseUrl: 'https://me@api.example.com' }],
    ['no way to sign in', { auth: [] }],
    ['two methods of one id', { auth: [none(), none()] }],
    ['a credential from a field that is not there', { auth: [{ ...basic(), inject: [...basic().inject, stray] }] }],
    ['a header with a line break', { headers: { accept: 'a\r\nb: c' } }],
    ['no actions', { actions: {} }],
  ])('with %s is refused', (_, change) => {
    expect(problemsOf(change)).toHaveLength(1)
  })

  it.each<[string, Partial<Action>, string?]>([
    ['whose name is no verb and noun', {}, 'things'],
    ['whose name is not snake_case', {}, 'listThings'],
    ['without a title', { title: '' }],
    ['without a description', { description: '' }],
    ['with a description of more than 500 characters', { description: 'x'.repeat(501) }],
    ['with more than twelve keywords', { keywords: Array.from({ length: 13 }, (_, at) => `word ${at}`) }],
    ['with a keyword of more than 60 characters', { keywords: ['x'.repeat(61)] }],
    ['with an empty keyword', { keywords: [' '] }],
    ['with a keyword that is there twice', { keywords: ['ticket', 'ticket'] }],
    ["without the vendor's page", { docs: '' }],
    ['that reads and is not idempotent', { idempotent: false }],
    ['with an empty alternative of scopes', { scopes: [[]] }],
    ['that takes unknown fields', { input: z.object({}) }],
    ['that takes no object', { input: z.string() }],
    ['with a field that is not described', { input: z.strictObject({ a: z.string() }) }],
    ['with a field without an example', { input: z.strictObject({ a: z.string().describe('An id.') }) }],
    ['whose input JSON Schema cannot say', { input: z.strictObject({ a: z.date().describe('such as now') }) }],
    ['whose output is no object', { output: z.array(z.string()) }],
  ])('with an action %s is refused', (_, change, id) => {
    expect(withAction(change, id)).toHaveLength(1)
  })

  it('does not ask for examples where the schema shows the values', () => {
    const input = z.strictObject({ a: z.boolean().describe('Whether.'), b: z.enum(['x', 'y']).describe('Which.') })
    expect(withAction({ input })).toEqual([])
  })

  it('hears of all of its faults at once, in one readable message', () => {
    expect(() => checkProvider({ ...manifest, title: '', actions: { things: listThings } })).toThrow(
      'The provider "acme" cannot be used:\n- title: missing\n- actions.things: the id must be a verb and what it is done to, in snake_case, such as send_message',
    )
  })
})

describe('a way to sign in', () => {
  it('is data', () => {
    expect(bearer({ label: 'Bot token', pattern: '^xoxb-', scheme: 'Bot' })).toEqual({
      kind: 'bearer',
      id: 'token',
      title: 'Token',
      fields: [{ key: 'token', label: 'Bot token', secret: true, pattern: '^xoxb-' }],
      inject: [{ in: 'header', name: 'authorization', value: 'Bot {token}' }],
    })
    expect(apiKey({ query: 'key' }).inject).toEqual([{ in: 'query', name: 'key', value: '{key}' }])
    expect(apiKey({ header: 'x-api-key' }).inject).toEqual([{ in: 'header', name: 'x-api-key', value: '{key}' }])
    expect(basic().inject).toEqual([
      { in: 'header', name: 'authorization', value: '{username}:{password}', base64: true, prefix: 'Basic ' },
    ])
  })
})
