import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { type Edge, fakeTools, initialize, messagesOf, post, postModern, startEdge } from '../../interop/fixture.ts'

const SCHEMA = {
  type: 'object',
  properties: {
    region: { type: 'string', 'x-mcp-header': 'Region' },
    count: { type: 'integer', 'x-mcp-header': 'Count' },
    dry: { type: 'boolean', 'x-mcp-header': 'Dry' },
    where: { type: 'object', properties: { zone: { type: 'string', 'x-mcp-header': 'Zone' } } },
    list: { type: 'array', items: { type: 'string', 'x-mcp-header': 'Ignored' } },
    free: { type: 'string' },
  },
}
const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`

describe('Mcp-Param headers of a modern call', () => {
  let edge: Edge
  beforeAll(async () => {
    const tools = fakeTools({ pageSize: 1 })
    tools.define('first')
    tools.define('deploy', undefined, { inputSchema: SCHEMA, _meta: { 'dev.gatehouse/id': 'conn:x:deploy' } })
    const twice = { a: { type: 'string', 'x-mcp-header': 'One' }, b: { type: 'string', 'x-mcp-header': 'one' } }
    tools.define('ambiguous', undefined, { inputSchema: { type: 'object', properties: twice } })
    edge = await startEdge({ tools })
  })
  afterAll(() => edge.close())
  const call = async (input: JsonObject, headers: Record<string, string>, name = 'deploy') => {
    const response = await postModern(edge, 'tools/call', { name, arguments: input }, { headers })
    const { error } = (await messagesOf(response)).at(-1) ?? {}
    return { status: response.status, error: error as JsonObject | undefined }
  }

  it.each<[string, JsonObject, Record<string, string>]>([
    ['say the same', { region: 'eu', count: 3, dry: false }, { region: 'eu', count: '3', dry: 'false' }],
    ['are encoded', { region: 'Zürich ' }, { region: base64('Zürich ') }],
    ['are of a nested property', { where: { zone: 'a' } }, { zone: 'a' }],
    ['are not needed without a value', { region: null, free: 'x', list: ['a'] }, {}],
    ['write a number otherwise', { count: 3 }, { count: '3.0' }],
  ])('are accepted when they %s', async (_what, input, params) => {
    const headers = Object.fromEntries(Object.entries(params).map(([name, value]) => [`Mcp-Param-${name}`, value]))
    expect(await call(input, headers)).toEqual({ status: 200, error: undefined })
  })

  it.each<[string, JsonObject, Record<string, string>]>([
    ['are missing', { region: 'eu' }, {}],
    ['say something else', { region: 'eu' }, { region: 'us' }],
    ['say another number', { count: 3 }, { count: '4' }],
    ['say no number', { count: 3 }, { count: '0x3' }],
    ['are badly encoded', { region: 'eu' }, { region: '=?base64?%%?=' }],
    ['are encoded with bytes that are no text', { region: 'eu' }, { region: '=?base64?/w==?=' }],
    ['miss a nested property', { where: { zone: 'a' } }, { region: 'a' }],
  ])('are refused when they %s', async (_what, input, params) => {
    const headers = Object.fromEntries(Object.entries(params).map(([name, value]) => [`Mcp-Param-${name}`, value]))
    const { status, error } = await call(input, headers)
    expect([status, error?.['code']]).toEqual([400, -32_020])
    expect(JSON.stringify(error)).not.toMatch(/"eu"|"us"/)
  })

  it('need not be sent with the canonical id, which clients find in no list, but must be true', async () => {
    const id = 'conn:x:deploy'
    expect(await call({ region: 'eu' }, {}, id)).toMatchObject({ status: 200 })
    expect(await call({ region: 'eu' }, { 'Mcp-Param-Region': 'eu' }, id)).toMatchObject({ status: 200 })
    expect(await call({ region: 'eu' }, { 'Mcp-Param-Region': 'us' }, id)).toMatchObject({ status: 400 })
  })

  it('bind nobody where a schema declares a header twice', async () => {
    expect(await call({ a: 'x' }, {}, 'ambiguous')).toMatchObject({ status: 200 })
  })

  it('mean nothing to an earlier version', async () => {
    const session = await initialize(edge)
    const params = { name: 'deploy', arguments: { region: 'eu' } }
    const response = await post(edge, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, { session })
    expect((await messagesOf(response)).at(-1)).toMatchObject({ result: { content: [{ type: 'text' }] } })
  })
})
