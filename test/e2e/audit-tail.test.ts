import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { PATIENCE } from '../helpers/cli.ts'
import { type FrontDoor, frontDoor } from '../helpers/front-door.ts'

let door: FrontDoor
beforeAll(async () => {
  door = await frontDoor({}, { rules: [{ id: 'all', effect: 'allow' }] })
})
afterAll(() => door?.close())

interface Followed {
  readonly heard: () => string
  readonly ended: () => boolean
}

/** A stream of the API that is read as it comes. */
async function follow(as: string, path = '/api/audit/tail?last=1'): Promise<Followed> {
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  const response = await fetch(`${door.origin}${path}`, {
    headers: { authorization: `Bearer ${as}` },
    signal: stop.signal,
  })
  expect(response.status).toBe(200)
  let heard = ''
  let ended = false
  const read = async (): Promise<void> => {
    for await (const chunk of response.body ?? []) heard += Buffer.from(chunk as Uint8Array).toString()
    ended = true
  }
  read().catch(() => undefined) // the test has ended
  await expect.poll(() => heard, PATIENCE).toContain('event: record')
  return { heard: () => heard, ended: () => ended }
}

/** Says anew what a person may do. */
async function change(id: string, settings: object): Promise<void> {
  const { headers, body } = await door.ask('GET', `/api/people/${id}`)
  const { groups, roles, enabled } = body
  const put = await door.ask('PUT', `/api/people/${id}`, {
    body: { groups, roles, enabled, ...settings },
    headers: { 'if-match': headers.get('etag') ?? '' },
  })
  expect(put.status, put.text).toBe(200)
}

/** Something that everybody who follows the log hears of. */
const happen = (): Promise<unknown> => door.agent(`agent-${Math.random().toString(36).slice(2)}`)

const WITHIN_A_SECOND = { timeout: 1_000, interval: 10 }

describe('an export that goes on', () => {
  it('breaks off when the caller may not read it any more', async () => {
    const key = await door.person('max', ['auditor'])
    const agent = await door.agent('loud')
    // More than what is read ahead of the reader.
    const call = (): Promise<unknown> =>
      door.ask('POST', '/api/actions/call', { as: agent, body: { actionIdentifier: 'conn:no:such', input: {} } })
    for (let round = 0; round < 10; round++) await Promise.all(Array.from({ length: 50 }, call))
    const headers = { authorization: `Bearer ${key}` }
    const { body } = await door.house.app.request(`${door.origin}/api/audit/export`, { headers })
    const reader = body?.getReader()
    expect((await reader?.read())?.done).toBe(false)
    const begunAt = Date.now()
    await door.ask('DELETE', '/api/people/max')
    await expect.poll(() => Date.now() - begunAt, PATIENCE).toBeGreaterThan(500)
    const rest = async (): Promise<void> => {
      while ((await reader?.read())?.done === false);
    }
    await expect(rest()).rejects.toMatchObject({ code: 'unauthenticated' })
  })
})

describe('an open stream of the audit log', () => {
  it.each([
    ['their key is revoked', (id: string, key: string) => door.ask('DELETE', `/api/people/${id}/keys/${key}`)],
    ['they are removed', (id: string) => door.ask('DELETE', `/api/people/${id}`)],
    ['they are disabled', (id: string) => change(id, { enabled: false })],
    ['they lose their role', (id: string) => change(id, { roles: [] })],
    ['they may see less', (id: string) => change(id, { roles: ['viewer'] })],
  ])('ends within a second when %s, and says why', async (_, act) => {
    const id = `ann-${Math.random().toString(36).slice(2)}`
    const key = await door.person(id, ['auditor'])
    const stream = await follow(key)
    await act(id, key.split('_')[1] ?? '')
    await expect.poll(stream.ended, WITHIN_A_SECOND).toBe(true)
    expect(stream.heard()).toMatch(/event: problem\ndata: {"code":"(?:unauthenticated|forbidden)","detail":"\w/)
    const before = stream.heard()
    await happen()
    expect(stream.heard()).toBe(before)
  })

  it('goes on for those of whom nothing has changed, whatever happens to others', async () => {
    const [ann, bob] = [await door.person('ann', ['viewer']), await door.person('bob', ['viewer'])]
    const [going, ending] = [await follow(ann), await follow(bob)]
    await change('bob', { roles: [] })
    await change('ann', { title: 'Ann' })
    await expect.poll(ending.ended, PATIENCE).toBe(true)
    await happen()
    await expect.poll(going.heard, PATIENCE).toContain('agent.added')
    expect(going.ended()).toBe(false)
  })
})
