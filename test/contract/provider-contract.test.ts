import { describe, expect, it } from 'vitest'
import { providers } from '../../providers/index.ts'
import template from '../../providers/_template/index.ts'
import { schemaValidator } from '../../src/gateway/validator.ts'
import type { Action, Provider, WireRequest } from '../../src/provider-kit/index.ts'
import { toReadyRequest } from '../../src/sources/provider-request.ts'
import { toSourceTools } from '../../src/sources/provider-tools.ts'
import { sampleInput } from '../helpers/sample-input.ts'

/** What a connection would have to say where a manifest leaves it open. */
const SETTINGS: Readonly<Record<string, Record<string, unknown>>> = {
  http: { methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] },
}
const OWN_BASE = 'https://api.example.com/base'

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

const EVERY = [...providers.values(), template]
const ACTIONS = EVERY.flatMap((provider: Provider) =>
  Object.entries(provider.actions).map(([id, action]) => ({ name: `${provider.id}.${id}`, id, provider, action })),
)

const requestOf = async (
  { provider, action }: { provider: Provider; action: Action },
  input: unknown,
): Promise<WireRequest> => action.request(action.input.parse(input), SETTINGS[provider.id] ?? {})

const readyUrl = (provider: Provider, action: Action, wire: WireRequest): URL =>
  toReadyRequest(wire, action.effect, new URL(provider.baseUrl ?? OWN_BASE), provider.headers ?? {}).url

describe.each(EVERY.map((provider) => [provider.id, provider] as const))(
  'the provider %s',
  (id, provider: Provider) => {
    it('is known by the id of its folder', () => {
      if (provider !== template) expect(providers.get(id)).toBe(provider)
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
  },
)

describe.each(ACTIONS.map((each) => [each.name, each] as const))('the action %s', (_, { id, provider, action }) => {
  it('has schemas that the gateway can enforce', () => {
    const definition = toSourceTools(provider).find((tool) => tool.definition.name === id)?.definition
    expect(definition).toBeDefined()
    const { sample } = sampleInput(action.input)
    expect(schemaValidator().fits(id, definition?.inputSchema ?? {}, JSON.parse(JSON.stringify(sample)))).toBe(true)
  })

  it('gives examples that it would take itself', () => {
    expect(sampleInput(action.input).wrong).toEqual([])
  })

  it('sends what it says: reads read, and only what is destructive deletes', async () => {
    const { method } = await requestOf({ provider, action }, sampleInput(action.input).sample)
    if (method === 'GET' || method === 'HEAD') expect(action.effect).toBe('read')
    if (method === 'DELETE') expect(action.effect).toBe('destructive')
    if (action.effect === 'read') expect(method).toMatch(/^(?:GET|HEAD|POST)$/)
  })

  it('stays at its address, whatever its arguments are', async () => {
    const { sample } = sampleInput(action.input)
    const base = new URL(provider.baseUrl ?? OWN_BASE)
    const inputs = Object.entries(sample).flatMap(([name, value]) =>
      typeof value === 'string' ? HOSTILE.map((hostile) => ({ ...sample, [name]: hostile })) : [],
    )
    for (const input of inputs) {
      const url = await requestOf({ provider, action }, input).then(
        (wire) => readyUrl(provider, action, wire),
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

  it('keeps nothing that its output does not name', () => {
    const { outputSchema } = toSourceTools(provider).find((tool) => tool.definition.name === id)?.definition ?? {}
    expect(outputSchema).toMatchObject({ type: 'object', additionalProperties: false })
  })
})
