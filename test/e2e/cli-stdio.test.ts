import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { describe, expect, it, onTestFinished } from 'vitest'
import { INITIALIZE, INITIALIZED, legacy, modern } from '../helpers/attached.ts'
import { BUILT_MAIN } from '../helpers/built.ts'
import { PATIENCE, type RunningCommand, installation, isAlive, serving } from '../helpers/cli.ts'

const ECHO = { name: 'conn__tools__echo', arguments: { message: 'hi' } }

const line = (message: object): string => `${JSON.stringify(message)}\n`

const answers = (command: RunningCommand): readonly Record<string, unknown>[] =>
  command
    .out()
    .split('\n')
    .slice(0, -1)
    .map((text) => JSON.parse(text) as Record<string, unknown>)

describe('gatehouse stdio', () => {
  it('stdio speaks both eras by itself, with nothing but protocol on stdout', async () => {
    const place = await installation()
    for (const messages of [
      [modern(2, 'tools/call', ECHO)],
      [INITIALIZE, INITIALIZED, legacy(2, 'tools/call', ECHO)],
    ]) {
      const agent = place.start('stdio', '--agent', 'sidekick')
      agent.child.stdin.write(messages.map(line).join(''))
      await expect.poll(() => answers(agent).find(({ id }) => id === 2), PATIENCE).toBeDefined()
      agent.child.stdin.end()
      expect((await agent.ended).code).toBe(0)
    }
  })

  it('stdio attaches to the gateway that runs, so that a real client needs to know nothing', async () => {
    const place = await installation()
    const gateway = await serving(place)
    const transport = new StdioClientTransport({
      command: process.execPath,
      args: [BUILT_MAIN, 'stdio', '--agent', 'sidekick'],
      env: { PATH: process.env['PATH'] ?? '', GATEHOUSE_CONFIG: place.configPath },
      stderr: 'pipe',
    })
    const client = new Client({ name: 'test', version: '1' })
    onTestFinished(() => client.close())
    await client.connect(transport)
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('conn__tools__echo')
    expect(tools.map(({ name }) => name)).not.toContain('conn__tools__environment')
    expect(await client.callTool({ name: 'conn__tools__echo', arguments: { message: 'secret' } })).toMatchObject({
      isError: true,
    })
    await client.close()
    expect(isAlive(gateway.pid)).toBe(true)
  })

  it('stdio hands on progress of the gateway that it is attached to', async () => {
    const place = await installation()
    await serving(place)
    const agent = place.start('stdio', '--agent', 'sidekick')
    agent.child.stdin.write(
      line(modern(1, 'tools/call', { name: 'conn__tools__slow', arguments: {} }, { progressToken: 'p' })),
    )
    await expect
      .poll(() => answers(agent).at(-1), PATIENCE)
      .toMatchObject({ id: 1, result: { content: [{ text: 'done' }] } })
    expect(answers(agent).slice(0, -1)).toMatchObject(
      [1, 2, 3].map((progress) => ({ params: { progressToken: 'p', progress } })),
    )
  })

  it('stdio of a second agent attaches to the first', async () => {
    const place = await installation()
    const [first, second] = [place.start('stdio', '--agent', 'sidekick'), place.start('stdio', '--agent', 'sidekick')]
    for (const agent of [first, second]) agent.child.stdin.write(line(modern(1, 'tools/call', ECHO)))
    for (const agent of [first, second]) await expect.poll(() => answers(agent).length, PATIENCE).toBe(1)
    for (const agent of [second, first]) {
      agent.child.stdin.end()
      expect((await agent.ended).code).toBe(0)
    }
  })

  it('stdio refuses an agent that nobody registered', async () => {
    const place = await installation()
    expect(await place.run('stdio', '--agent', 'ghost')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('"ghost"'),
    })
    await serving(place)
    expect(await place.run('stdio', '--agent', 'ghost')).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('"ghost"'),
    })
  })
})
