import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { installation } from '../helpers/cli.ts'

describe('gatehouse, one command at a time', () => {
  it('check names the line of a typo and exits with 1', async () => {
    const { run, configPath } = await installation()
    const good = await run('check')
    expect(good).toMatchObject({ code: 0, out: expect.stringContaining('ok: ') })
    const text = await readFile(configPath, 'utf8')
    await writeFile(configPath, text.replace('"agents"', '"agnets"'))
    const bad = await run('check')
    const typo = text.split('\n').findIndex((part) => part.includes('"agents"')) + 1
    expect(bad.code).toBe(1)
    expect(bad.err).toContain(`${configPath}:${typo}:3`)
    expect(bad.err).toContain('agents')
    expect(bad.out).toBe('')
  })

  it('check names an unknown provider, a missing variable and names that collide', async () => {
    const { run, configure } = await installation()
    const connections = {
      'a-b': { provider: 'nothing', auth: { method: 'token', token: { env: 'GATEHOUSE_TEST_MISSING' } } },
      a_b: { mcp: { command: 'node' } },
    }
    await configure({ connections })
    const { code, err } = await run('check', '--json')
    expect(code).toBe(1)
    expect(err).toContain('GATEHOUSE_TEST_MISSING')
    await configure({ connections: { 'a-b': { mcp: { command: 'node' } }, a_b: connections.a_b } })
    expect((await run('check')).err).toContain('a-b')
    await configure({ connections: { x: { provider: 'nothing' } } })
    expect((await run('check')).err).toContain('nothing')
  })

  it('runs one governed call by itself: allowed, denied, hidden, explained, recorded', async () => {
    const { run } = await installation()
    const allowed = await run('call', 'conn:tools:echo', '{"message":"hi"}', '--agent', 'sidekick')
    expect(allowed).toMatchObject({ code: 0, out: '{"message":"hi"}\n', err: '' })
    const denied = await run('call', 'conn:tools:echo', '{"message":"secret"}', '--agent', 'sidekick', '--json')
    expect(denied.code).toBe(4)
    expect(JSON.parse(denied.out)).toMatchObject({ error: { code: 'denied', data: { rule: 'no-secrets' } } })
    const hidden = await run('call', 'conn:tools:environment', '--agent', 'sidekick')
    expect(hidden).toMatchObject({ code: 4, err: expect.stringContaining('hidden from agent:sidekick') })
    const explained = await run(
      'policy',
      'explain',
      '--agent',
      'sidekick',
      '--tool',
      'conn:tools:echo',
      '--args',
      '{"message":"secret"}',
      '--json',
    )
    expect(JSON.parse(explained.out)).toMatchObject({ decision: 'deny', rule: 'no-secrets', visible: true })
    const audit = await run('audit', 'query', '--agent', 'sidekick', '--type', 'tool.call', '--json')
    const { items } = JSON.parse(audit.out) as { items: { outcome: string }[] }
    expect(items.map(({ outcome }) => outcome).toSorted()).toEqual(['denied', 'ok', 'unknown_tool'])
  })

  it('audit verify finds a flipped byte and says where', async () => {
    const { run, directory } = await installation()
    await run('agent', 'add', 'a')
    await run('agent', 'add', 'b')
    expect((await run('audit', 'verify')).code).toBe(0)
    const folder = join(directory, '.gatehouse', 'audit')
    const [file = ''] = (await readdir(folder)).filter((name) => name.endsWith('.jsonl'))
    const text = await readFile(join(folder, file), 'utf8')
    await writeFile(join(folder, file), text.replace('"agent":"a"', '"agent":"x"'))
    const { code, out } = await run('audit', 'verify')
    expect(code).toBe(1)
    expect(out).toContain(file)
  })
})
