import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import * as schemas from '@modelcontextprotocol/sdk/types.js'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { knownDefinitionsSchema } from '../../../src/sources/definitions.ts'
import { listFeatures, type FeatureListing } from '../../../src/sources/mcp-features.ts'
import { legacyHttp } from '../../fakes/downstream/http-servers.ts'
import { wholeServer } from '../../fakes/downstream/whole.ts'
import { connect, http, namesOf } from './mcp-fixture.ts'

const BOTH = { resources: {}, prompts: {} }
const nothing: JsonObject = { resources: [], resourceTemplates: [], prompts: [] }
const words = (error: unknown): string => (error instanceof Error ? error.message : '')

const list = (answers: Readonly<Record<string, unknown>>, before?: FeatureListing, capabilities: JsonObject = BOTH) =>
  listFeatures(
    {
      capabilities,
      explain: words,
      read: (method) => async () => {
        const answer = method in answers ? answers[method] : nothing
        if (answer instanceof Error) throw answer
        return answer
      },
    },
    before,
  )

describe('the list of features', () => {
  it('is asked for only where the server says that it has one', async () => {
    const read = vi.fn(() => () => Promise.resolve(nothing))
    await listFeatures({ capabilities: { prompts: {} }, explain: words, read })
    expect(read.mock.calls).toEqual([['prompts/list']])
  })

  it('leaves out what cannot be offered, and says so', async () => {
    const deep = JSON.parse(`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`)
    const resources = [
      { uri: 'a://1' },
      { uri: 'a://1' },
      { name: 'no uri' },
      { uri: 'a://\u0007' },
      { uri: 'a://deep', deep },
      { uri: 'a://fat', description: 'x'.repeat(70_000) },
      JSON.parse('{"uri":"a://proto","__proto__":{}}'),
      'nonsense',
    ]
    const { features, problems } = await list({ 'resources/list': { resources } })
    expect(features).toEqual([{ kind: 'resource', name: 'a://1', definition: { uri: 'a://1' } }])
    expect(problems).toEqual([
      'resource "a://1" is not offered: it is listed twice',
      'a resource is not offered: it has no uri',
      'resource "a://" is not offered: its uri is empty, longer than 2048 characters or has control characters',
      'resource "a://deep" is not offered: its definition is nested deeper than 32',
      'resource "a://fat" is not offered: its definition is larger than 65536 bytes',
      'resource "a://proto" is not offered: its definition has a key "__proto__"',
      'a resource is not offered: it has no uri',
    ])
  })

  it('has an end', async () => {
    const prompts = Array.from({ length: 10_001 }, (_, index) => ({ name: `p${index}` }))
    const { features, problems } = await list({ 'prompts/list': { prompts } })
    expect(features).toHaveLength(10_000)
    expect(problems).toEqual([
      'prompts/list: only the first 10000 are offered: the list is larger than the gateway takes',
    ])
    const endless = await list({ 'prompts/list': { prompts: [], nextCursor: 'same' } })
    expect(endless.problems).toEqual(['prompts/list: the list repeats its cursor; it was cut'])
  })

  it('keeps what it held of a kind that cannot be listed any more', async () => {
    const answers = {
      'resources/list': { resources: [{ uri: 'a://1' }] },
      'prompts/list': { prompts: [{ name: 'p' }] },
    }
    const before = await list(answers)
    const after = await list(
      { ...answers, 'resources/list': new Error('broken'), 'prompts/list': { prompts: {} } },
      before,
    )
    expect(after.features).toEqual(before.features)
    expect(after.problems).toEqual([
      'resources/list failed: broken',
      'prompts/list failed: The server answered prompts/list without a list.',
    ])
  })
})

describe('a server', () => {
  it('whose resources cannot be listed keeps its tools, and an admin sees why', async () => {
    const fake = await legacyHttp(() => {
      const server = new Server({ name: 'half', version: '1' }, { capabilities: { tools: {}, resources: {} } })
      const tools = [{ name: 'one', inputSchema: { type: 'object' as const } }]
      server.setRequestHandler(schemas.ListToolsRequestSchema, () => ({ tools }))
      server.setRequestHandler(schemas.ListResourcesRequestSchema, () => Promise.reject(new Error('no database')))
      return server
    })
    onTestFinished(() => fake.close())
    const { tools, connected, problems } = await connect(http(fake.url))
    expect(namesOf(tools)).toEqual(['one'])
    expect(connected.features).toEqual([])
    expect(problems()).toEqual(['resources/list failed: The server refused: no database'])
  })

  it('that forgot its session hears again of what is subscribed to', async () => {
    const server = await wholeServer('http legacy')
    onTestFinished(() => server.close())
    const { request, call, updates, featureLists } = await connect(server.transport, { trustAnnotations: true })
    await request('resources/subscribe', { uri: 'fake://note' })
    server.legacy?.subscriptions.splice(0)
    server.forget?.()
    expect(await request('resources/read', { uri: 'fake://note' })).toMatchObject({ contents: [{}] })
    expect(server.legacy?.subscriptions).toEqual(['fake://note'])
    expect([updates, featureLists.length]).toEqual([['fake://note'], 1])
    await call('touch')
    await vi.waitFor(() => expect(updates).toEqual(['fake://note', 'fake://note']), { timeout: 10_000 })
  })
})

describe('definitions that were stored before there were features', () => {
  it('are still read', () => {
    const old = { fingerprint: '1', connection: 'one', provider: 'mcp', identity: 'x', tools: [] }
    expect(knownDefinitionsSchema.parse(old)).toEqual({ ...old, features: [], capabilities: {} })
  })
})
