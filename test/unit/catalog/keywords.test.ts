import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { buildCatalog, type ToolOverride } from '../../../src/catalog/catalog.ts'
import { rank } from '../../../src/catalog/search/rank.ts'
import { searchIndex } from '../../../src/catalog/search/search-index.ts'
import type { SourceTool } from '../../../src/kernel/tool.ts'
import { action, defineProvider, none, path, type Provider } from '../../../src/provider-kit/index.ts'
import { toSourceTools } from '../../../src/sources/provider-tools.ts'
import { storedDefinitions } from '../../../src/sources/stored.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore } from '../../../src/store/store.ts'
import { testGateway } from '../../helpers/test-gateway.ts'

const createIssue = action({
  title: 'Create an issue',
  description: 'Opens an issue.',
  keywords: ['grievance', 'lodge a complaint'],
  docs: 'https://example.com/docs',
  effect: 'write',
  external: false,
  idempotent: false,
  scopes: [],
  input: z.strictObject({ text: z.string().describe('Text, such as It broke.') }),
  output: z.object({ id: z.string() }),
  request: () => ({ method: 'POST', path: path`/issues` }),
})
const listIssues = { ...createIssue, title: 'List issues', description: 'Lists all issues.', keywords: ['backlog'] }
const provider: Provider = defineProvider({
  id: 'acme',
  title: 'Acme',
  docs: 'https://example.com/docs',
  baseUrl: 'https://api.example.com',
  auth: [none()],
  failure: () => undefined,
  actions: { create_issue: createIssue, list_issues: listIssues },
})

const tools = toSourceTools(provider)
const without = tools.map(({ definition, traits }): SourceTool => ({ definition, traits }))
const catalogOf = (offered: readonly SourceTool[], overrides: Readonly<Record<string, ToolOverride>> = {}) =>
  buildCatalog([{ connection: 'acme', provider: 'acme', identity: 'acme', tools: offered, overrides }], new Map())
const found = (query: string, catalog = catalogOf(tools)): readonly string[] => {
  const index = searchIndex([...catalog.tools.values()], catalog.surroundings)
  return rank(index, { query, visible: () => true, limit: 5 }).hits.map(({ tool }) => tool.name)
}

describe('keywords of a provider', () => {
  it('are words by which search finds the action', () => {
    expect(found('lodge a complaint')).toEqual(['create_issue'])
    expect(found('backlogs')).toEqual(['list_issues'])
    expect(found('lodge a complaint', catalogOf(without))).toEqual([])
  })

  it('stay when an admin adds words', () => {
    const catalog = catalogOf(tools, { create_issue: { aliases: ['whinge'] } })
    expect(found('whinge', catalog)).toEqual(['create_issue'])
    expect(found('complaint', catalog)).toEqual(['create_issue'])
  })

  it('change no fingerprint, so that no pin is broken by them, but the version that search is built for', () => {
    const fingerprints = (offered: readonly SourceTool[]) =>
      [...catalogOf(offered).tools.values()].map(({ fingerprint }) => fingerprint)
    expect(fingerprints(tools)).toEqual(fingerprints(without))
    expect(catalogOf(tools).version).not.toBe(catalogOf(without).version)
  })

  it('are kept across restarts', async () => {
    const store = openStore(memoryDriver())
    const known = { connection: 'acme', provider: 'acme', identity: 'acme', fingerprint: 'f', capabilities: {} }
    await storedDefinitions(store).save('acme', { ...known, tools, features: [] })
    const loaded = await storedDefinitions(store).load('acme')
    expect(loaded?.tools.map(({ keywords }) => keywords)).toEqual([createIssue.keywords, listIssues.keywords])
  })

  it('find the tool for an agent, who is never shown them', async () => {
    const gateway = testGateway({ builtIn: true, connections: { acme: { tools } } })
    const call = async (name: string, input: object) =>
      JSON.stringify(await gateway.call('sidekick', `conn:gatehouse:${name}`, input))
    const answer = await call('search_tools', { query: 'lodge a complaint' })
    expect(answer).toContain('conn:acme:create_issue(text:str)')
    const seen = [
      answer,
      await call('search_tools', { query: 'lodge a complaint', detail: 'schemas' }),
      await call('describe_tools', { tools: ['conn:acme:create_issue'] }),
      JSON.stringify(gateway.list('sidekick')),
    ]
    for (const text of seen) expect(text).not.toMatch(/grievance|lodge/)
  })
})
