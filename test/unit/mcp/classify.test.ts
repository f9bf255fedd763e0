import { classifyInboundRequest } from '@modelcontextprotocol/server'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../../src/kernel/json.ts'
import { classifier } from '../../../src/mcp/classify.ts'

const MODERN = '2026-07-28'
const VERSION = 'io.modelcontextprotocol/protocolVersion'
const INFO = 'io.modelcontextprotocol/clientInfo'
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'

const versions = fc.constantFrom(MODERN, '2025-11-25', '2024-11-05', '2099-01-01', ` ${MODERN}`, 'nonsense')
const methods = fc.constantFrom('tools/call', 'tools/list', 'ping', 'initialize', 'subscriptions/listen')
const maybe = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined, freq: 4 })

const metas = fc.record(
  {
    [VERSION]: fc.oneof({ arbitrary: versions, weight: 9 }, fc.constantFrom<Json>(1, null)),
    [INFO]: fc.constantFrom<Json>({ name: 'a', version: '1' }, { name: 'a' }, 'a', {
      name: 'a',
      version: '1',
      title: 7,
    }),
    [CAPABILITIES]: fc.constantFrom<Json>({}, { sampling: {} }, { elicitation: 3 }, [], 'none'),
    progressToken: fc.constantFrom<Json>('p', 1, {}),
    traceparent: fc.constantFrom<Json>('00-ab', 5),
    'io.modelcontextprotocol/related-task': fc.constantFrom<Json>({ taskId: 't' }, 'task'),
    'example.com/own': fc.constant<Json>(true),
  },
  { requiredKeys: [VERSION, INFO, CAPABILITIES] },
)

const bodies = fc.record(
  {
    jsonrpc: fc.constant('2.0'),
    id: fc.constantFrom<Json>(1, 'x'),
    method: methods,
    params: fc.record(
      { name: fc.constant('echo'), arguments: fc.constant({}), _meta: metas },
      { requiredKeys: ['name', 'arguments'] },
    ),
    result: fc.constant({}),
  },
  { requiredKeys: ['jsonrpc', 'id', 'method'] },
)

const requests = fc.record({ version: maybe(versions), named: maybe(methods), body: bodies })

const headersOf = ({ version, named }: { version?: string | undefined; named?: string | undefined }): Headers => {
  const headers = new Headers()
  if (version !== undefined) headers.set('mcp-protocol-version', version)
  if (named !== undefined) headers.set('mcp-method', named)
  return headers
}

/** What the classifier says, errors as plain values. */
const told = (outcome: unknown): unknown => JSON.parse(JSON.stringify(outcome))

describe('the classifier of requests', () => {
  it('says what the SDK says, of the same clients again and again', () => {
    const classify = classifier()
    fc.assert(
      fc.property(fc.array(requests, { minLength: 1, maxLength: 8 }), (all) => {
        for (const { version, named, body } of [...all, ...all]) {
          const headers = headersOf({ version, named })
          const [protocolVersionHeader, mcpMethodHeader] = [
            headers.get('mcp-protocol-version'),
            headers.get('mcp-method'),
          ]
          const expected = classifyInboundRequest({
            httpMethod: 'POST',
            body,
            ...(protocolVersionHeader !== null && { protocolVersionHeader }),
            ...(mcpMethodHeader !== null && { mcpMethodHeader }),
          })
          expect(told(classify({ method: 'POST', headers }, body as Json))).toEqual(told(expected))
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it('does not take an envelope that was good for another method in the header', () => {
    const classify = classifier()
    const _meta = { [VERSION]: MODERN, [INFO]: { name: 'a', version: '1' }, [CAPABILITIES]: {} }
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', _meta } }
    const ask = (named: string) => classify({ method: 'POST', headers: headersOf({ version: MODERN, named }) }, body)
    expect([ask('tools/call').kind, ask('tools/call').kind, ask('tools/list').kind]).toEqual([
      'modern',
      'modern',
      'reject',
    ])
  })
})
