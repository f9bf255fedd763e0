import { join } from 'node:path'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { legacyClient, modernClient, type Opening } from '../helpers/opening-clients.ts'
import { browser, type FrontDoor, frontDoor } from '../helpers/front-door.ts'

const DOWNSTREAM = join(import.meta.dirname, '../fakes/downstream/legacy-server.mjs')
const CONNECTIONS = {
  tools: { mcp: { command: process.execPath, args: [DOWNSTREAM, 'fine'] }, tools: { echo: { effect: 'write' } } },
}
const RULES = [
  { id: 'free', effect: 'allow', tools: { connections: ['gatehouse'] } },
  {
    id: 'ask-first',
    effect: 'allow',
    description: 'Somebody looks at what is sent.',
    tools: { connections: ['tools'] },
    obligations: { approval: { approvers: ['managers'] } },
  },
]
const POLICY = { groups: { managers: {} }, rules: RULES }
const ECHO = 'conn__tools__echo'

let door: FrontDoor
let mona: string
beforeAll(async () => {
  door = await frontDoor(CONNECTIONS, POLICY)
  mona = await manager(door, 'mona')
})
afterAll(() => door.close())

async function manager({ ask }: FrontDoor, id: string): Promise<string> {
  const { body, text } = await ask('POST', '/api/people', { body: { id, roles: ['approver'], groups: ['managers'] } })
  if (typeof body['key'] !== 'string') throw new Error(text)
  return body['key']
}

/** What a person does with the link: opens it, signs in, reads, and says yes. */
async function approveInBrowser(url: string): Promise<string> {
  const { origin, pathname } = new URL(url)
  expect(origin).toBe(door.origin)
  const person = browser(origin)
  const first = await person.open(pathname)
  expect(first.headers.get('location')).toBe(`/sign-in?next=${encodeURIComponent(pathname)}`)
  const csrf = await person.csrf(first.headers.get('location') ?? '')
  await person.post('/sign-in', { csrf, key: mona, next: pathname })
  const page = await (await person.open(pathname)).text()
  const version = /name="version" value="([0-9]+)"/.exec(page)?.[1] ?? ''
  const token = /name="csrf" value="([^"]+)"/.exec(page)?.[1] ?? ''
  const answer = await person.post(pathname, { csrf: token, version, verdict: 'approve', reason: '' })
  expect(answer.status).toBe(303)
  return page
}

type CallTool = (args: Record<string, unknown>) => Promise<Record<string, unknown>>

const headers = () => door.as('ann')

async function modernHttp(opening: Opening): Promise<CallTool> {
  const client = modernClient(opening)
  onTestFinished(() => client.close())
  await client.connect(new StreamableHTTPClientTransport(door.endpoint, { requestInit: { headers: headers() } }))
  return (args) => client.callTool({ name: ECHO, arguments: args })
}

async function legacyHttp(opening: Opening): Promise<CallTool> {
  const client = legacyClient(opening)
  onTestFinished(() => client.close())
  await client.connect(new LegacyTransport(door.endpoint, { requestInit: { headers: headers() } }))
  return (args) => client.callTool({ name: ECHO, arguments: args })
}

describe.each([
  ['a modern client over HTTP', modernHttp],
  ['a client of SDK 1.x over HTTP', legacyHttp],
] as const)('%s', (name, connect) => {
  it('that opens links gets its result after a person approved on the page', async () => {
    const pages: string[] = []
    const call = await connect({ url: true, open: async (url) => pages.push(await approveInBrowser(url)) })
    expect(await call({ message: `hello from ${name}` })).toMatchObject({
      content: [{ type: 'text', text: JSON.stringify({ message: `hello from ${name}` }) }],
    })
    expect(pages).toHaveLength(1)
    expect(pages[0]).toContain(`hello from ${name}`)
    expect(pages[0]).toContain('Somebody looks at what is sent.')
  })

  it('that opens none is told in words, and retries with the same arguments', async () => {
    const call = await connect({ url: false, open: () => Promise.resolve() })
    const message = `in words from ${name}`
    const waiting = await call({ message })
    expect(waiting).toMatchObject({ isError: true, _meta: { 'dev.gatehouse/code': 'approval_required' } })
    const { approval, url } =
      (waiting as { _meta: Record<string, Record<string, string>> })._meta['dev.gatehouse/data'] ?? {}
    expect(JSON.stringify(waiting['content'])).toContain(String(url))
    expect(await call({ message })).toMatchObject({ isError: true })
    const other = await door.ask('POST', `/api/approvals/${approval}/approve`, { as: mona, body: { reason: 'fine' } })
    expect(other.status).toBe(200)
    expect(await call({ message: 'something else' })).toMatchObject({ isError: true })
    expect(await call({ message })).toMatchObject({ content: [{ text: JSON.stringify({ message }) }] })
    expect(await call({ message })).toMatchObject({ isError: true })
  })
})

describe('the API and the audit log', () => {
  it('tell who asked, looked and decided, without arguments', async () => {
    const call = await legacyHttp({ url: false, open: () => Promise.resolve() })
    await call({ message: 'launch code 4711' })
    const { body } = await door.ask('GET', '/api/approvals?state=pending', { as: mona })
    const [{ id, version }] = body['items'] as [{ id: string; version: number }]
    expect(JSON.stringify(body)).not.toContain('launch code')
    const shown = await door.ask('GET', `/api/approvals/${id}`, { as: mona })
    expect(shown.body).toMatchObject({ arguments: { message: 'launch code 4711' }, mayDecide: ['ask-first'] })
    expect(shown.headers.get('etag')).toBe(`"${version}"`)
    expect((await door.ask('GET', `/api/approvals/${id}`)).body).toMatchObject({ mayDecide: [] })
    const deny = (as: string, etag: string) =>
      door.ask('POST', `/api/approvals/${id}/deny`, { as, body: { reason: 'No.' }, headers: { 'if-match': etag } })
    expect((await deny(door.admin, `"${version}"`)).status).toBe(403)
    expect((await deny(mona, '"99"')).status).toBe(412)
    expect((await deny(mona, `"${version}"`)).body).toMatchObject({ state: 'denied' })
    expect((await deny(mona, '*')).status).toBe(409)
    expect(await call({ message: 'launch code 4711' })).toMatchObject({ _meta: { 'dev.gatehouse/code': 'denied' } })
    const audit = await door.ask('GET', '/api/audit?limit=1000')
    for (const type of ['approval.requested', 'approval.viewed', 'approval.decided', 'approval.consumed']) {
      expect(audit.text).toContain(type)
    }
    expect(audit.text).not.toContain('launch code')
  })

  it('"this for an hour" spares the same call the wait, shows in the list and ends when it is taken back', async () => {
    const call = await modernHttp({ url: false, open: () => Promise.resolve() })
    const waiting = (await call({ message: 'again and again' })) as { _meta: Record<string, { approval: string }> }
    const id = waiting._meta['dev.gatehouse/data']?.approval
    const given = await door.ask('POST', `/api/approvals/${id}/grant`, { as: mona, body: { for: '1h' } })
    expect(given.status).toBe(201)
    for (const _ of [1, 2, 3]) expect(await call({ message: 'again and again' })).toMatchObject({ content: [{}] })
    expect(await call({ message: 'again and again!' })).toMatchObject({ isError: true })
    expect((await door.ask('GET', '/api/approval-grants')).body).toMatchObject({ items: [{ id: given.body['id'] }] })
    const path = `/api/approval-grants/${String(given.body['id'])}`
    expect((await door.ask('DELETE', path, { as: mona })).status).toBe(204)
    await call({ message: 'again and again' })
    expect(await call({ message: 'again and again' })).toMatchObject({ isError: true })
  })
})
