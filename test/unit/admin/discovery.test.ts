import { describe, expect, it } from 'vitest'
import type { OverriddenTool } from '../../../src/admin/overrides.ts'
import type { SearchReport } from '../../../src/admin/search.ts'
import { adminWorld } from '../../helpers/admin-world.ts'
import { testShell } from '../../helpers/test-shell.ts'
import { sourceTool } from '../../helpers/tools.ts'

const FILES = {
  files: {
    tools: [
      sourceTool('read_file', {}, { description: 'Reads a file.' }),
      sourceTool('write_file', { effect: 'write' }, { description: 'Writes a file.' }),
    ],
  },
}
const POLICY = { rules: [{ id: 'reads', effect: 'allow', tools: { effects: ['read'] } }] }
const world = () => adminWorld({ connections: FILES, policy: POLICY, builtIn: true })
const PATH = '/tools/conn:files:read_file/override'

async function shell() {
  const made = await world()
  return { world: made, ...testShell({ world: made }) }
}

describe('searching as an admin', () => {
  it('gives scores by field, of everything or as an agent sees it', async () => {
    const { ask } = await world()
    const everything = (await ask('POST', '/search', { query: 'write a file' })).body as unknown as SearchReport
    expect(everything.hits.map(({ tool }) => tool)).toEqual(['conn:files:write_file', 'conn:files:read_file'])
    expect(everything.hits[0]).toMatchObject({ nameCoverage: 1, summary: 'Writes a file.', exact: false })
    const [best] = everything.hits
    const sum = Object.values(best?.fields ?? {}).reduce((total, part) => total + part, 0)
    expect(best?.score).toBeGreaterThan(sum)
    const seen = (await ask('POST', '/search', { query: 'write a file', agent: 'sidekick' }))
      .body as unknown as SearchReport
    expect(seen.hits.map(({ tool }) => tool)).toEqual(['conn:files:read_file'])
  })

  it('refuses what is no search, and agents nobody knows', async () => {
    const { ask } = await world()
    expect((await ask('POST', '/search', { query: '' })).status).toBe(400)
    expect((await ask('POST', '/search', { query: 'x', agent: 'nobody' })).status).toBe(404)
  })

  it('is a command', async () => {
    const { run, out } = await shell()
    expect(await run('search', 'write', 'a', 'file', '--agent', 'sidekick', '--explain')).toBe(0)
    expect(out()).toMatch(/conn:files:read_file\s+[0-9.]+\s+name [0-9.]+/)
    expect(out()).toContain('of its name')
    expect(await run('search', 'zebra')).toBe(0)
    expect(out()).toContain('No tool has these words.')
  })
})

describe('what admins say of tools', () => {
  it('is shown at once, recorded, and taken back', async () => {
    const { ask, gateway, records } = await world()
    const before = gateway.deps.snapshot().catalog.find('conn:files:read_file')
    const override = { title: 'Open', effect: 'read', aliases: ['open document'], tags: ['docs'] }
    expect((await ask('PUT', PATH, override)).body).toEqual({ tool: 'conn:files:read_file', override })
    const after = gateway.deps.snapshot().catalog.find('conn:files:read_file')
    expect(after).toMatchObject({ definition: { title: 'Open' }, tags: ['docs'], fingerprint: before?.fingerprint })
    const found = (await ask('POST', '/search', { query: 'open document' })).body as unknown as SearchReport
    expect(found.hits[0]?.tool).toBe('conn:files:read_file')
    expect(records.filter(({ type }) => type === 'tool.overridden')).toMatchObject([
      { phase: 'intent', tool: 'conn:files:read_file', detail: { title: 'Open' } },
      { phase: 'outcome', outcome: 'ok' },
    ])
    expect((await ask('DELETE', PATH)).status).toBe(204)
    expect(gateway.deps.snapshot().catalog.find('conn:files:read_file')?.definition.title).toBeUndefined()
    expect((await ask('DELETE', PATH)).status).toBe(404)
  })

  it('may raise an effect, so that rules for reading no longer speak of the tool', async () => {
    const { ask, gateway } = await world()
    await ask('PUT', PATH, { effect: 'destructive' })
    await expect(gateway.call('sidekick', 'conn:files:read_file')).rejects.toMatchObject({ code: 'tool_not_found' })
  })

  it('must be something that can be said, of a tool that is there and not our own', async () => {
    const { ask } = await world()
    expect((await ask('PUT', PATH, { titel: 'x' })).status).toBe(400)
    expect((await ask('PUT', '/tools/conn:files:nothing/override', {})).status).toBe(404)
    expect((await ask('PUT', '/tools/conn:gatehouse:call_tool/override', { effect: 'write' })).status).toBe(400)
  })

  it('is a command, and what is not named stays', async () => {
    const { run, world: made } = await shell()
    expect(await run('tools', 'set', 'conn:files:read_file', '--title', 'Open', '--alias', 'open document')).toBe(0)
    expect(await run('tools', 'set', 'conn:files:read_file', '--tag', 'docs')).toBe(0)
    const { body } = await made.ask('GET', PATH)
    expect(body as unknown as OverriddenTool).toEqual({
      tool: 'conn:files:read_file',
      override: { title: 'Open', aliases: ['open document'], tags: ['docs'] },
    })
    expect(await run('tools', 'unset', 'conn:files:read_file')).toBe(0)
    expect(await run('tools', 'unset', 'conn:files:read_file')).toBe(1)
  })
})

describe('an agent with settings for its lists', () => {
  it('is registered with them', async () => {
    const { ask, run } = { ...(await world()), ...(await shell()) }
    const draft = { id: 'ci', toolMode: 'search', pinned: ['conn:files:*'], schemas: 'slim' }
    expect((await ask('POST', '/agents', draft)).body).toMatchObject({ agent: draft })
    expect(await run('agent', 'add', 'bot', '--tool-mode', 'search', '--pinned', 'conn:files:*')).toBe(0)
  })
})
