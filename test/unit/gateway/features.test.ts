import { describe, expect, it } from 'vitest'
import { complete, getPrompt, mayHearOf, readResource, subscribeResource } from '../../../src/gateway/features.ts'
import { listFeatures } from '../../../src/gateway/list-tools.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { SourceFeature } from '../../../src/kernel/tool.ts'
import { exchange, type FakeConnection, principal, testGateway, type TestGateway } from '../../helpers/test-gateway.ts'

const resource = (uri: string, more: JsonObject = {}): SourceFeature => ({
  kind: 'resource',
  name: uri,
  definition: { uri, name: uri, ...more },
})
const template = (uriTemplate: string): SourceFeature => ({
  kind: 'template',
  name: uriTemplate,
  definition: { uriTemplate, name: 'a template' },
})
const prompt = (name: string): SourceFeature => ({ kind: 'prompt', name, definition: { name, title: 'A prompt' } })

const EVERYTHING = {
  rules: [{ id: 'all', effect: 'allow', tools: { kinds: ['tool', 'resource', 'template', 'prompt'] } }],
}

interface Sent {
  readonly connection: string
  readonly method: string
  readonly params: JsonObject
}

function gatewayOf(features: Readonly<Record<string, readonly SourceFeature[]>>, policy: unknown = EVERYTHING) {
  const sent: Sent[] = []
  const toConnection = (connection: string): FakeConnection => ({
    tools: [],
    features: features[connection] ?? [],
    request: async (method, params) => {
      sent.push({ connection, method, params })
      return { contents: [{ uri: params['uri'] ?? null, text: `ann@corp.com of ${connection}` }] }
    },
  })
  const connections = Object.fromEntries(Object.keys(features).map((slug) => [slug, toConnection(slug)]))
  return { gateway: testGateway({ connections, policy }), sent }
}
const asks = (agent = 'sidekick') => exchange(principal(agent))
const shown = (gateway: TestGateway, kind: 'resource' | 'template' | 'prompt'): readonly unknown[] =>
  listFeatures(gateway.deps, kind, principal('sidekick')).items.map(
    (item) => item['uri'] ?? item['uriTemplate'] ?? item['name'],
  )

describe('resources', () => {
  it('are listed verbatim, read by their own URI, and relayed to the connection that lists them', async () => {
    const { gateway, sent } = gatewayOf({ docs: [resource('doc://a', { mimeType: 'text/plain', future: 1 })] })
    expect(listFeatures(gateway.deps, 'resource', principal('sidekick')).items).toEqual([
      { uri: 'doc://a', name: 'doc://a', mimeType: 'text/plain', future: 1 },
    ])
    await readResource(gateway.deps, 'doc://a', asks())
    expect(sent).toEqual([{ connection: 'docs', method: 'resources/read', params: { uri: 'doc://a' } }])
    expect(gateway.events).toMatchObject([{ type: 'resource.read', outcome: 'ok', tool: 'conn:docs:resource:doc://a' }])
  })

  it('are found by the template that their URI comes from', async () => {
    const { gateway, sent } = gatewayOf({
      docs: [template('doc://{id}/page')],
      files: [template('file:///{+path}')],
    })
    await readResource(gateway.deps, 'file:///a/b/c.txt', asks())
    await readResource(gateway.deps, 'doc://7/page', asks())
    expect(sent.map(({ connection }) => connection)).toEqual(['files', 'docs'])
    await expect(readResource(gateway.deps, 'doc://7/8/page', asks())).rejects.toMatchObject({ code: 'not_found' })
  })

  it('that two connections have under one URI are told apart, in lists, reads and answers', async () => {
    const { gateway, sent } = gatewayOf({ a: [resource('doc://x'), resource('doc://only')], b: [resource('doc://x')] })
    expect(shown(gateway, 'resource')).toEqual(['conn://a/doc%3A%2F%2Fx', 'doc://only', 'conn://b/doc%3A%2F%2Fx'])
    expect(await readResource(gateway.deps, 'conn://b/doc%3A%2F%2Fx', asks())).toMatchObject({
      contents: [{ uri: 'conn://b/doc%3A%2F%2Fx', text: 'ann@corp.com of b' }],
    })
    expect(sent).toEqual([{ connection: 'b', method: 'resources/read', params: { uri: 'doc://x' } }])
    await expect(readResource(gateway.deps, 'doc://x', asks())).rejects.toMatchObject({ code: 'not_found' })
  })

  it('that policy hides do not exist: not in lists, not for reading, subscribing, completing or hearing of changes', async () => {
    const policy = { rules: [{ id: 'tools-only', effect: 'allow', tools: { connections: ['docs'] } }] }
    const { gateway, sent } = gatewayOf(
      { docs: [resource('doc://a'), template('doc://{id}'), prompt('greet')] },
      policy,
    )
    expect([...shown(gateway, 'resource'), ...shown(gateway, 'template'), ...shown(gateway, 'prompt')]).toEqual([])
    const missing = { code: 'not_found', message: 'Resource not found: doc://a', data: { uri: 'doc://a' } }
    await expect(readResource(gateway.deps, 'doc://a', asks())).rejects.toMatchObject(missing)
    await expect(subscribeResource(gateway.deps, { uri: 'doc://a', on: true }, asks())).rejects.toMatchObject(missing)
    const ref = { type: 'ref/resource', uri: 'doc://{id}' }
    await expect(complete(gateway.deps, { ref, argument: {} }, asks())).rejects.toMatchObject({ code: 'not_found' })
    expect(mayHearOf(gateway.deps, 'doc://a', principal('sidekick'))).toBe(false)
    expect(sent).toEqual([])
  })

  it('that were hidden since are no longer subscribed to once the agent lets go of them', async () => {
    const { gateway, sent } = gatewayOf({ docs: [resource('doc://a')] }, { rules: [] })
    await subscribeResource(gateway.deps, { uri: 'doc://a', on: false }, asks())
    await subscribeResource(gateway.deps, { uri: 'doc://unknown', on: false }, asks())
    expect(sent).toEqual([{ connection: 'docs', method: 'resources/unsubscribe', params: { uri: 'doc://a' } }])
  })

  it('can be allowed by URI, and redacted', async () => {
    const policy = {
      rules: [
        {
          id: 'one',
          effect: 'allow',
          tools: { kinds: ['resource'], names: ['doc://a'] },
          obligations: { redact: [{ preset: 'emails' }] },
        },
      ],
    }
    const { gateway } = gatewayOf({ docs: [resource('doc://a'), resource('doc://b')] }, policy)
    expect(shown(gateway, 'resource')).toEqual(['doc://a'])
    expect(await readResource(gateway.deps, 'doc://a', asks())).toMatchObject({
      contents: [{ text: '[redacted emails] of docs' }],
    })
  })
})

describe('prompts', () => {
  it('are listed and got under the same kind of names as tools', async () => {
    const { gateway, sent } = gatewayOf({ docs: [prompt('greet')] })
    expect(listFeatures(gateway.deps, 'prompt', principal('sidekick')).items).toMatchObject([
      { name: 'conn__docs__greet', title: 'A prompt (conn:docs:prompt:greet)' },
    ])
    await getPrompt(gateway.deps, { name: 'conn__docs__greet', arguments: { who: 'Ann' } }, asks())
    await complete(
      gateway.deps,
      { ref: { type: 'ref/prompt', name: 'conn__docs__greet' }, argument: { name: 'who', value: 'A' } },
      asks(),
    )
    expect(sent).toEqual([
      { connection: 'docs', method: 'prompts/get', params: { name: 'greet', arguments: { who: 'Ann' } } },
      {
        connection: 'docs',
        method: 'completion/complete',
        params: { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'who', value: 'A' } },
      },
    ])
  })

  it('with arguments that are no strings are refused', async () => {
    const { gateway } = gatewayOf({ docs: [prompt('greet')] })
    const call = { name: 'conn__docs__greet', arguments: { who: 7 } }
    await expect(getPrompt(gateway.deps, call, asks())).rejects.toMatchObject({ code: 'invalid_request' })
  })
})
