import { afterEach, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { missingCapabilities } from '../../../src/mcp/capabilities.ts'
import { toObject } from '../../../src/mcp/exchange.ts'
import { type Edge, fakeTools, initialize, messagesOf, post, postModern, startEdge } from '../../interop/fixture.ts'

const ALL = {
  tools: { listChanged: true },
  logging: {},
  resources: { listChanged: true, subscribe: true },
  extensions: { 'io.modelcontextprotocol/ui': {} },
  prompts: { listChanged: true },
  completions: {},
}
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
}

describe('what clients are told that we can do', () => {
  let edge: Edge
  afterEach(() => edge.close())
  const advertised = async () => {
    const modern = (await messagesOf(await postModern(edge, 'server/discover'))).at(-1)
    const legacy = (await messagesOf(await post(edge, INITIALIZE))).at(-1)
    return [modern, legacy].map((message) => toObject(message?.['result'])['capabilities'])
  }

  it('is what the connected servers can do, in both eras', async () => {
    edge = await startEdge()
    expect(await advertised()).toEqual([ALL, ALL])
  })

  it('is tools alone when they can do nothing else', async () => {
    edge = await startEdge({ capabilities: { resources: false, prompts: false, completions: false, subscribe: false } })
    const tools = { tools: { listChanged: true }, logging: {} }
    expect(await advertised()).toEqual([tools, tools])
  })
})

describe('what a client declares', () => {
  it('reaches the source without tasks, and with MCP Apps', async () => {
    const tools = fakeTools()
    tools.define('echo')
    const edge = await startEdge({ tools })
    const apps = { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html;profile=mcp-app'] } }
    const capabilities = {
      roots: {},
      tasks: { list: {} },
      extensions: { ...apps, 'io.modelcontextprotocol/tasks': {} },
    }
    const session = await initialize(edge, { capabilities })
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo' } }
    await (await post(edge, call, { session })).text()
    const meta = { 'io.modelcontextprotocol/clientCapabilities': capabilities }
    await (await postModern(edge, 'tools/call', { name: 'echo' }, { meta })).text()
    for (const { exchange } of tools.calls) {
      expect(exchange.protocol.capabilities).toEqual({ roots: {}, extensions: apps })
    }
    expect(tools.calls).toHaveLength(2)
    await edge.close()
  })
})

describe('what a client has to declare to be asked', () => {
  const FORM = { method: 'elicitation/create', params: {} }
  const URL = { method: 'elicitation/create', params: { mode: 'url' } }
  const SAMPLE = { method: 'sampling/createMessage', params: {} }
  const TOOLS = { method: 'sampling/createMessage', params: { tools: [] } }
  const ROOTS = { method: 'roots/list', params: {} }
  const OTHER = { method: 'tasks/get', params: {} }

  it.each([
    [FORM, { elicitation: {} }, undefined],
    [FORM, { elicitation: { form: {} } }, undefined],
    [FORM, { elicitation: { form: {}, url: {} } }, undefined],
    [FORM, { elicitation: { url: {} } }, { elicitation: { form: {} } }],
    [FORM, {}, { elicitation: { form: {} } }],
    [URL, { elicitation: { url: {} } }, undefined],
    [URL, { elicitation: {} }, { elicitation: { url: {} } }],
    [URL, {}, { elicitation: { url: {} } }],
    [SAMPLE, { sampling: {} }, undefined],
    [SAMPLE, { sampling: true }, { sampling: {} }],
    [TOOLS, { sampling: {} }, { sampling: { tools: {} } }],
    [TOOLS, { sampling: { tools: {} } }, undefined],
    [ROOTS, { roots: { listChanged: true } }, undefined],
    [ROOTS, {}, { roots: {} }],
    [OTHER, { tasks: {} }, { experimental: { 'tasks/get': {} } }],
  ])('%j of one with %j lacks %j', (request, declared, missing) => {
    expect(missingCapabilities(request, declared as JsonObject)).toEqual(missing)
  })
})
