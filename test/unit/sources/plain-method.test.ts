import { describe, expect, it, onTestFinished } from 'vitest'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { type Verbatim, verbatimServer } from '../../fakes/downstream/verbatim-server.ts'
import { connect, http, namesOf } from './mcp-fixture.ts'

const TOOL: JsonObject = { name: 'say', inputSchema: { type: 'object' } }

async function reach(eras: 'legacy' | 'modern', tools: readonly JsonObject[], results: Verbatim['results'] = {}) {
  const lists = { tools, resources: [], resourceTemplates: [], prompts: [] }
  const server = await verbatimServer(eras, { lists, results })
  onTestFinished(() => server.close())
  return connect(http(server.url, { fallbackToSse: false }))
}

describe.each(['legacy', 'modern'] as const)('a %s server that knows more than the SDK', (eras) => {
  it('answers with content of a new type and members in a new form', async () => {
    const result = {
      content: [
        { type: 'x-hologram', shape: 'cube' },
        { type: 'text', text: 'hi', annotations: { lastModified: 'yesterday' } },
      ],
    }
    const { call } = await reach(eras, [TOOL], { 'tools/call': result })
    expect(await call('say')).toEqual(result)
  })

  it('loses one tool for a bad definition, not its whole list', async () => {
    const { tools, problems } = await reach(eras, [{ name: 'bad', inputSchema: 'none' }, TOOL])
    expect(namesOf(tools)).toEqual(['say'])
    expect(problems()).toEqual(['"bad" is not offered: it has no inputSchema'])
  })
})
