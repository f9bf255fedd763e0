import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { ToolDefinition, ToolTraits } from '../../../src/kernel/tool.ts'
import { hasForbiddenKey, isShallow } from '../../../src/sources/json-bounds.ts'
import { jsonLines } from '../../../src/sources/json-lines.ts'
import { paramHeaders, toParamHeaders } from '../../../src/sources/mcp-param-headers.ts'
import { listTools } from '../../../src/sources/mcp-tools.ts'
import { traitsOf } from '../../../src/sources/mcp-traits.ts'
import { refresher } from '../../../src/sources/refresher.ts'
import { stderrTail } from '../../../src/sources/stderr-tail.ts'
import { lever, settle } from './lever.ts'

describe('lines of JSON', () => {
  const reading = (chunks: readonly string[], limits = {}) => {
    const messages: JsonObject[] = []
    const broken: string[] = []
    const read = jsonLines({ onMessage: (m) => void messages.push(m), onBroken: (d) => void broken.push(d), ...limits })
    for (const chunk of chunks) read(Buffer.from(chunk))
    return { messages: messages.map((message) => message['id']), broken }
  }
  const line = (id: number): string => `{"jsonrpc":"2.0","id":${id}}\n`

  it('are put together from any pieces', () => {
    const text = `${line(1)}\r\n${line(2)}[${line(3).trim()},${line(4).trim()}]\r\n`
    expect(reading([text]).messages).toEqual([1, 2, 3, 4])
    expect(reading(text.split('')).messages).toEqual([1, 2, 3, 4])
  })

  it('may be interrupted by noise, and are given up when nothing else comes', () => {
    const noise = ['oops\n', '{"a":1}\n']
    expect(reading([...noise, line(1), ...noise, line(2)], { maxNoise: 3 })).toEqual({ messages: [1, 2], broken: [] })
    const { messages, broken } = reading([...noise, '42\n', line(1)], { maxNoise: 3 })
    expect(messages).toEqual([])
    expect(broken).toEqual(['it wrote 3 lines to stdout that are not MCP messages, the first: "oops"'])
  })

  it('have a limit, also when they never end', () => {
    expect(reading([line(1), 'x'.repeat(60), 'x'.repeat(60), `\n${line(2)}`], { maxLineBytes: 100 })).toEqual({
      messages: [1],
      broken: ['it wrote a line of more than 100 bytes to stdout'],
    })
  })
})

describe('the tail of stderr', () => {
  it('keeps the end of any amount, in printable lines', () => {
    const tail = stderrTail()
    for (let i = 0; i < 1_000; i += 1) tail.push(Buffer.from(`line ${i} \u001b[31mred\u001b[0m\u202e\n`))
    expect(tail.lastLines().split('\n')).toEqual([995, 996, 997, 998, 999].map((i) => `line ${i} red`))
    tail.push(Buffer.alloc(100_000, 'y'))
    expect(tail.lastLines()).toHaveLength(200)
  })
})

describe('bounds', () => {
  it('hold without recursion, however deep the value', () => {
    const deep: unknown = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`)
    expect(isShallow(deep, 64)).toBe(false)
    expect(isShallow({ a: [{ b: 1 }] }, 3)).toBe(true)
    expect(isShallow({ a: [{ b: 1 }] }, 2)).toBe(false)
    expect(hasForbiddenKey(JSON.parse('[{"a":{"__proto__":1}}]'))).toBe(true)
    expect(hasForbiddenKey({ a: null, b: 'constructor' })).toBe(false)
  })
})

describe('the list of tools', () => {
  const options = { trustAnnotations: false, mirrorsHeaders: false }
  const tool = (name: string): JsonObject => ({ name, inputSchema: { type: 'object' } })

  it('is read page by page, an empty cursor included', async () => {
    const cursors: (string | undefined)[] = []
    const { tools, problems } = await listTools((cursor) => {
      cursors.push(cursor)
      const pages: Record<string, JsonObject> = {
        first: { tools: [tool('a')], nextCursor: '' },
        '': { tools: [tool('b')] },
      }
      return Promise.resolve(pages[cursor ?? 'first'])
    }, options)
    expect([cursors, tools.length, problems]).toEqual([[undefined, ''], 2, []])
  })

  it('is cut, and says so, when it never ends', async () => {
    let page = 0
    const endless = await listTools(
      () => Promise.resolve({ tools: [tool(`t${(page += 1)}`)], nextCursor: `c${page}` }),
      options,
    )
    expect([endless.tools.length, endless.problems]).toEqual([64, ['the list has over 64 pages; it was cut']])
    const stuck = await listTools(() => Promise.resolve({ tools: [], nextCursor: 'same' }), options)
    expect(stuck.problems).toEqual(['the list repeats its cursor; it was cut'])
  })

  it('is refused when it is none', async () => {
    await expect(listTools(() => Promise.resolve({ tools: {} }), options)).rejects.toMatchObject({
      code: 'upstream_invalid',
    })
  })
})

describe('traits', () => {
  const traits = (annotations: JsonObject | undefined, trusted: boolean): ToolTraits => {
    const definition: ToolDefinition = { name: 'x', inputSchema: {}, ...(annotations && { annotations }) }
    return traitsOf(definition, trusted)
  }

  it.each([
    [undefined, 'unclassified', false, 'unclassified', false],
    [{ readOnlyHint: true }, 'unclassified', false, 'read', true],
    [{ readOnlyHint: true, openWorldHint: false }, 'unclassified', false, 'read', false],
    [{ readOnlyHint: true, destructiveHint: true }, 'destructive', false, 'destructive', true],
    [{ readOnlyHint: false }, 'unclassified', false, 'destructive', true],
    [{ destructiveHint: false, openWorldHint: true }, 'unclassified', true, 'write', true],
    [{ title: 'x' }, 'unclassified', false, 'unclassified', false],
    [{ readOnlyHint: 'true', destructiveHint: 1 }, 'unclassified', false, 'destructive', true],
  ] as const)(
    'of %j are %s, external %s; trusted %s, external %s',
    (hints, effect, external, trusted, trustedExternal) => {
      expect(traits(hints, false)).toEqual({ effect, external, idempotent: false, tags: [] })
      expect(traits(hints, true)).toMatchObject({ effect: trusted, external: trustedExternal })
    },
  )
})

describe('Mcp-Param headers', () => {
  const text = { type: 'string', 'x-mcp-header': 'Region' }
  const schema = {
    type: 'object',
    properties: {
      region: text,
      'x-mcp-header': { type: 'string' },
      nested: { type: 'object', properties: { n: { type: 'integer', 'x-mcp-header': 'N' } } },
    },
  }

  it('mirror primitives from a chain of properties, unsafe text in Base64', () => {
    expect(toParamHeaders(paramHeaders(schema), { region: 'eu-1', nested: { n: 7 } })).toEqual({
      'Mcp-Param-Region': 'eu-1',
      'Mcp-Param-N': '7',
    })
    expect(toParamHeaders(paramHeaders(schema), { region: null, nested: [] })).toEqual({})
    for (const region of ['', ' a', 'a\r\nX: y', '=?base64?x?=', 'é']) {
      expect(toParamHeaders(paramHeaders(schema), { region })).toEqual({
        'Mcp-Param-Region': `=?base64?${Buffer.from(region).toString('base64')}?=`,
      })
    }
  })

  it.each([
    [{ properties: { a: text, b: { type: 'string', 'x-mcp-header': 'REGION' } } }, 'declared twice'],
    [{ properties: { a: { type: 'array', items: text } } }, 'stands where no property is'],
    [{ anyOf: [{ properties: { a: text } }] }, 'stands where no property is'],
    [{ $defs: { a: text } }, 'stands where no property is'],
    [{ properties: { a: { type: 'string', 'x-mcp-header': 'a b' } } }, 'is no header name'],
    [{ properties: { a: { type: 'object', 'x-mcp-header': 'A' } } }, 'is not on a string'],
    [{ 'x-mcp-header': 'A', type: 'string' }, 'stands where no property is'],
  ])('drop a tool whose declaration is not allowed: %j', (schema, fault) => {
    expect(paramHeaders(schema)).toEqual({ fault: expect.stringContaining(fault) })
  })
})

describe('a refresher', () => {
  it('runs once for a burst, never twice at a time, and once more when asked meanwhile', async () => {
    const { schedule, advance, waiting } = lever()
    const ends: (() => void)[] = []
    const refresh = refresher(() => new Promise((resolve) => void ends.push(resolve)), 200, schedule)
    for (let i = 0; i < 100; i += 1) refresh.request()
    expect(waiting()).toEqual([200])
    await advance(200)
    refresh.request()
    await advance(1_000)
    expect(ends).toHaveLength(1)
    ends[0]?.()
    await settle()
    await advance(200)
    expect(ends).toHaveLength(2)
    refresh.request()
    ends[1]?.()
    refresh.stop()
    await advance(1_000)
    expect(ends).toHaveLength(2)
  })
})
