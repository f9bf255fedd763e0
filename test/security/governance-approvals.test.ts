import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { JsonObject } from '../../src/kernel/json.ts'
import { type FrontDoor, frontDoor } from '../helpers/front-door.ts'
import { CLIENTS, type Connect, type TestClient } from '../interop/clients.ts'

const WHOLE = join(import.meta.dirname, '../fakes/downstream/legacy-whole.mjs')
const POLICY = {
  groups: { managers: {} },
  rules: [
    { id: 'free', effect: 'allow', tools: { connections: ['gatehouse'] } },
    {
      id: 'ask',
      effect: 'allow',
      tools: { connections: ['whole'], kinds: ['tool', 'resource', 'template', 'prompt'] },
      obligations: { approval: { approvers: ['managers', 'admins'] } },
    },
  ],
}
const ERA = 'conn:whole:era'

let door: FrontDoor
let mona: string
let otto: string
let key: string
/** Every test has an agent of its own. */
let askers = 0
beforeAll(async () => {
  const tools = { era: { effect: 'read' } }
  door = await frontDoor({ whole: { mcp: { command: process.execPath, args: [WHOLE] }, tools } }, POLICY)
  const person = async (id: string, roles: readonly string[]) =>
    String((await door.ask('POST', '/api/people', { body: { id, roles, groups: ['managers'] } })).body['key'])
  mona = await person('mona', ['admin'])
  otto = await person('otto', ['approver'])
  key = await door.agent('bot')
})
afterAll(() => door.close())

type Way = (client: TestClient) => Promise<unknown>
const call = (client: TestClient, name: string, input: JsonObject) =>
  client.request('tools/call', { name, arguments: input })

/** Ways to something that people approve: how it is asked for, and what a changed argument looks like. */
const WAYS: Readonly<Record<string, readonly [Way, Way]>> = {
  'a call': [(client) => call(client, ERA, {}), (client) => call(client, ERA, { more: 1 })],
  call_tool: [
    (client) => call(client, 'conn:gatehouse:call_tool', { tool: ERA, arguments: { n: 1 } }),
    (client) => call(client, 'conn:gatehouse:call_tool', { tool: ERA, arguments: { n: 2 } }),
  ],
  call_read_tool: [
    (client) => call(client, 'conn:gatehouse:call_read_tool', { tool: ERA, arguments: { r: 1 } }),
    (client) => call(client, 'conn:gatehouse:call_read_tool', { tool: ERA, arguments: { r: 2 } }),
  ],
  'a resource': [
    (client) => client.request('resources/read', { uri: 'fake://note' }),
    (client) => client.request('resources/read', { uri: 'fake://clock' }),
  ],
  'a resource of a template': [
    (client) => client.request('resources/read', { uri: 'fake://item/7' }),
    (client) => client.request('resources/read', { uri: 'fake://item/8' }),
  ],
  'a prompt': [
    (client) => client.request('prompts/get', { name: 'conn__whole__greet', arguments: { who: 'ann' } }),
    (client) => client.request('prompts/get', { name: 'conn__whole__greet', arguments: { who: 'eve' } }),
  ],
}

/** What came of asking: a result, or the id of the approval that it waits for. */
async function outcome(work: Promise<unknown>): Promise<{ readonly waits?: string; readonly text: string }> {
  const text = JSON.stringify(await work.catch((error: unknown) => ({ error: String(error), ...(error as object) })))
  const waits = /approval[^A-Za-z0-9_-]{1,8}([A-Za-z0-9_-]{22})\b/.exec(text)?.[1]
  return { ...(waits !== undefined && { waits }), text }
}

const approve = (id: string | undefined, as: string) =>
  door.ask('POST', `/api/approvals/${id}/approve`, { as, body: { reason: 'fine' } })

describe.each(CLIENTS)('%s', (_name, _era, connect: Connect) => {
  it.each(Object.entries(WAYS))('%s is approved once, as it is', async (_way, [ask, other]) => {
    const client = await connect(door.endpoint, await door.agent(`asker-${++askers}`))
    onTestFinished(() => client.close())
    const first = await outcome(ask(client))
    expect(first.waits, first.text).toBeDefined()
    expect((await outcome(ask(client))).waits).toBe(first.waits)
    expect((await approve(first.waits, otto)).status).toBe(200)
    const changed = await outcome(other(client))
    expect(changed.waits, changed.text).not.toBe(first.waits)
    expect(changed.text).not.toContain('"result')
    const both = await Promise.all([outcome(ask(client)), outcome(ask(client))])
    const done = both.filter(({ text }) => /legacy|text of fake|greet ann/.test(text))
    expect(done, JSON.stringify(both)).toHaveLength(1)
    const again = await outcome(ask(client))
    expect(again.waits, again.text).not.toBe(first.waits)
    expect(again.waits).toBeDefined()
  })
})

describe('the API', () => {
  it('/actions/call: an agent’s approval is used once there, too, and by nobody else', async () => {
    const act = (as: string, input: JsonObject) =>
      door.ask('POST', '/api/actions/call', { as, body: { actionIdentifier: ERA, input } })
    const waiting = await act(key, { rest: 1 })
    expect(waiting.status).toBe(403)
    const { waits } = await outcome(Promise.resolve(waiting.body))
    expect((await approve(waits, otto)).status).toBe(200)
    const stranger = await act(await door.agent('stranger'), { rest: 1 })
    expect((await outcome(Promise.resolve(stranger.body))).waits).not.toBe(waits)
    const both = await Promise.all([act(key, { rest: 1 }), act(key, { rest: 1 })])
    expect(both.filter(({ status }) => status === 200)).toHaveLength(1)
    expect((await act(key, { rest: 1 })).status).toBe(403)
  })

  it('/call: an admin who tries a call as an agent needs another pair of eyes', async () => {
    const attempt = (as: string, n: number) =>
      door.ask('POST', '/api/call', { as, body: { agent: 'bot', tool: ERA, arguments: { tried: n } } })
    const asked = await attempt(mona, 1)
    const { waits } = await outcome(Promise.resolve(asked.body))
    expect(waits).toBeDefined()
    const refused = await approve(waits, mona)
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('you asked in its name')])
    expect((await door.ask('POST', `/api/approvals/${waits}/grant`, { as: mona, body: { for: '1h' } })).status).toBe(
      403,
    )
    expect((await door.ask('GET', `/api/approvals/${waits}`, { as: otto })).body).toMatchObject({ actor: 'user:mona' })
    expect((await approve(waits, otto)).status).toBe(200)
    expect((await attempt(mona, 1)).status).toBe(200)
    expect((await attempt(mona, 1)).status).toBe(403)
  })

  it('/call: an admin’s own yes to the agent’s call does not serve the admin, nor does a grant', async () => {
    const client = await CLIENTS[0]?.[2](door.endpoint, key)
    if (!client) throw new Error('there is no client')
    onTestFinished(() => client.close())
    const own = (n: number) => outcome(call(client, ERA, { own: n }))
    const attempt = async (as: string, n: number) =>
      door.ask('POST', '/api/call', { as, body: { agent: 'bot', tool: ERA, arguments: { own: n } } })
    expect((await approve((await own(1)).waits, mona)).status).toBe(200)
    expect((await attempt(mona, 1)).status).toBe(403)
    const { waits } = await own(2)
    const granted = await door.ask('POST', `/api/approvals/${waits}/grant`, { as: mona, body: { for: '1h' } })
    expect(granted.status).toBe(201)
    expect((await own(2)).text).toContain('legacy')
    expect((await own(2)).text).toContain('legacy')
    expect((await attempt(mona, 2)).status).toBe(403)
  })
})
