import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { temporaryDirectory } from '../../helpers/temporary-directory.ts'
import { bin, connect, freePort, http, mcpDeps, namesOf, textOf } from './mcp-fixture.ts'

const stdio = (name: string, args: readonly string[] = [], env: Record<string, string> = {}) =>
  ({ kind: 'stdio', command: bin(name), args, env }) as const

describe('real servers', () => {
  it('server-everything works over stdio', async () => {
    const { tools, call, probe, close, identity } = await connect(stdio('mcp-server-everything', ['stdio']))
    expect(namesOf(tools)).toEqual(expect.arrayContaining(['echo', 'get-sum', 'trigger-long-running-operation']))
    expect(identity).toContain('#mcp-servers/everything')
    expect(textOf(await call('echo', { message: 'hello' }))).toBe('Echo: hello')
    const structured = await call('get-structured-content', { location: 'New York' })
    expect(structured.structuredContent).toMatchObject({ temperature: expect.any(Number) })
    const onProgress = vi.fn()
    await call('trigger-long-running-operation', { duration: 0.2, steps: 2 }, { onProgress })
    expect(onProgress).toHaveBeenCalledWith(expect.objectContaining({ progress: 2, total: 2 }))
    await expect(call('get-sum', { a: 'x' })).resolves.toMatchObject({ isError: true })
    await probe()
    await close()
  })

  it('server-everything works over Streamable HTTP', async () => {
    const port = await freePort()
    const server = spawn(bin('mcp-server-everything'), ['streamableHttp'], {
      env: { ...process.env, PORT: String(port) },
      stdio: 'ignore',
    })
    onTestFinished(() => void server.kill('SIGKILL'))
    const url = new URL(`http://127.0.0.1:${port}/mcp`)
    await vi.waitFor(() => fetch(url), { timeout: 10_000, interval: 50 })
    const { tools, call, probe } = await connect(http(url))
    expect(namesOf(tools)).toContain('echo')
    expect(textOf(await call('get-sum', { a: 2, b: 3 }))).toContain('5')
    const onProgress = vi.fn()
    await call('trigger-long-running-operation', { duration: 0.2, steps: 2 }, { onProgress })
    expect(onProgress).toHaveBeenCalled()
    await probe()
  })

  it('server-filesystem reads a file, its annotations believed', async () => {
    const directory = await temporaryDirectory()
    await writeFile(join(directory, 'note.txt'), 'hello')
    const { tools, call } = await connect(stdio('mcp-server-filesystem', [directory]), { trustAnnotations: true })
    const traits = Object.fromEntries(tools.map(({ definition, traits }) => [definition.name, traits]))
    expect(traits['read_text_file']).toMatchObject({ effect: 'read', external: false, idempotent: true })
    expect(traits['write_file']).toMatchObject({ effect: 'destructive' })
    expect(textOf(await call('read_text_file', { path: join(directory, 'note.txt') }))).toBe('hello')
  })

  it('server-memory keeps what it is told', async () => {
    const directory = await temporaryDirectory()
    const file = join(directory, 'memory.jsonl')
    const { call, close } = await connect(stdio('mcp-server-memory', [], { MEMORY_FILE_PATH: file }), {}, mcpDeps())
    const entities = [{ name: 'Ann', entityType: 'person', observations: ['likes tea'] }]
    await call('create_entities', { entities })
    expect((await call('read_graph')).structuredContent).toMatchObject({ entities })
    await close()
  })
})
