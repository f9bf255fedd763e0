import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KNOWN_SERVERS } from '../../../src/sources/known-servers.ts'
import { discoverMcp } from '../../../src/sources/mcp-discover.ts'
import { bin, mcpDeps } from './mcp-fixture.ts'

describe('the known servers', () => {
  it('are these, each said once, with secrets nowhere but in fields', () => {
    expect(KNOWN_SERVERS.map(({ id }) => id)).toEqual([
      'filesystem',
      'postgres',
      'mongodb',
      'github',
      'memory',
      'everything',
      'custom',
    ])
    for (const { docs, fields, start } of KNOWN_SERVERS) {
      expect(new URL(docs).protocol).toBe('https:')
      expect(new Set(fields.map(({ key }) => key)).size).toBe(fields.length)
      expect(start?.kind === 'stdio' || fields.every((field) => field.in === 'credential')).toBe(true)
    }
  })

  it.each([
    ['filesystem', 'mcp-server-filesystem', [tmpdir()]],
    ['memory', 'mcp-server-memory', []],
    ['everything', 'mcp-server-everything', ['stdio']],
  ])('classify tools that %s really has', async (id, program, args) => {
    const env = { MEMORY_FILE_PATH: join(tmpdir(), 'gatehouse-no-such-memory.jsonl') }
    const transport = { kind: 'stdio' as const, command: bin(program), args, env }
    const { tools } = await discoverMcp({ transport }, mcpDeps(), new AbortController().signal)
    const names = tools.map(({ name }) => name)
    const effects = KNOWN_SERVERS.find((server) => server.id === id)?.effects ?? {}
    expect(Object.keys(effects).filter((name) => !names.includes(name))).toEqual([])
    if (id !== 'everything') expect(names.filter((name) => !Object.hasOwn(effects, name))).toEqual([])
  })
})
