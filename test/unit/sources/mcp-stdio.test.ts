import { ending } from '../../../src/kernel/ending.ts'
import { describe, expect, it, vi } from 'vitest'
import { Secret } from '../../../src/kernel/secret.ts'
import { memoryVerdicts } from '../../../src/sources/verdicts.ts'
import { FAKES, connect, ended, fixture, isRunning, mcpDeps, namesOf, textOf } from './mcp-fixture.ts'

const modern = { kind: 'stdio', command: process.execPath, args: [`${FAKES}/modern-server.mjs`], env: {} } as const

describe('an MCP connection over stdio', () => {
  it('lists definitions untouched, unknown fields included', async () => {
    const { tools, identity } = await connect(fixture('fine'))
    expect(tools[0]?.definition).toEqual({
      name: 'echo',
      description: 'The tool echo.',
      inputSchema: { type: 'object', properties: {} },
      'x-vendor': { kept: true },
      annotations: { readOnlyHint: true, 'x-hint': 1 },
    })
    expect(identity).toBe(`stdio:${process.execPath}#fixture`)
  })

  it('relays arguments and _meta down and the whole result up, without what belongs to the hop', async () => {
    const { call } = await connect(fixture('fine'))
    const meta = {
      traceparent: '00-1',
      progressToken: 'theirs',
      'io.modelcontextprotocol/clientInfo': { name: 'spoof', version: '1' },
    }
    const result = await call('echo', { a: [1, { b: null }] }, { meta })
    expect(result).toEqual({
      content: [{ type: 'text', text: '{"a":[1,{"b":null}]}' }],
      structuredContent: { input: { a: [1, { b: null }] }, meta: { traceparent: '00-1' } },
      'x-result': [1],
      _meta: { 'x-trace': 't' },
    })
  })

  it('passes progress on, and a server may speak although nobody listens', async () => {
    const { call } = await connect(fixture('fine'))
    const onProgress = vi.fn()
    await call('slow', {}, { onProgress })
    expect(onProgress.mock.calls.map(([progress]) => progress)).toEqual([
      { progress: 1, total: 3, message: 'step 1' },
      { progress: 2, total: 3, message: 'step 2' },
      { progress: 3, total: 3, message: 'step 3' },
    ])
    expect(textOf(await call('slow'))).toBe('done')
  })

  it('tells the server when a caller cancels', async () => {
    const { call } = await connect(fixture('fine'))
    const caller = ending()
    const hanging = call('hang', {}, { ending: caller })
    await call('echo')
    caller.end(new Error('a private reason'))
    await expect(hanging).rejects.toMatchObject({ code: 'cancelled' })
    const [cancelled] = JSON.parse(textOf(await call('cancelled')))
    expect(cancelled).toEqual({ requestId: expect.any(Number), reason: 'The request was cancelled.' })
  })

  it('gives up on a call that is silent, and tells the server', async () => {
    const { call } = await connect(fixture('fine'), { timeouts: { idleMs: 50 } })
    await expect(call('hang')).rejects.toMatchObject({ code: 'upstream_timeout' })
    expect(JSON.parse(textOf(await call('cancelled')))).toHaveLength(1)
  })

  it('gives up on a call that takes longer than it may, whatever it reports', async () => {
    const { call } = await connect(fixture('fine'), { timeouts: { totalMs: 50 } })
    await expect(call('hang')).rejects.toThrow('did not finish within 50 ms')
    expect(JSON.parse(textOf(await call('cancelled')))).toHaveLength(1)
  })

  it('keeps a protocol error whole for a faithful relay', async () => {
    const { call } = await connect(fixture('fine'))
    await expect(call('refuse')).rejects.toMatchObject({
      code: 'upstream_refused',
      message: 'The server refused: not today',
      data: { code: -32042, message: 'not today', data: { until: 'friday' } },
    })
  })

  it('calls a result that is no object by its name', async () => {
    const { call } = await connect(fixture('fine'))
    await expect(call('garbage_result')).rejects.toMatchObject({ code: 'upstream_invalid' })
  })

  it('refuses what the server asks of a caller that cannot be asked', async () => {
    const { call } = await connect(fixture('fine'))
    expect(JSON.parse(textOf(await call('ask')))).toEqual({
      error: { code: -32601, message: 'The client of this call does not support elicitation/create.' },
    })
  })

  it('attributes log messages to the only call in flight, and to nobody when there are two', async () => {
    const { call } = await connect(fixture('fine'))
    const onLog = vi.fn()
    await call('log', {}, { onLog })
    expect(onLog.mock.calls).toEqual([[{ level: 'info', data: 'hello', 'x-log': true }]])
    const other = ending()
    const hanging = call('hang', {}, { ending: other, onLog }).catch(() => undefined)
    await call('log', {}, { onLog })
    other.end('The caller went away.')
    await hanging
    expect(onLog).toHaveBeenCalledTimes(1)
  })

  it('lists anew once after a burst of list_changed', async () => {
    const { call, tools, lists } = await connect(fixture('fine'))
    await call('grow')
    await vi.waitFor(() => expect(lists).toHaveLength(1), { timeout: 10_000 })
    expect(lists[0]).toHaveLength(tools.length + 1)
    await call('echo')
    expect(lists).toHaveLength(1)
  })

  it('gives the child a safe part of the environment and what the config names', async () => {
    const deps = mcpDeps({ env: { PATH: '/bin', HOME: '/home', GATEWAY_KEY: 'secret', SHELL: '() { :; }' } })
    const { call } = await connect(fixture('fine', { API: new Secret('s3cr3t'), PLAIN: 'x' }), {}, deps)
    const environment = JSON.parse(textOf(await call('environment')))
    expect(environment).toEqual({
      PATH: '/bin',
      HOME: '/home',
      API: 's3cr3t',
      PLAIN: 'x',
      GATEHOUSE_GROUP: expect.any(String),
    })
  })

  it('leaves out what cannot be offered, and says so', async () => {
    const { tools, problems } = await connect(fixture('odd-tools'))
    expect(tools).toHaveLength(10_000)
    expect(namesOf(tools)).not.toContain('fat')
    expect(problems()).toEqual([
      'tool 14 is not offered: its name is empty, longer than 128 characters or has control characters',
      '"bad name" is not offered: its name is empty, longer than 128 characters or has control characters',
      `"${'n'.repeat(64)}" is not offered: its name is empty, longer than 128 characters or has control characters`,
      '"no_schema" is not offered: it has no inputSchema',
      '"echo" is not offered: its name is taken by an earlier tool',
      'tool 19 is not offered: it has no name',
      '"fat" is not offered: its inputSchema is larger than 262144 bytes',
      '"deep" is not offered: its definition is nested deeper than 32',
      '"proto" is not offered: its definition has a key "__proto__"',
      'only the first 10000 tools are offered: the list is larger than the gateway takes',
    ])
  })

  it('believes annotations only when an admin says so, and raises an effect on a hint alone', async () => {
    const effects = async (trustAnnotations: boolean): Promise<unknown> => {
      const { tools } = await connect(fixture('fine'), { trustAnnotations })
      return Object.fromEntries(tools.slice(0, 3).map(({ definition, traits }) => [definition.name, traits.effect]))
    }
    expect(await effects(false)).toEqual({ echo: 'unclassified', wipe: 'destructive', slow: 'unclassified' })
    expect(await effects(true)).toEqual({ echo: 'read', wipe: 'destructive', slow: 'unclassified' })
  })

  it('speaks the modern era with a server that has only that', async () => {
    const { call, tools, lists, probe } = await connect(modern)
    expect(namesOf(tools)).toEqual(['echo', 'bad_header', 'slow', 'hang', 'ask', 'grow'])
    const onProgress = vi.fn()
    expect(textOf(await call('slow', {}, { onProgress }))).toBe('done')
    expect(onProgress).toHaveBeenCalledTimes(2)
    expect(await call('ask')).toEqual({ resultType: 'input_required', inputRequests: {}, requestState: 'opaque' })
    await probe()
    await call('grow')
    await vi.waitFor(() => expect(namesOf(lists.at(-1) ?? [])).toContain('extra_0'), { timeout: 10_000 })
  })

  it('starts a legacy server once, and one that dies of the probe twice but only the first time', async () => {
    const { mkdtempSync, readFileSync, rmSync } = await import('node:fs')
    const directory = mkdtempSync('/tmp/gatehouse-starts-')
    const deps = mcpDeps({ verdicts: memoryVerdicts() })
    const starts = async (manner: string): Promise<number> => {
      const file = `${directory}/${manner}`
      const { close } = await connect(fixture(manner, {}, file), { connection: manner }, deps)
      await close()
      return readFileSync(file, 'utf8').length
    }
    expect([await starts('fine'), await starts('exit-on-probe'), await starts('exit-on-probe')]).toEqual([1, 2, 3])
    rmSync(directory, { recursive: true })
  })

  it('tolerates a banner on stdout', async () => {
    const { tools } = await connect(fixture('banner'))
    expect(tools.length).toBeGreaterThan(0)
  })

  it('ends the process and what that started, when it closes', async () => {
    const { call, close } = await connect(fixture('fine'), {}, mcpDeps({ graceMs: 100 }))
    const pid = Number(textOf(await call('spawn')))
    expect(isRunning(pid)).toBe(true)
    await close()
    await ended(pid)
  })
})
