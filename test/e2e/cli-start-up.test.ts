import { type ChildProcessWithoutNullStreams } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'
import { CONFIG, type Installation, PATIENCE, installation, serving } from '../helpers/cli.ts'
import { mcpCaller } from '../helpers/mcp-caller.ts'

const LIST = { jsonrpc: '2.0', id: 2, method: 'tools/list', params: {} }
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
}

/** An installation whose server was seen once, and from now on starts and never says a word. */
async function known(): Promise<Installation & { readonly key: string }> {
  const place = await installation()
  const script = join(place.directory, 'server.mjs')
  await writeFile(script, `await import(${JSON.stringify(CONFIG.connections.tools.mcp.args[0])})\n`)
  const { tools } = CONFIG.connections
  await place.configure({ connections: { tools: { ...tools, mcp: { ...tools.mcp, args: [script, 'fine'] } } } })
  const key = (await place.run('agent', 'add', 'ci')).out.trim()
  const first = await serving(place)
  first.kill('SIGTERM')
  await first.ended
  // Silent, but not left behind when whoever started it is killed.
  await writeFile(script, "process.stdin.resume().on('end', () => process.exit())\n")
  return { ...place, key }
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo
      server.close(() => resolve(port))
    })
  })

function answerOf(child: ChildProcessWithoutNullStreams, id: number): Promise<string> {
  return new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes(`"id":${id}`)) resolve(line)
    })
  })
}

describe('start-up', { timeout: 60_000 }, () => {
  it('serve lists the last known tools while its server has not said a word', async ({ annotate }) => {
    const place = await known()
    const port = await freePort()
    const startedAt = performance.now()
    place.start('serve', '--port', String(port))
    const mcp = `http://127.0.0.1:${port}/mcp`
    const listed = async (): Promise<string> => {
      const caller = await mcpCaller({ mcp, key: place.key, era: 'modern' })
      return JSON.stringify(await caller.list().catch(() => ({})))
    }
    await expect.poll(listed, { ...PATIENCE, interval: 5 }).toContain('conn__tools__echo')
    const ms = Math.round(performance.now() - startedAt)
    await annotate(`serve: ${ms} ms from the start of the process to the first list`)
    const status = JSON.parse((await place.run('status', '--json')).out) as { connections: { state: string }[] }
    expect(status.connections.map(({ state }) => state)).not.toContain('active')
  })

  it('stdio lists the last known tools while its server has not said a word', async ({ annotate }) => {
    const place = await known()
    const startedAt = performance.now()
    const { child } = place.start('stdio', '--agent', 'sidekick')
    const answer = answerOf(child, LIST.id)
    for (const message of [INITIALIZE, { jsonrpc: '2.0', method: 'notifications/initialized' }, LIST]) {
      child.stdin.write(`${JSON.stringify(message)}\n`)
    }
    expect(await answer).toContain('conn__tools__echo')
    await annotate(
      `stdio: ${Math.round(performance.now() - startedAt)} ms from the start of the process to the first list`,
    )
  })
})
