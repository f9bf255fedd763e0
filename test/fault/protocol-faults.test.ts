import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/kernel/json.ts'
import { wholeServer, type Whole } from '../fakes/downstream/whole.ts'
import { type HttpFake, answering } from '../fakes/downstream/http-servers.ts'
import { type Composed, composed, type DeclaredServer, toDeclared } from '../helpers/composed.ts'
import { type Asked, connect, type Era } from '../interop/era-matrix/clients.ts'
import { initialize } from '../interop/fixture.ts'

const UNRULY = join(import.meta.dirname, '../fakes/downstream/unruly-server.mjs')
const COMES_BACK = { timeout: 10_000 }

const unruly = (manner: string): DeclaredServer => ({ mcp: { command: process.execPath, args: [UNRULY, manner] } })

interface World {
  readonly gateway: Composed
  readonly legacy: Whole
  readonly forgetful: Whole
  readonly modern: Whole
  readonly cut: HttpFake
  readonly clients: Readonly<Record<Era, Asked>>
}

let world: World
beforeAll(async () => {
  const [legacy, forgetful, modern, cut] = await Promise.all([
    wholeServer('http legacy'),
    wholeServer('http legacy'),
    wholeServer('http modern'),
    cutting(),
  ])
  const gateway = await composed({
    agents: { ann: { toolMode: 'full' } },
    connections: {
      good: unruly('forgets-ids'),
      stillborn: unruly('dies-in-initialize'),
      mortal: unruly('swapped'),
      swapped: unruly('swapped'),
      late: unruly('late'),
      nagging_legacy: unruly('nagging'),
      nagging_modern: unruly('nagging'),
      legacy: toDeclared(legacy.transport),
      forgetful: toDeclared(forgetful.transport),
      modern: toDeclared(modern.transport),
      cut: { mcp: { url: cut.url.href, transport: 'http', allowPrivateNetwork: true } },
    },
  })
  const way = { url: gateway.endpoint, headers: gateway.as('ann') }
  const clients = { legacy: await connect('legacy', way), modern: await connect('modern', way) }
  world = { gateway, legacy, forgetful, modern, cut, clients }
}, 60_000)
afterAll(async () => {
  const { gateway, legacy, forgetful, modern, cut, clients } = world
  await Promise.all(Object.values(clients).map((client) => client.close()))
  await gateway.close()
  await Promise.all([legacy, forgetful, modern, cut].map((server) => server.close()))
})

describe.each(['legacy', 'modern'] as const)('at the front door of a %s client', (era) => {
  type Options = Parameters<Asked['request']>[2]
  const call = (connection: string, tool: string, input: JsonObject = {}, options?: Options): Promise<JsonObject> =>
    world.clients[era].request('tools/call', { name: `conn__${connection}__${tool}`, arguments: input }, options)
  const goodAnswers = async (): Promise<void> => expect(textOf(await call('good', 'call'))).toBe('first')

  it('a server that is killed during a call fails what is under way, and comes back', async () => {
    const waiting = call('mortal', 'call', { n: 'one' })
    const dying = await call('mortal', 'die')
    expect(dying).toMatchObject({ isError: true, _meta: { 'dev.gatehouse/code': 'upstream_failed' } })
    expect(textOf(dying)).toContain('exit code 5')
    expect(textOf(await waiting)).toContain('It is not known whether the call was carried out.')
    await goodAnswers()
    await expect.poll(() => call('mortal', 'answers').then(textOf), COMES_BACK).toBe('[]')
  })

  it('a server that breaks off in the middle of its answer is told of at once', async () => {
    const result = await call('cut', 'act')
    expect(result).toMatchObject({ isError: true, _meta: { 'dev.gatehouse/code': 'upstream_failed' } })
    await goodAnswers()
  })

  it('a server that dies while it is greeted has no tools, and status says why', async () => {
    await expect(call('stillborn', 'call')).rejects.toMatchObject({ code: -32602 })
    const status = JSON.stringify(await world.clients[era].request('tools/call', STATUS))
    expect(status).toContain('exit code 4')
    await goodAnswers()
  })

  it('progress that comes after its result reaches nobody', async () => {
    const { progress } = world.clients[era]
    const before = progress.length
    const options = { onprogress: () => undefined }
    expect(textOf(await call('late', 'call', {}, options))).toBe('done')
    expect(textOf(await call('late', 'call', {}, options))).toBe('done')
    expect(progress.slice(before)).toEqual([])
  })

  it('answers out of order reach those who asked, whatever their era', async () => {
    const name = 'conn__swapped__call'
    const ask = (client: Asked, n: string) => client.request('tools/call', { name, arguments: { n } }).then(textOf)
    const { legacy, modern } = world.clients
    const answers = await Promise.all([ask(legacy, '1'), ask(modern, '2'), ask(modern, '3'), ask(legacy, '4')])
    expect(answers).toEqual(['1', '2', '3', '4'])
  })

  it('a server that asks what cannot be served gets an error for each question, and the call goes on', async () => {
    const { questions } = world.clients[era]
    const before = questions.length
    const answers = JSON.parse(textOf(await call(`nagging_${era}`, 'call'))) as readonly JsonObject[]
    expect(answers).toContainEqual({ id: 'nag made/up', error: expect.any(Number) })
    expect(answers).toContainEqual({ id: 'nag sampling/createMessage', error: expect.any(Number) })
    expect(questions).toHaveLength(before)
    await goodAnswers()
  })

  it('a session that the server has lost is opened anew: what only reads is repeated, the rest is told', async () => {
    const spoken = (): Promise<string> => call('forgetful', 'era').then(textOf)
    const uri = 'conn://forgetful/fake%3A%2F%2Fnote'
    expect(await spoken()).toBe('legacy')
    world.forgetful.forget?.()
    expect(await world.clients[era].request('resources/read', { uri })).toMatchObject({ contents: [{ uri }] })
    world.forgetful.forget?.()
    expect(await spoken()).toContain('did not repeat the call; call again')
    expect(await spoken()).toBe('legacy')
    await goodAnswers()
  })
})

describe('a client that goes away during a call', () => {
  it('has cancelled it when it is modern', async () => {
    const { clients, modern } = world
    const gone = new AbortController()
    const params = { name: 'conn__modern__hang', arguments: {} }
    const hanging = clients.modern.request('tools/call', params, { signal: gone.signal }).catch(String)
    await clients.modern.request('tools/call', { ...params, name: 'conn__modern__era' })
    const before = modern.modern?.aborted ?? 0
    gone.abort()
    await hanging
    await expect.poll(() => modern.modern?.aborted).toBe(before + 1)
  })

  it('has not when it is legacy: the call goes on until somebody says so', async () => {
    const { gateway, legacy } = world
    const headers = gateway.as('ann')
    const session = await initialize(gateway, { headers })
    const send = (message: JsonObject, signal?: AbortSignal): Promise<string> =>
      fetch(gateway.endpoint, {
        method: 'POST',
        headers: { ...headers, ...JSON_ONLY, 'mcp-session-id': session },
        body: JSON.stringify({ jsonrpc: '2.0', ...message }),
        ...(signal && { signal }),
      }).then((response) => response.text())
    const gone = new AbortController()
    const hang = { method: 'tools/call', params: { name: 'conn__legacy__hang', arguments: {} } }
    const hanging = send({ id: 7, ...hang }, gone.signal).catch(String)
    const other = { ...hang, params: { ...hang.params, name: 'conn__legacy__era' } }
    expect(await send({ id: 8, ...other })).toContain('legacy')
    gone.abort()
    expect(await hanging).toContain('AbortError')
    expect(await send({ id: 9, ...other })).toContain('legacy')
    const before = legacy.legacy?.aborted ?? 0
    expect(await load(gateway)).toMatchObject({ running: 1 })
    await send({ method: 'notifications/cancelled', params: { requestId: 7 } })
    await expect.poll(() => legacy.legacy?.aborted).toBe(before + 1)
    expect(await load(gateway)).toMatchObject({ running: 0 })
  })
})

const JSON_ONLY = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
const STATUS = { name: 'conn__gatehouse__status', arguments: {} }

async function load({ endpoint, as }: Composed): Promise<unknown> {
  const { authorization = '' } = as('ann')
  const response = await fetch(new URL('/api/status', endpoint), { headers: { authorization } })
  return ((await response.json()) as { readonly load: unknown }).load
}

/** A server whose answers to calls break off. */
const cutting = (): Promise<HttpFake> => answering((request, response) => void cut(request, response))

async function cut(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const text = Buffer.concat((await request.toArray()) as Uint8Array[]).toString()
  const { id, method } = (text === '' ? {} : JSON.parse(text)) as JsonObject
  if (method === 'tools/call') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: {"jsonrpc":')
    setImmediate(() => response.destroy())
  } else if (id === undefined) response.writeHead(request.method === 'POST' ? 202 : 405).end()
  else {
    const result = typeof method === 'string' ? GREETINGS[method] : undefined
    const answer = result ? { result } : { error: { code: -32_601, message: 'Method not found' } }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
  }
}

const GREETINGS: Readonly<Record<string, JsonObject>> = {
  initialize: {
    protocolVersion: '2025-11-25',
    capabilities: { tools: {} },
    serverInfo: { name: 'cutting', version: '1' },
  },
  'tools/list': { tools: [{ name: 'act', inputSchema: { type: 'object' } }] },
}

const textOf = ({ content }: JsonObject): string => (content as readonly { readonly text: string }[])[0]?.text ?? ''
