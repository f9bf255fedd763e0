import { ending } from '../../../src/kernel/ending.ts'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { ToolResult } from '../../../src/kernel/tool.ts'
import { wholeServer, type Whole, type WholeKind } from '../../fakes/downstream/whole.ts'
import { ALL, ANSWERS, caller, mute } from './callers.ts'
import { connect, textOf, type Session } from './mcp-fixture.ts'

const KINDS: readonly WholeKind[] = [
  'stdio legacy',
  'http legacy',
  'sse legacy',
  'stdio modern',
  'http modern',
  'stdio dual',
  'http dual',
]
interface Reached extends Session {
  readonly server: Whole
}

async function reach(kind: WholeKind): Promise<Reached> {
  const server = await wholeServer(kind)
  onTestFinished(() => server.close())
  return { ...(await connect(server.transport)), server }
}

const STATE = 'state of the server, {"as":"it is"}'
const json = (result: ToolResult): unknown => JSON.parse(textOf(result))

describe.each(KINDS)('a %s server', (kind) => {
  it('is usable whole: lists of several pages, reading, prompts, completion, its own errors', async () => {
    const { connected, problems, request } = await reach(kind)
    expect(connected.features).toEqual([
      {
        kind: 'resource',
        name: 'fake://note',
        definition: { uri: 'fake://note', name: 'note', mimeType: 'text/plain', 'x-vendor': { kept: true } },
      },
      { kind: 'resource', name: 'fake://clock', definition: { uri: 'fake://clock', name: 'clock' } },
      { kind: 'template', name: 'fake://item/{id}', definition: { uriTemplate: 'fake://item/{id}', name: 'item' } },
      {
        kind: 'prompt',
        name: 'greet',
        definition: { name: 'greet', arguments: [{ name: 'who', required: true }], 'x-vendor': 1 },
      },
    ])
    expect(problems()).toEqual([])
    expect(connected.instructions).toBe('Be gentle.')
    expect(connected.capabilities).toMatchObject({ prompts: {}, resources: { subscribe: true }, completions: {} })
    expect(await request('resources/read', { uri: 'fake://item/7' })).toMatchObject({
      contents: [{ uri: 'fake://item/7', text: 'text of fake://item/7', 'x-content': true }],
      'x-read': 1,
    })
    expect(await request('prompts/get', { name: 'greet', arguments: { who: 'Ann' } })).toMatchObject({
      messages: [{ content: { text: 'greet Ann', 'x-block': true } }],
      'x-prompt': 1,
    })
    const completed = { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'who', value: 'x' } }
    expect(await request('completion/complete', completed)).toMatchObject({
      completion: { values: ['xa', 'xb'], total: 2 },
    })
    await expect(request('resources/read', { uri: 'fake://none' })).rejects.toMatchObject({
      code: 'upstream_refused',
      data: { code: -32602, data: { uri: 'fake://none' } },
    })
    await expect(request('tasks/list')).rejects.toMatchObject({ code: 'method_not_found' })
  })

  it('tells of changes of what is subscribed to, and of its lists', async () => {
    const { request, call, updates, featureLists } = await reach(kind)
    const heard = (uri: string) => updates.filter((other) => other === uri).length
    await request('resources/subscribe', { uri: 'fake://note' })
    await call('touch')
    await vi.waitFor(() => expect(updates).toEqual(['fake://note']), { timeout: 10_000 })
    await request('resources/subscribe', { uri: 'fake://clock' })
    await request('resources/unsubscribe', { uri: 'fake://note' })
    await vi.waitFor(
      async () => {
        await call('touch')
        expect(heard('fake://clock')).toBeGreaterThan(0)
      },
      { timeout: 10_000 },
    )
    expect(heard('fake://note')).toBe(1)
    await request('resources/unsubscribe', { uri: 'fake://clock' })
    await vi.waitFor(async () => {
      await call('grow')
      expect(featureLists.at(-1)?.map(({ name }) => name)).toContain('more_1')
    }, 5_000)
  })

  it('has progress, logs and cancellation for callers of both eras', async () => {
    const { call } = await reach(kind)
    for (const era of ['legacy', 'modern'] as const) {
      const onProgress = vi.fn()
      const onLog = vi.fn()
      expect(textOf(await call('slow', {}, { ...mute(era), onProgress }))).toBe('done')
      expect(onProgress.mock.calls).toEqual([[{ progress: 1, total: 2 }], [{ progress: 2, total: 2 }]])
      await call('log', {}, { ...mute(era), onLog })
      expect(onLog.mock.calls).toEqual([[{ level: 'debug', data: 'hello' }]])
      const gone = ending()
      const hanging = call('hang', {}, { ...mute(era), ending: gone })
      await call('era', {}, mute(era))
      gone.end('The caller went away.')
      await expect(hanging).rejects.toMatchObject({ code: 'cancelled' })
    }
  })

  it('asks legacy callers for input, samples and roots, and only those that can be asked', async () => {
    const { call } = await reach(kind)
    for (const [tool, method] of [
      ['elicit', 'elicitation/create'],
      ['aside', 'elicitation/create'],
      ['sample', 'sampling/createMessage'],
      ['roots', 'roots/list'],
    ] as const) {
      const ann = caller('legacy')
      const result = JSON.stringify(json(await call(tool, {}, ann)))
      expect(ann.asked.map((request) => request.method)).toEqual([method])
      expect(result).toContain(JSON.stringify(Object.values(ANSWERS[method] ?? {})[0]))
      expect(JSON.stringify(ann.asked)).not.toContain('progressToken')
    }
    const ann = caller('legacy')
    await call('elicit', {}, ann)
    expect(ann.asked[0]?.params).toMatchObject({
      message: 'Who are you?',
      requestedSchema: { properties: { name: { type: 'string', 'x-kept': 1 } } },
    })
    // It is told when a caller cannot be asked, and never left waiting.
    const outcome = await call('elicit', {}, mute('legacy')).then(textOf, (error: unknown) => String(error))
    expect(outcome).toMatch(/does not support elicitation|cannot be asked|[Mm]issing required client cap|not declare/)
    const narrow = caller('legacy', { capabilities: { elicitation: { url: {} } } })
    await call('elicit', {}, narrow).catch(() => undefined)
    expect(narrow.asked).toEqual([])
  })
})

describe.each(['stdio modern', 'http modern', 'stdio dual', 'http dual'] as const)('a %s server', (kind) => {
  it('gets the answers of a modern caller with its own state, byte for byte', async () => {
    const { call, server } = await reach(kind)
    const ann = caller('modern')
    expect(await call('elicit', {}, ann)).toEqual({
      resultType: 'input_required',
      inputRequests: { who: { method: 'elicitation/create', params: expect.anything() } },
      requestState: STATE,
    })
    const resumption = {
      inputResponses: { who: ANSWERS['elicitation/create'] },
      requestState: STATE,
    }
    const second = await call('elicit', {}, { ...ann, resumption })
    expect(json(second)).toEqual({ inputResponses: resumption.inputResponses, isSame: true })
    expect(ann.asked).toEqual([])
    if (server.modern) expect(new Set(server.modern.ids).size).toBe(2)
  })

  it('is told what the caller of a call can do, and nothing that is not carried', async () => {
    const { call } = await reach(kind)
    const ui = { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] } }
    const capabilities = { ...ALL, extensions: { ...ui, 'io.modelcontextprotocol/tasks': {} } }
    const { tasks: _tasks, ...carried } = ALL
    expect(json(await call('capabilities', {}, caller('modern', { capabilities })))).toEqual({
      ...carried,
      extensions: ui,
    })
    expect(json(await call('capabilities', {}, mute('modern')))).toEqual({})
  })
})

describe('a server that speaks both eras', () => {
  it.each(['stdio dual', 'http dual'] as const)(
    'is spoken to in the era of the caller from its first call: %s',
    async (kind) => {
      const { call } = await reach(kind)
      const answers = await Promise.all([call('era', {}, mute('legacy')), call('era', {}, mute('modern'))])
      expect(answers.map(textOf)).toEqual(['legacy', 'modern'])
    },
  )

  it.each(['stdio modern', 'http modern'] as const)('is not taken for one when it speaks one: %s', async (kind) => {
    const { call } = await reach(kind)
    expect(textOf(await call('era', {}, mute('legacy')))).toBe('modern')
  })
})
