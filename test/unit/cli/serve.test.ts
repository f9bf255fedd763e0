import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { adminWorld } from '../../helpers/admin-world.ts'
import { testShell } from '../../helpers/test-shell.ts'

describe('serve', () => {
  it('says where it is and how to connect, tells states as they come, and closes on a signal', async () => {
    const world = await adminWorld()
    let changed = (): void => undefined
    const { run, err, out, signal, closed, composed } = testShell({
      world,
      house: { onChange: (listener) => ((changed = listener), () => undefined) },
    })
    const ended = run('serve', '--port', '0', '--host', '127.0.0.1')
    await expect.poll(err).toContain('Gatehouse is at http://127.0.0.1:8787/mcp.')
    expect(err()).toContain('claude mcp add --transport http gatehouse http://127.0.0.1:8787/mcp')
    await expect.poll(err).toContain('  notes  active  3 tools\n')
    world.gateway.swap({ connections: { notes: { tools: [], up: false } } })
    changed()
    await expect.poll(err).toContain('  notes  degraded  the server exited with code 1\n')
    signal('SIGTERM')
    expect(await ended).toBe(0)
    expect(closed()).toBe(1)
    expect(composed).toMatchObject([{ mode: 'serve', listen: { host: '127.0.0.1', port: 0 } }])
    expect(out()).toBe('')
  })

  it('gives its address as JSON', async () => {
    const { run, json, signal, out } = testShell({ world: await adminWorld() })
    const ended = run('serve', '--json')
    await expect.poll(out).not.toBe('')
    signal('SIGINT')
    await ended
    expect(json()).toEqual({ url: 'http://127.0.0.1:8787', mcp: 'http://127.0.0.1:8787/mcp' })
  })

  it('ends at once on the second signal', async () => {
    const { run, signal, exits, err } = testShell({
      world: await adminWorld(),
      house: { close: () => new Promise(() => undefined) },
    })
    void run('serve')
    await expect.poll(err).toContain('Gatehouse is at')
    signal('SIGINT')
    expect(exits).toEqual([])
    signal('SIGINT')
    expect(exits).toEqual([1])
  })

  it('reads the configuration again on SIGHUP, and goes on whatever comes of it', async () => {
    const reloads: string[] = []
    const { run, signal, err } = testShell({
      world: await adminWorld(),
      house: {
        reload() {
          reloads.push('again')
          return reloads.length === 1 ? Promise.resolve() : Promise.reject(new GatewayError('internal', 'No watch.'))
        },
      },
    })
    const ended = run('serve')
    await expect.poll(err).toContain('Gatehouse is at')
    signal('SIGHUP')
    signal('SIGHUP')
    await expect.poll(err).toContain('error: No watch.')
    signal('SIGTERM')
    expect(await ended).toBe(0)
    expect(reloads).toEqual(['again', 'again'])
  })

  it('closes what it built when the port is in use', async () => {
    const error = new GatewayError(
      'port_in_use',
      'Port 8787 is in use. Stop what listens there, or choose another with --port.',
    )
    const { run, err, closed } = testShell({
      world: await adminWorld(),
      house: { listen: () => Promise.reject(error) },
    })
    expect(await run('serve')).toBe(1)
    expect(err()).toBe(`error: ${error.message}\n`)
    expect(closed()).toBe(1)
  })
})
