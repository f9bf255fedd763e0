import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { WholeKind } from '../fakes/downstream/whole.ts'
import { type Asked, ANSWER } from './era-matrix/clients.ts'
import { type Door, DOORS, type Doors, ERAS, KINDS, openDoors, slugOf } from './era-matrix/doors.ts'

/** What no gateway can do, and why. Everything else is done in every combination. */
const IMPOSSIBLE = {
  'sse modern': 'HTTP+SSE is the transport of 2024-11-05; a server of 2026-07-28 has no way to speak over it.',
  'sse dual': 'For the same reason a server that speaks both eras is legacy over SSE.',
} as const

/** What the clients do not do, whatever server they speak to. */
const CLIENTS_DROP_PROGRESS: Readonly<Record<Door, string | undefined>> = {
  http: undefined,
  complete: undefined,
  stdio: 'Over a pipe both SDKs lose progress that arrives in one chunk with its answer: the wire is what is checked.',
}

const TRANSPORTS = ['stdio', 'http', 'sse'] as const
const SERVERS = ['legacy', 'modern', 'dual'] as const

const COMBINATIONS = KINDS.flatMap((kind) => DOORS.flatMap((door) => ERAS.map((era) => ({ kind, door, era }))))

let doors: Doors
beforeAll(async () => {
  doors = await openDoors()
}, 60_000)
afterAll(() => doors.close())

it('tries every transport with every server, but for what is impossible', () => {
  const all = TRANSPORTS.flatMap((transport) => SERVERS.map((server) => `${transport} ${server}`))
  expect(new Set([...KINDS, ...Object.keys(IMPOSSIBLE)])).toEqual(new Set(all))
  expect(COMBINATIONS).toHaveLength(42)
})

it('waits for every server at every door', async () => {
  for (const door of DOORS) {
    for (const era of ERAS) {
      const connected = async () => new Set((await listed(doors.client(door, era), 'tools')).map(connectionOf))
      await expect.poll(connected, { timeout: 30_000 }).toEqual(new Set([...KINDS.map(slugOf), 'gatehouse']))
    }
  }
})

describe.each(COMBINATIONS)('a $era client at the $door door and a $kind server', ({ kind, door, era }) => {
  const client = (): Asked => doors.client(door, era)
  const call = (tool: string, options: Parameters<Asked['request']>[2] = {}): Promise<JsonObject> =>
    client().request('tools/call', { name: `conn__${slugOf(kind)}__${tool}`, arguments: {} }, options)

  it('list', async () => {
    const tools = (await listed(client(), 'tools')).filter(isOf(kind))
    expect(tools).toHaveLength(16)
    expect(tools).toContainEqual({
      name: `conn__${slugOf(kind)}__structured`,
      title: `conn:${slugOf(kind)}:structured`,
      inputSchema: { type: 'object', properties: {} },
      outputSchema: { type: 'object', properties: { total: { type: 'number' } } },
      _meta: { 'dev.gatehouse/id': `conn:${slugOf(kind)}:structured` },
    })
  })

  it('call, in the era of the client where the server speaks it', async () => {
    const spoken = kind.endsWith('dual') ? era : kind.split(' ')[1]
    expect(await call('era')).toMatchObject({ content: [{ type: 'text', text: spoken }] })
  })

  it('progress', async () => {
    const { progress } = client()
    const before = progress.length
    const heard: JsonObject[] = []
    const result = await call('slow', { onprogress: (one) => void heard.push(one) })
    expect(result).toMatchObject({ content: [{ text: 'done' }] })
    const expected = [1, 2].map((step) => ({ progress: step, total: 2 }))
    expect(progress.slice(before)).toEqual(expected)
    if (CLIENTS_DROP_PROGRESS[door] === undefined) expect(heard).toEqual(expected)
  })

  it('cancel, which the server hears of', async () => {
    const aborted = async (): Promise<number> => Number(textOf(await call('aborted')))
    const before = await aborted()
    const gone = new AbortController()
    const hanging = call('hang', { signal: gone.signal }).catch((error: unknown) => error)
    await call('era')
    gone.abort()
    expect(await hanging).toBeInstanceOf(Error)
    await expect.poll(aborted).toBe(before + 1)
  })

  it('elicitation', async () => {
    const { questions } = client()
    const before = questions.length
    const result = textOf(await call('elicit'))
    expect(result).toContain(JSON.stringify(ANSWER.content))
    expect(questions.slice(before)).toMatchObject([
      { message: 'Who are you?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } },
    ])
  })

  it('structured content', async () => {
    expect(await call('structured')).toMatchObject({
      content: [{ type: 'text', text: '{"total":2}' }],
      structuredContent: { total: 2, 'x-more': [null, { ü: '😀' }] },
    })
  })

  it('image', async () => {
    expect((await call('image'))['content']).toEqual([
      { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png', annotations: { audience: ['user'] } },
    ])
  })

  it('resource link, which can be followed', async () => {
    const { content } = (await call('link')) as { readonly content: readonly [{ readonly uri: string }] }
    expect(content).toEqual([{ type: 'resource_link', uri: content[0].uri, name: 'note', mimeType: 'text/plain' }])
    const { contents } = await client().request('resources/read', { uri: content[0].uri })
    expect(contents).toEqual([{ uri: content[0].uri, text: 'text of fake://note', 'x-content': true }])
  })

  it('read', async () => {
    const uris = (await listed(client(), 'resources')).map(({ uri }) => uri ?? '')
    const uri = uris.find((one) => one.startsWith(`conn://${slugOf(kind)}/`) && one.endsWith('clock'))
    const result = await client().request('resources/read', { uri: uri ?? '' })
    expect(result).toMatchObject({ contents: [{ uri, text: 'text of fake://clock', 'x-content': true }], 'x-read': 1 })
    await expect(client().request('resources/read', { uri: 'fake://none' })).rejects.toMatchObject({
      message: expect.stringContaining('Resource not found: fake://none'),
    })
  })

  it('prompt', async () => {
    const params = { name: `conn__${slugOf(kind)}__greet`, arguments: { who: 'Ann' } }
    expect(await listed(client(), 'prompts')).toContainEqual(expect.objectContaining({ name: params.name }))
    expect(await client().request('prompts/get', params)).toMatchObject({
      messages: [{ role: 'user', content: { type: 'text', text: 'greet Ann', 'x-block': true } }],
      'x-prompt': 1,
    })
  })

  it('error, of the tool and for no tool', async () => {
    expect(await call('broken')).toMatchObject({
      content: [{ type: 'text', text: 'It is broken. Try the other one.' }],
      isError: true,
    })
    await expect(call('no_such_tool')).rejects.toMatchObject({
      code: -32602,
      message: expect.stringContaining('Unknown tool'),
    })
  })
})

interface Item {
  readonly name: string
  readonly uri?: string
}

/** Every page of a list. */
async function listed(client: Asked, member: 'tools' | 'resources' | 'prompts'): Promise<readonly Item[]> {
  const items: Item[] = []
  let cursor: string | undefined
  do {
    const page = await client.request(`${member}/list`, cursor === undefined ? {} : { cursor })
    items.push(...(page[member] as unknown as readonly Item[]))
    cursor = page['nextCursor'] as string | undefined
  } while (cursor !== undefined)
  return items
}

const connectionOf = ({ name }: Item): string | undefined => name.split('__')[1]

const isOf = (kind: WholeKind) => (tool: Item) => connectionOf(tool) === slugOf(kind)

const textOf = ({ content }: JsonObject): string => String((content as readonly { readonly text: string }[])[0]?.text)
