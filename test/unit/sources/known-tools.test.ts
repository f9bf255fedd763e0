import { describe, expect, it } from 'vitest'
import { buildCatalog, type ToolOverride } from '../../../src/catalog/catalog.ts'
import { rank } from '../../../src/catalog/search/rank.ts'
import { searchIndex } from '../../../src/catalog/search/search-index.ts'
import type { SourceTool } from '../../../src/kernel/tool.ts'
import { knownWords } from '../../../src/sources/known-tools.ts'
import type { McpTransport } from '../../../src/sources/mcp-spec.ts'
import { temporaryDirectory } from '../../helpers/temporary-directory.ts'
import { bin, connect, http, namesOf } from './mcp-fixture.ts'

const started = (command: string, ...args: readonly string[]): McpTransport => ({
  kind: 'stdio',
  command,
  args,
  env: {},
})

const catalogOf = (tools: readonly SourceTool[], overrides: Readonly<Record<string, ToolOverride>> = {}) =>
  buildCatalog([{ connection: 'disk', provider: 'mcp', identity: 'disk', tools, overrides }], new Map())

function best(query: string, { tools, surroundings }: ReturnType<typeof catalogOf>): string | undefined {
  const index = searchIndex([...tools.values()], surroundings)
  return rank(index, { query, visible: () => true, limit: 1 }).hits[0]?.tool.name
}

describe('words for the tools of well-known servers', () => {
  it.each<[string, string | undefined, McpTransport, string]>([
    ['by what it calls itself', 'mcp-git', started('python', '-m', 'whatever'), 'git_log'],
    ['by its package', undefined, started('npx', '-y', '@modelcontextprotocol/server-memory'), 'read_graph'],
    ['by its package of a version', 'x', started('npx', '@playwright/mcp@0.0.41'), 'browser_click'],
    ['by its host', 'x', http(new URL('https://api.githubcopilot.com/mcp/')), 'list_issues'],
  ])('are found %s', (_, name, transport, tool) => {
    expect(knownWords(name, transport).get(tool)?.length).toBeGreaterThan(2)
  })

  it('are none for any other server', () => {
    expect(knownWords('mine', started('node', 'server.js')).size).toBe(0)
    expect(knownWords(undefined, http(new URL('https://example.com/api.githubcopilot.com'))).size).toBe(0)
  })

  it.each([
    ['mcp-server-filesystem', [], 'secure-filesystem-server'],
    ['mcp-server-memory', [], 'memory-server'],
    ['mcp-server-everything', ['stdio'], 'mcp-servers/everything'],
  ] as const)('are there for every tool of %s, and for none that it has not', async (name, args, known) => {
    const folders = name === 'mcp-server-filesystem' ? [await temporaryDirectory()] : []
    const { tools } = await connect(started(bin(name), ...args, ...folders))
    expect(namesOf(tools.filter(({ keywords }) => keywords === undefined))).toEqual([])
    const names = new Set(tools.map(({ definition }) => definition.name))
    const words = knownWords(known, started('node'))
    // Only offered to clients that can do more than this test's.
    expect([...words.keys()].filter((tool) => !names.has(tool) && tool !== 'simulate-research-query')).toEqual([])
  })

  it('find tools beside what an admin says, and change no fingerprint', async () => {
    const { tools } = await connect(started(bin('mcp-server-filesystem'), await temporaryDirectory()))
    const bare = tools.map(({ definition, traits }): SourceTool => ({ definition, traits }))
    const own = catalogOf(tools, { read_file: { aliases: ['peruse'] } })
    expect(best('disk usage', own)).toBe('list_directory_with_sizes')
    expect(best('peruse', own)).toBe('read_file')
    const prints = (offered: readonly SourceTool[]) =>
      [...catalogOf(offered).tools.values()].map(({ fingerprint, definition }) => [fingerprint, definition])
    expect(prints(tools)).toEqual(prints(bare))
  })
})
