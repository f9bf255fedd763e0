import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { JsonObject } from '../../src/kernel/json.ts'
import { type FrontDoor, frontDoor } from '../helpers/front-door.ts'
import { CLIENTS, type TestClient } from '../interop/clients.ts'

const WHOLE = join(import.meta.dirname, '../fakes/downstream/legacy-whole.mjs')
const RUN = 'dev.gatehouse/run'
const POLICY = {
  groups: { managers: {} },
  rules: [
    { id: 'all', effect: 'allow', tools: { kinds: ['tool', 'resource', 'prompt'] } },
    { id: 'pages', effect: 'require', tools: { names: ['era'] }, obligations: { label: ['untrusted'] } },
    { id: 'notes', effect: 'require', tools: { kinds: ['resource'] }, obligations: { label: ['untrusted'] } },
    {
      id: 'then-ask',
      effect: 'require',
      tools: { connections: ['whole'], external: true },
      run: { seen: ['untrusted'] },
      obligations: { approval: { approvers: ['managers'] } },
    },
  ],
}
let door: FrontDoor
let agents = 0
beforeAll(async () => {
  const tools = {
    era: { effect: 'read' },
    log: { effect: 'write', external: true },
    hang: { effect: 'read' },
    structured: { effect: 'read' },
  }
  door = await frontDoor({ whole: { mcp: { command: process.execPath, args: [WHOLE] }, tools } }, POLICY)
})
afterAll(() => door.close())

const call = (client: TestClient, name: string, run?: string) =>
  client.request('tools/call', {
    name: `conn:whole:${name}`,
    arguments: {},
    ...(run !== undefined && { _meta: { [RUN]: run } }),
  })
const isWaiting = (result: JsonObject): boolean => JSON.stringify(result).includes('approval_required')

describe.each(CLIENTS)('the runs of an agent, asked by %s', (_name, era, connect) => {
  const open = async (key: string): Promise<TestClient> => {
    const client = await connect(door.endpoint, key)
    onTestFinished(() => client.close())
    return client
  }

  it('by the handle that the client sends: what it has seen makes people look at what it sends, in that run alone', async () => {
    const client = await open(await door.agent(`runner-${++agents}`))
    expect(isWaiting(await call(client, 'log', 'morning'))).toBe(false)
    await call(client, 'era', 'morning')
    expect(isWaiting(await call(client, 'log', 'morning'))).toBe(true)
    expect(isWaiting(await call(client, 'log', 'evening'))).toBe(false)
    await client.request('resources/read', { uri: 'fake://note', _meta: { [RUN]: 'evening' } })
    expect(isWaiting(await call(client, 'log', 'evening'))).toBe(true)
  })

  it('without one: a session of the legacy era, and of the modern era everything that the agent does', async () => {
    const key = await door.agent(`runner-${++agents}`)
    const [one, other] = [await open(key), await open(key)]
    await call(one, 'era')
    expect(isWaiting(await call(one, 'log'))).toBe(true)
    expect(isWaiting(await call(other, 'log'))).toBe(era === 'modern')
  })
})

describe.each(CLIENTS)('the emergency stop, met by %s', (_name, _era, connect) => {
  it('refuses and aborts within a second, lists still answer, and what is not stopped goes on', async () => {
    const id = `stopped-${++agents}`
    const client = await connect(door.endpoint, await door.agent(id))
    const free = await connect(door.endpoint, await door.agent(`free-${agents}`))
    onTestFinished(async () => void (await Promise.all([client.close(), free.close()])))
    const running = call(client, 'hang').then(
      (result) => ({ result: JSON.stringify(result), at: performance.now() }),
      (error: unknown) => ({ result: String(error), at: performance.now() }),
    )
    const reading = call(free, 'hang').catch(String)
    await expect.poll(() => underway(), { timeout: 10_000 }).toBeGreaterThanOrEqual(2)
    const began = performance.now()
    const frozen = await door.ask('POST', '/api/freezes', { body: { scope: 'agent', id, reason: 'key leaked' } })
    expect(frozen.status).toBe(201)
    const { result, at } = await running
    const refusal = JSON.stringify(await call(client, 'structured'))
    const refusedMs = performance.now() - began
    process.stdout.write(
      `stopped after ${Math.round(at - began)} ms, next call refused after ${Math.round(refusedMs)} ms\n`,
    )
    expect([result, refusal].every((words) => words.includes('frozen') && words.includes('key leaked'))).toBe(true)
    expect(Math.max(at - began, refusedMs)).toBeLessThan(1_000)
    expect((await client.request('tools/list'))['tools']).not.toEqual([])
    expect(JSON.stringify(await call(free, 'structured'))).not.toContain('frozen')
    expect((await door.ask('POST', '/api/freezes/lift', { body: { scope: 'agent', id } })).status).toBe(204)
    expect(JSON.stringify(await call(client, 'structured'))).not.toContain('frozen')
    await free.close()
    await reading
    const { body } = await door.ask('GET', '/api/audit?limit=200')
    const events = (body['items'] as readonly JsonObject[]).filter(
      (one) => one['type'] === 'freeze.set' && one['agent'] === id,
    )
    expect(events).toHaveLength(1)
  })
})

/** Calls that run now, as the gateway itself says. */
async function underway(): Promise<number> {
  const { body } = await door.ask('GET', '/api/status')
  return Number(/"running":([0-9]+)/.exec(JSON.stringify(body))?.[1] ?? 0)
}
