import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { isJsonObject } from '../../src/kernel/json.ts'
import { type Installation, PATIENCE, type RunningCommand, installation, isAlive } from '../helpers/cli.ts'
import { httpDownstream } from '../helpers/http-downstream.ts'
import { callOver, type McpCaller, mcpCaller } from '../helpers/mcp-caller.ts'

const WORKERS = 2
const LOCAL_SERVER = join(import.meta.dirname, '../fakes/downstream/legacy-server.mjs')

interface Status {
  readonly workers: readonly { readonly id: number; readonly pid: number; readonly calls: number }[]
  readonly connections: readonly { readonly state: string }[]
}

interface Place extends Installation {
  readonly gateway: RunningCommand
  readonly mcp: string
  readonly key: string
  readonly downstream: { readonly calls: () => number }
}

/** Asks the API as the command line does, without the time that a command takes to start. */
const admin = (place: Place, method: string, path: string, body?: object): Promise<Response> =>
  asOwner(place, method, `/api${path}`, body)

async function asOwner(place: Place, method: string, path: string, body?: object): Promise<Response> {
  const lock: unknown = JSON.parse(await readFile(join(place.directory, '.gatehouse/store.lock'), 'utf8'))
  const token = isJsonObject(lock) && typeof lock['token'] === 'string' ? lock['token'] : ''
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' }
  return fetch(new URL(path, place.mcp), {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  })
}

const statusOf = async (place: Place): Promise<Status> => {
  const answer = await admin(place, 'GET', '/status')
  return answer.ok ? ((await answer.json()) as Status) : { workers: [], connections: [] }
}

/** A gateway with workers in front of one server over HTTP and one that is started. */
async function served(rules: readonly object[] = [{ id: 'all', effect: 'allow' }]): Promise<Place> {
  const downstream = await httpDownstream()
  const place = await installation()
  await place.configure({
    connections: {
      fast: { mcp: { url: downstream.url, allowPrivateNetwork: true }, tools: { echo: { effect: 'read' } } },
      ...localServer,
    },
    policy: { rules },
  })
  const key = (await place.run('agent', 'add', 'ci')).out.trim()
  const gateway = place.start('serve', '--json', '--workers', String(WORKERS))
  await expect.poll(gateway.out, PATIENCE).toContain('"mcp"')
  const { mcp } = JSON.parse(gateway.out()) as { mcp: string }
  const made = { ...place, gateway, mcp, key, downstream }
  const isUp = async (): Promise<boolean> => {
    const { workers, connections } = await statusOf(made)
    return workers.length === WORKERS && connections.every(({ state }) => state === 'active')
  }
  await expect.poll(isUp, PATIENCE).toBe(true)
  return made
}

const localServer = {
  local: {
    mcp: { command: process.execPath, args: [LOCAL_SERVER, 'fine'] },
    tools: { echo: { effect: 'read' } },
  },
}

/** Calls until workers have answered by themselves; each of them connects when it is first asked. */
async function warm(place: Place, caller: McpCaller): Promise<void> {
  const answered = async (): Promise<boolean> => {
    await Promise.all(Array.from({ length: 20 }, () => caller.call('conn:fast:echo', { text: 'warm' })))
    return (await statusOf(place)).workers.every(({ calls }) => calls > 5)
  }
  await expect.poll(answered, PATIENCE).toBe(true)
}

const ownerOf = (place: Place, workers: Status['workers']): number => {
  const children = execFileSync('ps', ['--ppid', String(place.gateway.pid), '-o', 'pid=']).toString()
  const pids = children.trim().split(/\s+/).map(Number)
  return pids.find((pid) => !workers.some((worker) => worker.pid === pid)) ?? 0
}

describe('gatehouse serve --workers', { timeout: 60_000 }, () => {
  it('answers callers of both eras from workers, started servers and the API through them, and says so in status', async () => {
    const place = await served()
    for (const era of ['modern', 'legacy'] as const) {
      const caller = await mcpCaller({ ...place, era })
      await warm(place, caller)
      expect(await caller.call('conn:fast:echo', { text: era })).toMatchObject({ result: { content: [{ text: era }] } })
      expect(JSON.stringify(await caller.call('conn:local:echo', { message: era }))).toContain(era)
      expect(JSON.stringify(await caller.list())).toContain('conn__local__echo')
    }
    const told = (await place.run('status')).out
    expect(told).toMatch(/worker 1 .*\d+ calls/)
    expect(told).toMatch(/worker 2 .*\d+ calls/)
  })

  it('counts a rate limit once for all workers', async () => {
    const limit = { rateLimit: { limit: 10, window: '1h', per: ['agent'] } }
    const place = await served([
      { id: 'all', effect: 'allow' },
      { id: 'ten', effect: 'require', tools: { connections: ['fast'] }, obligations: limit },
    ])
    const caller = await mcpCaller({ ...place, era: 'modern' })
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => callOver(place, 'conn:fast:echo', { text: 'x' })),
    )
    const refused = answers.filter((answer) => JSON.stringify(answer).includes('rate_limit_exceeded'))
    expect(refused).toHaveLength(30)
    expect(JSON.stringify(await caller.call('conn:fast:echo', { text: 'x' }))).toContain('rate_limit_exceeded')
  })

  it('writes every call of every worker into one audit log that verifies', async () => {
    const place = await served()
    const caller = await mcpCaller({ ...place, era: 'modern' })
    await warm(place, caller)
    const before = place.downstream.calls()
    await Promise.all(Array.from({ length: 50 }, () => caller.call('conn:fast:echo', { text: 'x' })))
    expect(place.downstream.calls() - before).toBe(50)
    const verified = await place.run('audit', 'verify')
    expect(verified.code).toBe(0)
    const { out } = await place.run('audit', 'query', '--json', '--limit', '1000')
    expect(out.match(/"conn:fast:echo"/g)?.length).toBe(place.downstream.calls())
  })

  it('sums what all workers have measured in /metrics, and says how many are missing', async () => {
    const place = await served()
    const caller = await mcpCaller({ ...place, era: 'modern' })
    await warm(place, caller)
    expect((await statusOf(place)).workers.every(({ calls }) => calls > 5)).toBe(true)
    await Promise.all(Array.from({ length: 50 }, () => caller.call('conn:fast:echo', { text: 'x' })))
    await caller.call('conn:local:echo', { message: 'x' })
    const scrape = async (): Promise<string> => (await asOwner(place, 'GET', '/metrics')).text()
    const counted = async (connection: string): Promise<number> =>
      Number(
        new RegExp(`^gw_calls_total\\{connection="${connection}",outcome="ok"\\} (\\d+)$`, 'm').exec(
          await scrape(),
        )?.[1],
      )
    await expect.poll(() => counted('fast'), PATIENCE).toBe(place.downstream.calls())
    expect(await counted('local')).toBe(1)
    const text = await scrape()
    for (const name of ['owner', 'worker-1', 'worker-2'])
      expect(text).toContain(`process_resident_memory_bytes{process="${name}"}`)
    expect(text).toContain('gw_workers{state="missing"} 0')
    const [victim] = (await statusOf(place)).workers
    const before = await counted('fast')
    process.kill(victim?.pid ?? 0, 'SIGKILL')
    const isBack = async (): Promise<boolean> => (await scrape()).includes('gw_workers{state="told"} 2')
    await expect.poll(async () => (await statusOf(place)).workers[0]?.pid === victim?.pid, PATIENCE).toBe(false)
    await expect.poll(isBack, PATIENCE).toBe(true)
    // What an ended worker has told counts on: sums never fall.
    expect(await counted('fast')).toBe(before)
  })

  it('shuts a revoked key out of all workers, and freezes and thaws all of them', async () => {
    const place = await served()
    const caller = await mcpCaller({ ...place, era: 'modern' })
    await warm(place, caller)
    const all = (): Promise<readonly string[]> =>
      Promise.all(
        Array.from({ length: 12 }, async () => JSON.stringify(await callOver(place, 'conn:fast:echo', { text: 'x' }))),
      )
    expect((await admin(place, 'POST', '/freezes', { scope: 'all' })).status).toBeLessThan(300)
    expect((await all()).every((text) => text.includes('has stopped all calls'))).toBe(true)
    expect((await admin(place, 'POST', '/freezes/lift', { scope: 'all' })).status).toBeLessThan(300)
    expect((await all()).some((text) => text.includes('has stopped'))).toBe(false)
    expect((await place.run('agent', 'revoke', 'ci')).code).toBe(0)
    expect((await all()).every((text) => text.includes('unauthenticated'))).toBe(true)
  })

  it('tells clients of all workers that lists changed', async () => {
    const place = await served()
    const streams = await Promise.all(
      Array.from({ length: 6 }, async () => (await mcpCaller({ ...place, era: 'legacy' })).listen()),
    )
    await place.run('agent', 'add', 'another')
    for (const heard of streams) await expect.poll(heard, PATIENCE).toContain('list_changed')
  })

  it('starts a killed worker again, and the others do not notice', async () => {
    const place = await served()
    const caller = await mcpCaller({ ...place, era: 'modern' })
    await warm(place, caller)
    const [victim] = (await statusOf(place)).workers
    process.kill(victim?.pid ?? 0, 'SIGKILL')
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, () => callOver(place, 'conn:fast:echo', { text: 'x' })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(15)
    const isBack = async (): Promise<boolean> => {
      const { workers } = await statusOf(place)
      return workers.length === WORKERS && workers.every(({ pid }) => pid !== victim?.pid)
    }
    await expect.poll(isBack, PATIENCE).toBe(true)
    expect(await callOver(place, 'conn:fast:echo', { text: 'on' })).toMatchObject({ result: {} })
  })

  it('answers 503 with words and Retry-After while the owner is away, and goes on with the next one', async () => {
    const place = await served()
    const caller = await mcpCaller({ ...place, era: 'modern' })
    await warm(place, caller)
    const { workers } = await statusOf(place)
    const owner = ownerOf(place, workers)
    const underWay = Array.from({ length: 40 }, () => callOver(place, 'conn:fast:echo', { text: 'x' }))
    process.kill(owner, 'SIGKILL')
    const asked = await fetch(new URL('/api/status', place.mcp))
    expect(asked.status).toBe(503)
    expect(asked.headers.get('retry-after')).toBe('1')
    expect(await asked.json()).toMatchObject({ code: 'overloaded', detail: expect.stringContaining('started again') })
    expect((await fetch(new URL('/livez', place.mcp))).status).toBe(200)
    for (const answer of await Promise.all(underWay))
      expect(JSON.stringify(answer)).toMatch(/"text":"x"|started again|no call is made/)
    const works = async (): Promise<boolean> =>
      JSON.stringify(await callOver(place, 'conn:fast:echo', { text: 'back' })).includes('"text":"back"')
    await expect.poll(works, PATIENCE).toBe(true)
    // The new owner publishes its token once it is served.
    const pidsOf = async (): Promise<readonly number[]> => (await statusOf(place)).workers.map(({ pid }) => pid)
    await expect.poll(pidsOf, PATIENCE).toEqual(workers.map(({ pid }) => pid))
    expect((await place.run('audit', 'verify')).code).toBe(0)
  })

  it('stops all processes on SIGTERM, after what they run, and leaves no lock', async () => {
    const place = await served()
    const { workers } = await statusOf(place)
    const pids = [...workers.map(({ pid }) => pid), ownerOf(place, workers)]
    place.gateway.kill('SIGTERM')
    expect(await place.gateway.ended).toMatchObject({ code: 0 })
    expect(pids.map(isAlive)).toEqual(pids.map(() => false))
    expect((await place.run('status')).err).toContain('No gateway runs')
  })

  it('says that a port is in use, and that a number of workers is wrong', async () => {
    const { run } = await installation()
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const taken = await run('serve', '--workers', '2', '--port', String(port))
    expect(taken.code).toBe(1)
    expect(taken.err).toMatch(new RegExp(`^error: .*${port}`, 'm'))
    for (const count of ['0', '65', 'two']) expect((await run('serve', '--workers', count)).code).toBe(2)
  })
})
