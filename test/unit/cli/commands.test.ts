import { describe, expect, it, onTestFinished } from 'vitest'
import { listen } from '../../../src/http/listen.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import type { ToolId } from '../../../src/kernel/tool.ts'
import { ADMIN_TOKEN, adminWorld } from '../../helpers/admin-world.ts'
import { type TestShellOptions, testShell } from '../../helpers/test-shell.ts'
import { sourceTool } from '../../helpers/tools.ts'

const FILES = {
  files: {
    tools: [
      sourceTool('read_file', { effect: 'read' }, { description: 'Reads a file.' }),
      sourceTool('write_file', { effect: 'write' }),
      sourceTool('get_env', { effect: 'unclassified' }),
    ],
    run: (name: string) => ({
      content: [
        { type: 'text', text: `${name}\u001b[31m` },
        { type: 'image', mimeType: 'image/png', data: '' },
      ],
      ...(name === 'write_file' && { isError: true }),
    }),
  },
}
const POLICY = {
  rules: [
    { id: 'most', effect: 'allow', tools: { effects: ['read', 'write'] } },
    { id: 'no-secrets', effect: 'deny', tools: { names: ['read_file'] }, args: { '/path': { equals: 'secret' } } },
  ],
}
async function composedShell(options: TestShellOptions = {}) {
  const world = await adminWorld({ connections: FILES, policy: POLICY })
  return { world, ...testShell({ world, ...options }) }
}

/** A gateway that runs elsewhere, reached by HTTP. */
async function attachedShell() {
  const world = await adminWorld({ connections: FILES, policy: POLICY })
  const door = await listen(world.app, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => door.close({ graceMs: 0 }))
  const holder = { pid: 42, since: 0, owner: 'gatehouse serve', url: door.url, token: new Secret(ADMIN_TOKEN) }
  return { world, ...testShell({ world, holder: () => holder, fetch }) }
}

describe('a command', () => {
  it('asks the gateway that runs, over HTTP', async () => {
    const { run, composed, out } = await attachedShell()
    expect(await run('agent', 'list')).toBe(0)
    expect(out()).toContain('sidekick')
    expect(composed).toEqual([])
  })

  it('builds the house for itself when none runs, and closes it', async () => {
    const { run, composed, closed, configPath } = await composedShell()
    expect(await run('agent', 'list')).toBe(0)
    expect(composed).toMatchObject([{ mode: 'command', configPath }])
    expect(closed()).toBe(1)
  })

  it('closes the house after a failure too', async () => {
    const { run, closed } = await composedShell()
    expect(await run('agent', 'revoke', 'nobody')).toBe(1)
    expect(closed()).toBe(1)
  })

  it('finds the store beside the configuration, although that is broken now', async () => {
    const looked: string[] = []
    const holder = (directory: string): undefined => void looked.push(directory)
    const { run, configPath } = testShell({ config: '{"store": {"path": "state"}, "agents": {,', holder })
    await run('status')
    expect(looked).toEqual([configPath.replace('gateway.config.json', 'state')])
  })

  it('says who holds the store when that process cannot be asked', async () => {
    const clock = { now: 0 }
    const { shell, run, err } = testShell({ holder: () => ({ pid: 42, since: 0, owner: 'gatehouse call' }) })
    Object.assign(shell, { clock: () => (clock.now += 3_000) })
    expect(await run('agent', 'list')).toBe(1)
    expect(err()).toContain('is held by process 42 (gatehouse call) since 1970-01-01T00:00:00.000Z')
  })
})

describe('agent', () => {
  it('add prints the key on stdout and nothing else there', async () => {
    const { run, out, err } = await composedShell()
    expect(await run('agent', 'add', 'ci', '--groups', 'builders', 'readers')).toBe(0)
    expect(out()).toMatch(/^gh_\w+\n$/)
    expect(err()).toContain('Added the agent "ci"')
    expect(err()).toContain('not shown again')
  })

  it('add gives one JSON document', async () => {
    const { run, json } = await composedShell()
    await run('agent', 'add', 'ci', '--json', '--expires', '90d')
    expect(json()).toMatchObject({ created: true, key: expect.stringMatching(/^gh_/), agent: { id: 'ci' } })
  })

  it('list is a table for people', async () => {
    const { run, out } = await composedShell()
    await run('agent', 'list')
    expect(out()).toBe('AGENT     ORIGIN    GROUPS  NAMES     KEYS\nsidekick  declared          portable\n')
  })

  it('revoke ends an agent, or one key', async () => {
    const { run, out, world } = await composedShell()
    const { id } = await world.deps.keys.issue('sidekick', {})
    expect(await run('agent', 'revoke', '--key', id)).toBe(0)
    expect(await run('agent', 'revoke', 'sidekick')).toBe(0)
    expect(out()).toBe(
      `Revoked the key ${id}.\nRevoked the keys of "sidekick" (0). It is declared in the configuration: remove it there to end its registration.\n`,
    )
  })
})

describe('tools', () => {
  it('list shows what an agent sees', async () => {
    const { run, out, json } = await composedShell()
    await run('tools', 'list', '--agent', 'sidekick')
    expect(out()).toBe(
      'TOOL                   EFFECT  RISK    SUMMARY\nconn:files:read_file   read    low     Reads a file.\nconn:files:write_file  write   medium\n',
    )
    expect(json).toThrow()
  })

  it('list cuts summaries to the terminal and leaves colours out where they are not wanted', async () => {
    const coloured = await composedShell({ columns: 60, color: true })
    await coloured.run('tools', 'list')
    expect(coloured.out()).toContain('\u001b[2m')
    const bare = await composedShell({ columns: 45 })
    await bare.run('tools', 'list')
    expect(
      Math.max(
        ...bare
          .out()
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(60)
  })

  it('diff shows the words that changed, and accept takes them', async () => {
    const { run, out, world } = await composedShell()
    const definition = { name: 'read_file', description: 'Reads one file.', inputSchema: { type: 'object' } }
    world.pins.set('conn:files:read_file', { fingerprint: 'old', definition, acceptedAt: 0 })
    expect(await run('tools', 'diff', 'conn:files:read_file')).toBe(0)
    expect(out()).toBe('conn:files:read_file, accepted 1970-01-01 00:00:00Z\n\ndescription\nReads [-one-]{+a+} file.\n')
    expect(await run('tools', 'accept', 'conn__files__read_file')).toBe(0)
    expect(await run('tools', 'accept', 'conn:files:nothing')).toBe(1)
  })
})

describe('policy explain', () => {
  it('says what is decided and why', async () => {
    const { run, out } = await composedShell()
    expect(
      await run(
        'policy',
        'explain',
        '--agent',
        'sidekick',
        '--tool',
        'conn:files:read_file',
        '--args',
        '{"path":"secret"}',
      ),
    ).toBe(0)
    expect(out()).toMatch(/^deny: sidekick may not call conn:files:read_file: /)
    expect(out()).toMatch(/^no-secrets +deny +yes +match$/m)
    expect(out()).toMatch(/^most +allow +yes +match$/m)
  })

  it('says when the agent does not even see the tool', async () => {
    const { run, out } = await composedShell()
    await run('policy', 'explain', '--agent', 'sidekick', '--tool', 'conn:files:get_env')
    expect(out()).toContain('The agent does not see this tool')
  })
})

describe('call', () => {
  it('prints the result, and nothing in it can steer the terminal', async () => {
    const { run, out } = await composedShell()
    expect(await run('call', 'conn:files:read_file', '{"path":"a"}', '--agent', 'sidekick')).toBe(0)
    expect(out()).toBe('read_file\\u001b[31m\n[image image/png]\n')
  })

  it('exits with 4 when policy denies it, and with 4 when policy hides it', async () => {
    const { run, err, json } = await composedShell()
    expect(await run('call', 'conn:files:read_file', '{"path":"secret"}', '--agent', 'sidekick', '--json')).toBe(4)
    expect(json()).toMatchObject({ error: { code: 'denied', title: 'Denied by policy', data: { rule: 'no-secrets' } } })
    expect(await run('call', 'conn:files:get_env', '--agent', 'sidekick')).toBe(4)
    expect(err()).toContain('is hidden from agent:sidekick')
  })

  it('exits with 1 when the tool failed, is unknown, or the agent is', async () => {
    const { run } = await composedShell()
    expect(await run('call', 'conn:files:write_file', '{}', '--agent', 'sidekick')).toBe(1)
    expect(await run('call', 'conn:files:nothing', '{}', '--agent', 'sidekick')).toBe(1)
    expect(await run('call', 'conn:files:read_file', '{}', '--agent', 'nobody')).toBe(1)
  })

  it('waits for the connections of a house that it builds', async () => {
    const waits: number[] = []
    const { run } = await composedShell({
      house: { settled: (timeoutMs) => Promise.resolve(void waits.push(timeoutMs)) },
    })
    await run('call', 'conn:files:read_file', '{}', '--agent', 'sidekick')
    expect(waits).toEqual([30_000])
  })
})

describe('status', () => {
  it('fails when no gateway runs, and builds none', async () => {
    const { run, err, composed } = await composedShell()
    expect(await run('status')).toBe(1)
    expect(err()).toBe('error: No gateway runs on this store. Start one with `gatehouse serve`.\n')
    expect(composed).toEqual([])
  })

  it('shows the gateway that runs, its connections, and the edit that was not taken', async () => {
    const { run, out, world } = await attachedShell()
    world.config.status = { ...world.config.status, lastError: { at: 0, detail: 'gateway.config.json:3:5 a typo' } }
    expect(await run('status')).toBe(0)
    expect(out()).toContain('Gatehouse 1.2.3, up 1m')
    expect(out()).toContain('was not taken: gateway.config.json:3:5 a typo')
    expect(out()).toMatch(/^files +active +3 /m)
  })
})

describe('audit', () => {
  it('query prints a table, newest first', async () => {
    const { run, out, world } = await composedShell()
    world.append({ type: 'tool.call', agent: 'sidekick', tool: 'conn:files:read_file', outcome: 'ok', rule: 'most' })
    expect(await run('audit', 'query', '--agent', 'sidekick')).toBe(0)
    expect(out()).toMatch(/^1 +2026-11-20 10:00:00Z +tool.call +sidekick +conn:files:read_file +ok +most$/m)
  })

  it('tail follows the gateway that runs until it is told to stop', async () => {
    const { run, out, world, signal } = await attachedShell()
    world.append({ type: 'tool.call', tool: 'first' })
    const ended = run('audit', 'tail', '--json')
    await expect.poll(out).toContain('"first"')
    await expect.poll(out).toContain('audit.tailed')
    world.append({ type: 'tool.call', tool: 'second' })
    await expect.poll(out).toContain('"second"')
    signal('SIGINT')
    expect(await ended).toBe(0)
    const tools = out()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { tool?: string }).tool)
    expect(tools).toEqual(['first', undefined, 'second'])
  })

  it('tail shows what is there and ends when none runs, so that it holds no store', async () => {
    const { run, out, err, world, closed } = await composedShell()
    world.append({ type: 'tool.call', tool: 'first' })
    expect(await run('audit', 'tail')).toBe(0)
    expect(out()).toContain('first')
    expect(err()).toContain('nothing new will come')
    expect(closed()).toBe(1)
  })

  it('verify fails when the chain is broken, and says where', async () => {
    const { run, out, world } = await composedShell()
    expect(await run('audit', 'verify')).toBe(0)
    const broken = {
      ok: false as const,
      records: 7,
      segments: 1,
      notes: [],
      file: 'audit-1.jsonl',
      line: 8,
      seq: 8,
      reason: 'damaged' as const,
      detail: 'changed',
    }
    Object.assign(world.deps.audit, { verify: () => Promise.resolve(broken) })
    expect(await run('audit', 'verify')).toBe(1)
    expect(out()).toContain('not ok: audit-1.jsonl, line 8 (record 8): changed')
  })
})

describe('check', () => {
  it('says what a good configuration holds', async () => {
    const { run, out } = testShell({ config: { organisation: 'acme', agents: { sidekick: {} } } })
    expect(await run('check')).toBe(0)
    expect(out()).toMatch(/^ok: .*gateway\.config\.json: 0 connections, 1 agents, 0 rules, 0 policy tests passed\n$/)
  })

  it('names file, line and column of a typo', async () => {
    const { run, err, configPath, composed } = testShell({ config: '{\n  "organisation": "acme",\n  "agnts": {}\n}' })
    expect(await run('check')).toBe(1)
    expect(err()).toContain(`${configPath}:3:3`)
    expect(err()).toContain('agents')
    expect(composed).toEqual([])
  })

  it('fails when a test of the policy does', async () => {
    const rules = [{ id: 'all', effect: 'allow' }]
    const tests = [{ name: 'nobody may see anything', as: { agent: 'ghost' }, list: { exactly: [] } }]
    const { run, out } = testShell({ config: { organisation: 'acme', policy: { rules, tests } } })
    expect(await run('check')).toBe(1)
    expect(out()).toContain('failed: nobody may see anything: There is no agent "ghost".')
  })
})

describe('vault', () => {
  it('status shows keys by their ids, rotate seals anew, and both speak JSON', async () => {
    const { run, out } = await composedShell()
    expect(await run('vault', 'status')).toBe(0)
    expect(out()).toMatch(/k[0-9a-f]{12} +active +0/)
    expect(await run('vault', 'rotate')).toBe(0)
    expect(out()).toContain('Sealed anew: 0 rows.')
    const json = await composedShell()
    expect(await json.run('vault', 'rotate', '--json')).toBe(0)
    expect(JSON.parse(json.out())).toMatchObject({ rewrapped: 0, keys: [{ state: 'active' }] })
  })

  it('rotate says what to do when the new key must come from elsewhere', async () => {
    const { run, err } = await composedShell()
    expect(await run('vault', 'rotate', '--new-key')).toBe(1)
    expect(err()).toContain('mark the old one decrypt-only')
  })
})

describe('what search has learned', () => {
  it('is listed, and forgotten for one tool or for all', async () => {
    const { world, run, out } = await composedShell()
    const learned = world.aliases
    for (let round = 0; round < 2; round++) {
      await learned.learn('conn:files:read_file' as ToolId, ['peek'])
      await learned.learn('conn:files:write_file' as ToolId, ['jot'])
    }
    expect(await run('tools', 'aliases')).toBe(0)
    expect(out()).toMatch(/conn:files:read_file +peek/)
    expect(await run('tools', 'forget-aliases', 'conn__files__read_file')).toBe(0)
    expect([...learned.stems().keys()]).toEqual(['conn:files:write_file'])
    expect(await run('tools', 'forget-aliases')).toBe(0)
    expect(out()).toContain('what was learned of 1 tool.')
    expect(await run('tools', 'forget-aliases', 'conn:files:nothing')).toBe(1)
  })
})

describe('the emergency stop', () => {
  it('stops an agent, shows what is stopped, and is lifted, each with one line in the audit log', async () => {
    const { world, run, out } = await composedShell()
    expect(await run('freeze', '--agent', 'sidekick', '--reason', 'key leaked')).toBe(0)
    expect(await run('call', 'conn:files:read_file', '{"path":"a"}', '--agent', 'sidekick')).toBe(1)
    expect(await run('freeze', '--list')).toBe(0)
    expect(out()).toMatch(/agent sidekick +2026-.*key leaked/)
    expect(await run('unfreeze', '--agent', 'sidekick')).toBe(0)
    expect(await run('call', 'conn:files:read_file', '{"path":"a"}', '--agent', 'sidekick')).toBe(0)
    const deeds = world.records.filter(({ type }) => type.startsWith('freeze.'))
    expect(deeds.map(({ type, phase, outcome, agent }) => [type, phase, outcome, agent])).toEqual([
      ['freeze.set', 'event', 'ok', 'sidekick'],
      ['freeze.lifted', 'event', 'ok', 'sidekick'],
    ])
  })

  it('says what is missing, what does not exist, and what is not stopped', async () => {
    const { run, err } = await composedShell()
    expect(await run('freeze')).toBe(2)
    expect(await run('freeze', '--all', '--agent', 'sidekick')).toBe(2)
    expect(await run('freeze', '--agent', 'nobody')).toBe(1)
    expect(err()).toContain('There is no agent "nobody", so nothing was stopped.')
    expect(await run('unfreeze', '--all')).toBe(1)
    expect(err()).toContain('The whole gateway is not stopped.')
  })
})
