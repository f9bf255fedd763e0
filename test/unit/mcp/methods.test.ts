import { ending } from '../../../src/kernel/ending.ts'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { Exchange } from '../../../src/kernel/exchange.ts'
import { PROBLEMS } from '../../../src/kernel/problem.ts'
import type { ErrorCode } from '../../../src/kernel/problem.ts'
import { mcpMethods } from '../../../src/mcp/methods.ts'
import { fakeTools, mcpDeps, principalOf, text } from '../../interop/fixture.ts'

const exchange = (era: 'legacy' | 'modern'): Exchange => ({
  principal: principalOf('ann'),
  requestId: 'r1',
  ending: ending(),
  protocol: { era, version: era === 'modern' ? '2026-07-28' : '2025-11-25', capabilities: {} },
})

const setUp = () => {
  const tools = fakeTools({ pageSize: 1 })
  const deps = mcpDeps(tools)
  return { tools, deps, methods: mcpMethods(deps) }
}

describe('the table of methods', () => {
  it.each(Object.keys(PROBLEMS) as ErrorCode[])(
    'answers %s in the form that the table of problems says',
    async (code) => {
      const { tools, methods } = setUp()
      tools.define('failing', () => {
        throw new GatewayError(code, 'What happened, and what to do.', { data: { hint: 1 } })
      })
      const reply = await methods.answer('tools/call', { name: 'failing' }, exchange('modern'))
      if (PROBLEMS[code].mcp === 'result') {
        expect(reply).toMatchObject({
          result: { isError: true, _meta: { 'dev.gatehouse/code': code, 'dev.gatehouse/data': { hint: 1 } } },
        })
      } else {
        const numbers = { invalid_params: -32_602, method_not_found: -32_601, internal: -32_603 }
        expect(reply).toEqual({
          error: { code: numbers[PROBLEMS[code].mcp], message: 'What happened, and what to do.' },
        })
      }
    },
  )

  it('tells a stranger nothing of a failure inside, and the operator everything', async () => {
    const { tools, deps, methods } = setUp()
    const cause = new Error('password=hunter2')
    tools.define('bug', () => {
      throw cause
    })
    const reply = await methods.answer('tools/call', { name: 'bug' }, exchange('legacy'))
    expect(reply).toMatchObject({ error: { code: -32_603 } })
    expect(JSON.stringify(reply)).not.toContain('hunter2')
    expect(deps.logs).toEqual([{ level: 'error', message: 'a request failed', fields: { requestId: 'r1' }, cause }])
  })

  it('serialises a page once for all, with what each era adds', async () => {
    const { tools, methods } = setUp()
    tools.define('one')
    tools.define('two')
    for (const era of ['legacy', 'modern'] as const) {
      const reply = await methods.answer('tools/list', {}, exchange(era))
      if (reply.error) throw new Error(reply.error.message)
      const members = JSON.parse(`{${reply.encoded?.bytes.toString()}}`) as object
      expect({ ...members, ...reply.encoded?.others }).toEqual(reply.result)
      expect('ttlMs' in reply.result).toBe(era === 'modern')
    }
  })

  it('leaves pages that an era must see changed to the SDK', async () => {
    const { tools, methods } = setUp()
    tools.define('listing', undefined, { outputSchema: { type: 'array' } })
    tools.define('task', undefined, { execution: { taskSupport: 'optional' } })
    const verbatim = async (era: 'legacy' | 'modern', cursor: string) => {
      const reply = await methods.answer('tools/list', { cursor }, exchange(era))
      return !reply.error && reply.encoded !== undefined
    }
    expect(await verbatim('legacy', 'page-0')).toBe(false)
    expect(await verbatim('modern', 'page-0')).toBe(true)
    expect(await verbatim('legacy', 'page-1')).toBe(true)
    expect(await verbatim('modern', 'page-1')).toBe(false)
  })

  it('wraps structured output for legacy clients exactly where the list wraps its schema', async () => {
    const { tools, methods } = setUp()
    const structuredContent = { a: 1 }
    tools.define('plain', () => ({ content: [], structuredContent }), { outputSchema: { type: 'object' } })
    tools.define('either', () => ({ content: [], structuredContent }), { outputSchema: { anyOf: [{}] } })
    tools.define('list', () => ({ content: [], structuredContent: [1] }), { outputSchema: { type: 'array' } })
    const content = async (name: string, era: 'legacy' | 'modern') => {
      const reply = await methods.answer('tools/call', { name }, exchange(era))
      return reply.error ?? [reply.result['structuredContent'], reply.result['content']]
    }
    expect(await content('plain', 'legacy')).toEqual([{ a: 1 }, []])
    expect(await content('either', 'legacy')).toEqual([{ result: { a: 1 } }, []])
    expect(await content('list', 'legacy')).toEqual([{ result: [1] }, [{ type: 'text', text: '[1]' }]])
    expect(await content('either', 'modern')).toEqual([{ a: 1 }, []])
    expect(await content('list', 'modern')).toEqual([[1], []])
  })

  it('passes on everything of a result but what belongs to the hop behind', async () => {
    const { tools, methods } = setUp()
    tools.define('relayed', () => ({
      ...text('a'),
      resultType: 'complete',
      'x-more': 1,
      _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'behind' }, progressToken: 3 },
    }))
    const reply = await methods.answer('tools/call', { name: 'relayed' }, exchange('legacy'))
    expect(reply).toEqual({ result: { ...text('a'), 'x-more': 1 } })
  })
})
