import { readFile, readdir } from 'node:fs/promises'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { INITIALIZE } from '../helpers/attached.ts'
import { PATIENCE, installation, isAlive, serving } from '../helpers/cli.ts'

const CROWD = 1_500

describe('gatehouse serve', () => {
  it('agent add shows the key once, and the key opens the gateway until it is revoked', async () => {
    const place = await installation()
    const added = await place.run('agent', 'add', 'ci')
    const key = added.out.trim()
    expect(key).toMatch(/^gh_\w+$/)
    const gateway = await serving(place)
    const { mcp } = JSON.parse(gateway.out()) as { mcp: string }
    const headers = {
      authorization: `Bearer ${key}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    }
    const ask = () =>
      fetch(mcp, { method: 'POST', headers, body: JSON.stringify(INITIALIZE) }).then(({ status }) => status)
    expect(await ask()).toBe(200)
    const list = await place.run('agent', 'list', '--json')
    expect(list.out).toContain('"ci"')
    expect(list.out + gateway.err()).not.toContain(key)
    expect((await place.run('agent', 'revoke', 'ci')).code).toBe(0)
    expect(await ask()).toBe(401)
    const state = join(place.directory, '.gatehouse')
    const files = await readdir(state, { recursive: true, withFileTypes: true })
    for (const file of files.filter((entry) => entry.isFile())) {
      expect(await readFile(join(file.parentPath, file.name), 'utf8')).not.toContain(key)
    }
  })

  it('serve says that the port is in use, by name, and exits with 1', async () => {
    const { run } = await installation()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const { code, err } = await run('serve', '--port', String(port))
    expect(code).toBe(1)
    expect(err).toMatch(new RegExp(`^error: .*${port}`, 'm'))
  })

  it('serve keeps whoever comes while it has no time: more than a thousand connections', async ({ skip }) => {
    const most = Number(await readFile('/proc/sys/net/core/somaxconn', 'utf8').catch(() => 0))
    if (most <= CROWD) skip(`this system keeps no more than ${most} connections for anybody`)
    const gateway = await serving(await installation())
    const { port, hostname: host } = new URL((JSON.parse(gateway.out()) as { mcp: string }).mcp)
    process.kill(gateway.pid, 'SIGSTOP')
    const sockets = Array.from({ length: CROWD }, () => connect(Number(port), host))
    onTestFinished(() => {
      for (const socket of sockets) socket.destroy()
      process.kill(gateway.pid, 'SIGCONT')
    })
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  })

  it('serve refuses a store that another process holds, and says who', async () => {
    const place = await installation()
    const gateway = await serving(place)
    const second = await place.run('serve')
    expect(second.code).toBe(1)
    expect(second.err).toContain(`process ${gateway.pid} (gatehouse serve)`)
    expect((await place.run('status')).code).toBe(0)
  })

  it('serve closes on SIGTERM, and leaves no child and no lock', async () => {
    const place = await installation()
    const gateway = await serving(place)
    const children = (await readdir(join(place.directory, '.gatehouse', 'processes'))).map(Number)
    expect(children.map(isAlive)).toEqual([true])
    gateway.kill('SIGTERM')
    expect(await gateway.ended).toMatchObject({ code: 0 })
    expect(children.map(isAlive)).toEqual([false])
    expect(await place.run('status')).toMatchObject({ code: 1, err: expect.stringContaining('No gateway runs') })
  })

  it('serve keeps the last good configuration after a bad edit, and says so in status', async () => {
    const place = await installation()
    const gateway = await serving(place)
    await place.configure({ polcy: {} })
    gateway.kill('SIGHUP')
    const statusOf = async () =>
      JSON.parse((await place.run('status', '--json')).out) as { config: { lastError?: object } }
    await expect
      .poll(statusOf, PATIENCE)
      .toMatchObject({ config: { lastError: { detail: expect.stringContaining('polcy') } } })
    expect((await place.run('call', 'conn:tools:echo', '{"message":"hi"}', '--agent', 'sidekick')).code).toBe(0)
    await place.configure({ policy: { rules: [] } })
    gateway.kill('SIGHUP')
    await expect.poll(async () => (await statusOf()).config.lastError, PATIENCE).toBeUndefined()
    expect((await place.run('call', 'conn:tools:echo', '--agent', 'sidekick')).code).toBe(4)
  })

  it('ends quietly when nobody reads on', async () => {
    const place = await installation()
    await serving(place)
    const tail = place.start('audit', 'tail')
    await expect.poll(tail.out, PATIENCE).toContain('audit.tailed')
    tail.child.stdout.destroy()
    await place.run('call', 'conn:tools:echo', '--agent', 'sidekick')
    const { code, err } = await tail.ended
    expect(code).toBe(0)
    expect(err).toBe('')
  })
})
