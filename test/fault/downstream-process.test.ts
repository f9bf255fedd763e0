import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/kernel/secret.ts'
import { mcpConnector } from '../../src/sources/mcp-connector.ts'
import type { McpTransport } from '../../src/sources/mcp-spec.ts'
import { fileLedger, reapOrphans } from '../../src/sources/process-ledger.ts'
import { temporaryDirectory } from '../helpers/temporary-directory.ts'
import { FAKES, connect, ended, fixture, isRunning, mcpDeps, namesOf, textOf } from '../unit/sources/mcp-fixture.ts'

/** The error of a connection that cannot be made. */
async function refusal(transport: McpTransport, connectMs = 5_000): Promise<unknown> {
  const connector = mcpConnector(
    { connection: 'fake', transport, trustAnnotations: false, timeouts: { connectMs } },
    mcpDeps({ graceMs: 100 }),
  )
  const events = {
    onTools: () => undefined,
    onFeatures: () => undefined,
    onResourceUpdated: () => undefined,
    onLost: () => undefined,
  }
  return connector.connect(events, new AbortController().signal).catch((error: unknown) => error)
}

describe('a downstream process', () => {
  it('that does not exist, may not run or has no folder is named', async () => {
    const env = {}
    expect(await refusal({ kind: 'stdio', command: 'no-such-command', args: [], env })).toMatchObject({
      code: 'connection_unusable',
      message: expect.stringContaining('command not found: no-such-command.'),
    })
    expect(await refusal({ kind: 'stdio', command: import.meta.filename, args: [], env })).toMatchObject({
      message: expect.stringContaining('not allowed to run'),
    })
    expect(await refusal({ kind: 'stdio', command: process.execPath, args: [], env, cwd: '/no/folder' })).toMatchObject(
      {
        message: expect.stringContaining('folder not found: /no/folder'),
      },
    )
    expect(await refusal({ kind: 'stdio', command: process.execPath, args: ['a\0b'], env })).toMatchObject({
      message: expect.stringContaining('cannot start'),
    })
  })

  it('that exits at once is reported with its last words, secrets taken out', async () => {
    expect(await refusal(fixture('exit-at-once', { API_TOKEN: new Secret('s3cr3t') }))).toMatchObject({
      message: "The server's process ended (exit code 1).",
      data: { stderr: 'Error: no such folder, token [secret]' },
    })
  })

  it('that never answers initialize is given up, and ended', async () => {
    const directory = await temporaryDirectory()
    const deps = mcpDeps({ graceMs: 100, ledger: fileLedger(directory) })
    await expect(connect(fixture('silent'), { timeouts: { connectMs: 300 } }, deps)).rejects.toMatchObject({
      code: 'upstream_timeout',
    })
    expect(readdirSync(directory)).toEqual([])
  })

  it('that answers garbage is shown with what came', async () => {
    expect(await refusal(fixture('garbage'))).toMatchObject({
      message: expect.stringContaining('100 lines to stdout that are not MCP messages, the first: "Welcome to line 0"'),
    })
  })

  it('that floods stderr does not block and leaves its last words', async () => {
    const { tools, call, losses } = await connect(fixture('flood'))
    expect(namesOf(tools)).toContain('echo')
    await expect(call('exit')).rejects.toMatchObject({ code: 'upstream_failed' })
    expect(losses[0]?.data['stderr']).toContain('the last words\npanic: out of cheese')
  })

  it('that exits during a call fails that call at once and says that the outcome is not known', async () => {
    const { call, losses } = await connect(fixture('fine'))
    const hanging = call('hang')
    await expect(call('exit')).rejects.toThrow('exit code 3')
    await expect(hanging).rejects.toThrow('It is not known whether the call was carried out.')
    expect(losses).toHaveLength(1)
    await expect(call('echo')).rejects.toMatchObject({ code: 'upstream_failed' })
  })

  it('that is killed with -9 is noticed, and what it had started ends too', async () => {
    const { call, losses } = await connect(fixture('fine'), {}, mcpDeps({ graceMs: 100 }))
    const grandchild = Number(textOf(await call('spawn')))
    const { pid } = JSON.parse(textOf(await call('identity')))
    process.kill(pid, 'SIGKILL')
    await ended(grandchild)
    expect(losses.map(({ message }) => message)).toEqual(["The server's process ended (signal SIGKILL)."])
  })

  it('that ignores the end of its input and SIGTERM is killed', async () => {
    const { call, close } = await connect(fixture('stubborn'), {}, mcpDeps({ graceMs: 100 }))
    const { pid } = JSON.parse(textOf(await call('identity')))
    await close()
    await ended(pid)
  })

  it('gets a line of 10 MB through and ends the connection at more', async () => {
    const { call, losses } = await connect(fixture('fine'))
    expect(textOf(await call('big', { bytes: 9_000_000 }))).toHaveLength(9_000_000)
    await expect(call('big', { bytes: 11_000_000 })).rejects.toThrow('a line of more than 10485760 bytes')
    expect(losses).toHaveLength(1)
  })
})

describe('a gateway that ends', () => {
  const host = async (directory: string): Promise<{ pid: number; stop: (signal: NodeJS.Signals) => Promise<void> }> => {
    const child = spawn(process.execPath, ['--import', 'tsx', join(FAKES, 'host.ts'), directory], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(child.stdout, 'data')
    const [pid] = readdirSync(directory)
    return {
      pid: Number(pid),
      async stop(signal) {
        child.kill(signal)
        await once(child, 'exit')
      },
    }
  }

  it('by SIGTERM leaves no process behind, however stubborn', async () => {
    const directory = await temporaryDirectory()
    const { pid, stop } = await host(directory)
    expect(isRunning(pid)).toBe(true)
    await stop('SIGTERM')
    await ended(pid)
    expect(readdirSync(directory)).toEqual([])
  })

  it('by kill -9 leaves only what the next start ends, and that touches nobody else', async () => {
    const directory = await temporaryDirectory()
    const { pid, stop } = await host(directory)
    await stop('SIGKILL')
    expect(isRunning(pid)).toBe(true)
    fileLedger(directory).add({ pid: process.pid, marker: 'reused process id' })
    expect(reapOrphans(directory)).toBe(1)
    await ended(pid)
    expect(readdirSync(directory)).toEqual([])
  })

  it('has nothing to end where there is no ledger', () => {
    expect(reapOrphans('/no/such/directory')).toBe(0)
  })
})
