import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/kernel/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../src/kernel/json.ts'
import type { ToolResult } from '../../src/kernel/tool.ts'
import { testGateway, type TestGateway, type TestGatewayOptions } from '../helpers/test-gateway.ts'
import { sourceTool } from '../helpers/tools.ts'

const CONNECTIONS = ['alpha', 'beta', 'gamma'] as const
const EFFECTS = ['read', 'write', 'destructive', 'unclassified'] as const
const NAMES = ['list_notes', 'get_note', 'add_note', 'drop_note', 'Odd Name'] as const
const TOOLSET = 'some'
const AGENT = 'sidekick'

const someOf = <T>(values: readonly T[]) => fc.subarray([...values], { minLength: 1 })

const selector = fc
  .record({ connections: someOf(CONNECTIONS), names: someOf(NAMES), effects: someOf(EFFECTS) }, { requiredKeys: [] })
  .filter((keys) => Object.keys(keys).length > 0)

const tools = fc
  .record({ selector, except: fc.option(selector, { nil: undefined }) })
  .map(({ selector: keys, except }) => ({
    ...keys,
    ...(except && { except }),
  }))

const rule = fc
  .record(
    {
      effect: fc.constantFrom('allow', 'allow', 'deny', 'require'),
      subjects: fc.constantFrom({ agents: [AGENT] }, { agents: ['other'] }, { groups: ['nobody'] }),
      tools,
      args: fc.constantFrom({ '/day': { equals: 'monday' } }, { '/day': { absent: true } }),
    },
    { requiredKeys: ['effect', 'tools'] },
  )
  .filter(({ effect, args }) => effect !== 'require' || args !== undefined)

const world = fc.record({
  rules: fc.array(rule, { maxLength: 6 }),
  effects: fc.array(fc.constantFrom(...EFFECTS), { minLength: 15, maxLength: 15 }),
  toolset: tools,
})

const inputSchema: JsonObject = { type: 'object', properties: { day: { type: 'string' } } }

function toGateway({ rules, effects, toolset }: typeof world extends fc.Arbitrary<infer W> ? W : never): TestGateway {
  const connections = CONNECTIONS.map((connection, at) => [
    connection,
    {
      tools: NAMES.map((name, n) =>
        sourceTool(name, { effect: effects[at * NAMES.length + n] ?? 'read' }, { inputSchema }),
      ),
    },
  ])
  const options: TestGatewayOptions = {
    builtIn: true,
    connections: Object.fromEntries(connections) as NonNullable<TestGatewayOptions['connections']>,
    agents: [{ id: AGENT, toolMode: 'full' }, { id: 'other' }],
    toolsets: { [TOOLSET]: { tools: toolset } },
    policy: {
      groups: { nobody: {} },
      rules: [
        { id: 'built-in', effect: 'allow', tools: { connections: ['gatehouse'] } },
        ...rules.map((one, n) => ({ id: `r${n}`, ...one, tools: { ...one.tools, ...ALL_BUT_OURS(one.tools) } })),
      ],
    },
  }
  return testGateway(options)
}

/** The tools that look are themselves governed; here they stay, so that there is something to look with. */
const ALL_BUT_OURS = (keys: object): object => ('connections' in keys ? {} : { connections: [...CONNECTIONS] })

const textOf = ({ content }: ToolResult): string =>
  content
    .map((block: Json) => (isJsonObject(block) && typeof block['text'] === 'string' ? block['text'] : ''))
    .join('\n')

const isOurs = (id: string): boolean => id.startsWith('conn:gatehouse:')

/** What each way of asking says can be seen, as ids in order. */
function waysOf(gateway: TestGateway, toolset: string | undefined) {
  const ids = [...gateway.deps.snapshot().catalog.tools.keys()].filter((id) => !isOurs(id)).toSorted()
  const ask = (tool: string, input: object) => gateway.call(AGENT, `conn:gatehouse:${tool}`, input, { toolset })
  const those = async (has: (id: string) => Promise<boolean>): Promise<readonly string[]> => {
    const found = await Promise.all(ids.map(has))
    return ids.filter((_, at) => found[at])
  }
  const isKnown = async (work: Promise<ToolResult>): Promise<boolean> => {
    try {
      const { _meta } = await work
      return _meta?.['dev.gatehouse/code'] !== 'tool_not_found'
    } catch (error) {
      return !(error instanceof GatewayError && error.code === 'tool_not_found')
    }
  }
  return {
    list: () =>
      gateway
        .list(AGENT, undefined, toolset)
        .tools.map(({ _meta }) => (_meta as { readonly 'dev.gatehouse/id': string })['dev.gatehouse/id'])
        .filter((id) => !isOurs(id))
        .toSorted(),
    search: () =>
      those(async (id) =>
        textOf(await ask('search_tools', { query: id, detail: 'names', limit: 20 }))
          .split('\n')
          .includes(id),
      ),
    browse: async () => {
      const answers = await Promise.all(CONNECTIONS.map((connection) => ask('search_tools', { connection, limit: 20 })))
      return answers
        .flatMap((answer) => textOf(answer).split('\n'))
        .filter((line) => line.startsWith('conn:'))
        .toSorted()
    },
    describe: () =>
      those(async (id) => textOf(await ask('describe_tools', { tools: [id] })).includes(`"tool":"${id}"`)),
    call: () => those((id) => isKnown(gateway.call(AGENT, id, { day: 'monday' }, { toolset }))),
    callTool: () => those((id) => isKnown(ask('call_tool', { tool: id, arguments: { day: 'monday' } }))),
    callReadTool: () => those((id) => isKnown(ask('call_read_tool', { tool: id, arguments: { day: 'monday' } }))),
  }
}

describe('one decision', () => {
  it('is what every list, search, description and call says, through toolsets too', async () => {
    await fc.assert(
      fc.asyncProperty(world, async (drawn) => {
        const gateway = toGateway(drawn)
        const visible = { all: waysOf(gateway, undefined).list(), some: waysOf(gateway, TOOLSET).list() }
        for (const [toolset, expected] of [
          [undefined, visible.all],
          [TOOLSET, visible.some],
        ] as const) {
          const { list: _list, ...ways } = waysOf(gateway, toolset)
          for (const [way, see] of Object.entries(ways)) expect(await see(), `${way} of ${toolset}`).toEqual(expected)
        }
        expect(visible.all).toEqual(expect.arrayContaining([...visible.some]))
        const called = new Set(gateway.sent.map(({ connection, name }) => `${connection} ${name}`))
        expect(called.size).toBeLessThanOrEqual(visible.all.length)
      }),
      { numRuns: 60 },
    )
  })

  it('lets the same calls through, however they are made', async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.constantFrom('monday', 'sunday', undefined), async (drawn, day) => {
        const input = day === undefined ? {} : { day }
        const direct = toGateway(drawn)
        const through = toGateway(drawn)
        for (const id of direct.deps.snapshot().catalog.tools.keys()) {
          if (isOurs(id)) continue
          await direct.call(AGENT, id, input).catch(() => undefined)
          await through.call(AGENT, 'conn:gatehouse:call_tool', { tool: id, arguments: input }).catch(() => undefined)
        }
        expect(through.sent).toEqual(direct.sent)
        const told = ({ events }: TestGateway) =>
          events.map(({ phase, tool, decision, outcome }) => ({ phase, tool, decision, outcome }))
        expect(told(through)).toEqual(told(direct))
      }),
      { numRuns: 60 },
    )
  })
})
