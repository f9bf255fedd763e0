import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { adminWorld } from '../../helpers/admin-world.ts'
import { testShell } from '../../helpers/test-shell.ts'
import { sourceTool } from '../../helpers/tools.ts'

const FILES = {
  files: {
    tools: [
      sourceTool('read_file', { effect: 'read' }, { inputSchema: { type: 'object', properties: { path: {} } } }),
      sourceTool('delete_file', { effect: 'destructive' }),
    ],
  },
}
const POLICY = {
  rules: [{ id: 'reads', effect: 'allow', tools: { effects: ['read'] } }],
  tests: [{ name: 'reads', as: { agent: 'sidekick' }, list: { exactly: ['conn:files:read_file'] } }],
}
const CLEAN = { id: 'clean', effect: 'allow', tools: { names: ['delete_file'] } }
const NO_ETC = { id: 'no-etc', effect: 'deny', tools: { names: ['read_file'] }, args: { '/path': { equals: '/etc' } } }

async function place(color = false) {
  const world = await adminWorld({ connections: FILES, policy: POLICY })
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-policy-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const file = (name: string, content: unknown): string => {
    const path = join(directory, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, undefined, 2))
    return path
  }
  const shell = () => testShell({ world, color })
  const run = async (...argv: string[]) => {
    const { run: start, out, err, json } = shell()
    const code = await start('policy', ...argv)
    return { code, out: out(), err: err(), json }
  }
  return { world, file, run }
}

describe('gatehouse policy', () => {
  it('applies a document, lists its versions and goes back', async () => {
    const { file, run } = await place()
    const path = file('policy.json', { rules: [NO_ETC] })
    const applied = await run('apply', path, '--message', 'Not /etc')
    expect([applied.code, applied.err]).toEqual([0, ''])
    expect(applied.out).toContain('tests: 1 passed, 0 failed')
    expect(applied.out).toContain('Version 1 of the managed policy is in force.')
    expect((await run('apply', path)).out).toContain('Nothing to do: version 1 says the same')
    expect((await run('apply', path, '--base', '7')).err).toContain(
      'Version 1 of the managed policy is in force, not 7',
    )
    expect(JSON.parse((await run('show')).out)).toEqual({ rules: [NO_ETC] })
    expect((await run('rollback', '0')).out).toContain('Version 2 of the managed policy is in force.')
    const versions = (await run('versions')).out.split('\n')
    expect(versions[1]).toMatch(/^2 +yes +.*version 0 again$/)
    expect(versions[2]).toMatch(/^1 +.*Not \/etc$/)
    expect(versions[3]).toMatch(/^0 .*no managed rules$/)
  })

  it('shows a plan and says with its exit code what is in it', async () => {
    const { file, run } = await place()
    const widening = file('widening.json', { rules: [CLEAN] })
    const plan = await run('plan', widening)
    expect(plan.code).toBe(3)
    expect(plan.out).toContain('Compared with version 0 of the managed policy:')
    expect(plan.out).toContain('added rule "clean"\n  +{\n  +  "effect": "allow",')
    expect(plan.out).toContain('widens access at 1 place: 1 tool × 1 agent, 1 destructive')
    expect(plan.out).toMatch(/widens +sidekick +gains +critical +none +allow +conn:files:delete_file/)
    expect(plan.out).toContain('failed: reads: It sees conn:files:delete_file.')
    expect(plan.out).toContain('0 of 0 calls would change')
    expect((await run('plan', widening, '--fail-on', 'nothing')).code).toBe(0)
    const narrowing = file('narrowing.json', { rules: [NO_ETC] })
    const narrow = await run('plan', narrowing)
    expect([narrow.code, narrow.out.includes('Nothing more is allowed than before.')]).toEqual([0, true])
    expect((await run('plan', narrowing, '--fail-on', 'changes')).code).toBe(3)
    expect((await run('plan', file('same.json', { rules: [] }), '--fail-on', 'changes')).code).toBe(0)
  })

  it('colours what is added, taken out and widened', async () => {
    const { file, run } = await place(true)
    const { out } = await run('plan', file('policy.json', { rules: [CLEAN] }))
    expect(out).toContain('\u001b[32m  +{\u001b[0m')
    expect(out).toContain('\u001b[31mwidens access at 1 place')
  })

  it('counts the calls of the past that would come out otherwise', async () => {
    const { world, file, run } = await place()
    for (const path of ['/etc', '/tmp', '/etc']) {
      const call = { type: 'tool.call', phase: 'outcome', agent: 'sidekick', tool: 'conn:files:read_file' } as const
      world.append({ ...call, decision: 'allow', arguments: { path } })
    }
    world.append({
      type: 'tool.call',
      phase: 'outcome',
      agent: 'sidekick',
      tool: 'conn:files:read_file',
      decision: 'allow',
    })
    world.append({ type: 'tool.call', phase: 'outcome', agent: 'sidekick', tool: 'nonsense', outcome: 'unknown_tool' })
    const path = file('policy.json', { rules: [NO_ETC] })
    const { out } = await run('plan', path)
    expect(out).toContain('2 of 4 calls would change; 1 cannot be told from what was recorded')
    expect((await run('plan', path, '--last', '2')).out).toContain('1 of 2 calls would change')
    expect((await run('plan', path, '--no-replay')).out).not.toContain('would change')
  })

  it('takes the policy of a configuration as the declared one, and does not apply it', async () => {
    const { file, run } = await place()
    const config = file('gateway.config.json', { organisation: 'acme', policy: { rules: [] } })
    const plan = await run('plan', config)
    expect(plan.out).toContain('Compared with the declared policy in force:')
    expect(plan.out).toContain('removed rule "reads"')
    const applied = await run('apply', config)
    expect([applied.code, applied.err]).toEqual([2, expect.stringContaining('is a configuration')])
  })

  it('points at lines of a document that is wrong, and at tests that fail', async () => {
    const { file, run } = await place()
    const bad = await run('apply', file('bad.json', '{\n  "rules": [\n    { "id": "a", "effect": "permit" }\n  ]\n}'))
    expect([bad.code, bad.err]).toEqual([1, expect.stringContaining('3:18: /rules/0/effect: must be one of "allow"')])
    const broken = await run('plan', file('broken.json', '{ "rules": [ }'))
    expect(broken.err).toContain('1:14')
    const failing = file('failing.json', { rules: [CLEAN] })
    const failed = await run('apply', failing)
    expect([failed.code, failed.err]).toEqual([1, expect.stringContaining('A test of the policy fails: "reads"')])
    const forced = await run('apply', failing, '--force')
    expect(forced.out).toContain('Version 1 of the managed policy is in force. It was forced although tests fail.')
    expect((await run('test')).code).toBe(1)
    expect((await run('test', file('good.json', { rules: [] }))).out).toBe('tests: 1 passed, 0 failed\n')
    expect((await run('plan', '/no/such/file')).code).toBe(2)
  })

  it('changes single rules, groups and tests', async () => {
    const { file, run } = await place()
    expect((await run('rules', 'set', 'no-etc', JSON.stringify(NO_ETC))).out).toContain('Version 1')
    expect((await run('groups', 'set', 'robots', file('group.json', { agents: ['sidekick'] }))).out).toContain(
      'Version 2',
    )
    const effective = (await run('effective')).out
    expect(effective).toMatch(/^reads +declared +allow +enforce +1/m)
    expect(effective).toMatch(/^no-etc +\w+ +deny +enforce +1/m)
    expect((await run('rules', 'remove', 'no-etc', '--dry-run')).out).toContain('Version 2 still is.')
    expect((await run('rules', 'remove', 'no-etc')).out).toContain('Version 3')
    expect((await run('rules', 'remove', 'reads')).err).toContain('declared in gateway.config.json and read-only')
    expect((await run('rules', 'set', 'x', '[]')).code).toBe(2)
  })

  it('reports shadow rules, the matrix and findings', async () => {
    const { world, file, run } = await place()
    await run('apply', file('policy.json', { rules: [{ ...NO_ETC, mode: 'shadow' }] }))
    const call = { type: 'tool.call', phase: 'outcome', agent: 'sidekick', tool: 'conn:files:read_file' } as const
    world.append({ ...call, decision: 'allow', shadow: ['deny:no-etc'] })
    world.append({ ...call, decision: 'allow' })
    const shadow = (await run('shadow')).out
    expect(shadow).toContain('2 calls since')
    expect(shadow).toMatch(/^no-etc +shadow +1 +1 +0 +0 +sidekick \(1\), conn:files:read_file \(1\)/m)
    const matrix = (await run('matrix')).out
    expect(matrix).toMatch(/^sidekick +allow +read +conn:files:read_file +reads$/m)
    expect(matrix).not.toContain('delete_file')
    expect((await run('matrix', '--all', '--agent', 'sidekick')).out).toMatch(
      /none +destructive +conn:files:delete_file/,
    )
    expect((await run('lint')).out).toContain('tool_unreachable')
  })
})
