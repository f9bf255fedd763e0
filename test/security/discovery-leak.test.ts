import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { ToolResult } from '../../src/kernel/tool.ts'
import { testGateway, type FakeConnection, type TestGateway } from '../helpers/test-gateway.ts'
import { sourceTool } from '../helpers/tools.ts'

const AGENTS = 200
const CONNECTIONS = 20
const TOOLS_EACH = 50

const slugs = Array.from({ length: CONNECTIONS }, (_, n) => `service${n}`)
const WORDS = ['invoice', 'ticket', 'calendar', 'mailbox', 'server', 'customer', 'report', 'payment', 'page', 'issue']
const VERBS = ['list', 'get', 'create', 'delete', 'search']
const toolsOf = (slug: string) =>
  VERBS.flatMap((verb) =>
    WORDS.map((word) =>
      sourceTool(`${verb}_${word}`, {}, { description: `${verb} the ${word} of ${slug}, word${slug} ${verb}${word}.` }),
    ),
  )

const everything: Readonly<Record<string, FakeConnection>> = Object.fromEntries(
  slugs.map((slug) => [slug, { tools: toolsOf(slug) }]),
)
const agents = Array.from({ length: AGENTS }, (_, n) => ({
  id: `agent${n}`,
  toolMode: 'both' as const,
  pinned: ['conn:none:*'],
}))

/** Every agent sees some connections, and not all of their tools. */
const rules = [
  { id: 'built-in', effect: 'allow', tools: { connections: ['gatehouse'] } },
  ...agents.map(({ id }, n) => ({
    id: `of-${id}`,
    effect: 'allow',
    subjects: { agents: [id] },
    tools: {
      connections: [slugs[n % CONNECTIONS], slugs[(n * 7 + 3) % CONNECTIONS]],
      names: [`${VERBS[n % 5]}_*`, `*_${WORDS[n % 10]}`],
    },
  })),
]

const house = (connections = everything): TestGateway =>
  testGateway({ builtIn: true, connections, agents, policy: { rules } })

const bytesOf = async (work: Promise<ToolResult>): Promise<string> => {
  try {
    return JSON.stringify(await work)
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error
    return JSON.stringify([error.code, error.message, error.data])
  }
}

const SEARCH = 'conn:gatehouse:search_tools'
const DESCRIBE = 'conn:gatehouse:describe_tools'
const CALL = 'conn:gatehouse:call_tool'

function visibleTo(gateway: TestGateway, agent: string): ReadonlySet<string> {
  const { policy } = gateway.deps.snapshot()
  const principal = { id: agent, organisation: 'acme', agent, groups: [], claims: {}, credential: 'key' as const }
  return new Set(policy.find(principal).tools.map(({ id }) => id))
}

/** Asks of hidden ids, some at a time, and of as many made-up ones; how many were asked of. */
async function compare(
  hidden: readonly string[],
  step: number,
  ask: (ids: readonly string[]) => Promise<string>,
): Promise<number> {
  const known = new Map<number, string>()
  for (let at = 0; at < hidden.length; at += step) {
    const some = hidden.slice(at, at + step)
    const unknown = some.map((_, n) => `conn:nothing:number_${n}`)
    const answer = known.get(some.length) ?? (await ask(unknown))
    known.set(some.length, answer)
    const alike = some.reduce((text, id, n) => text.replace(unknown[n] ?? '', id), answer)
    const told = await ask(some)
    if (told !== alike) expect.unreachable(`one can tell ${some.join(' or ')}: ${told}`)
  }
  return hidden.length
}

describe('a hidden tool', () => {
  it(`answers like one that does not exist, byte for byte, for ${AGENTS} agents and ${CONNECTIONS * TOOLS_EACH} ids`, async () => {
    const gateway = house()
    const ids = [...gateway.deps.snapshot().catalog.tools.keys()].filter((id) => !id.startsWith('conn:gatehouse:'))
    expect(ids).toHaveLength(CONNECTIONS * TOOLS_EACH)
    let asked = 0
    for (const { id: agent } of agents) {
      const seen = visibleTo(gateway, agent)
      const hidden = ids.filter((id) => !seen.has(id))
      asked += await compare(hidden, 1, ([id = '']) => bytesOf(gateway.call(agent, id)))
      asked += await compare(hidden, 5, (tools) => bytesOf(gateway.call(agent, DESCRIBE, { tools })))
      gateway.events.length = 0
    }
    expect(gateway.sent).toEqual([])
    expect(asked).toBeGreaterThan(AGENTS * ids.length * 1.8)
  }, 60_000)

  it('answers alike through call_tool too', async () => {
    const gateway = house()
    const ids = [...gateway.deps.snapshot().catalog.tools.keys()].filter((id) => !id.startsWith('conn:gatehouse:'))
    for (const [n, { id: agent }] of agents.entries()) {
      const seen = visibleTo(gateway, agent)
      const unknown = 'conn:nothing:at_all'
      const expected = await bytesOf(gateway.call(agent, CALL, { tool: unknown }))
      for (const id of ids.filter((one, at) => at % 20 === n % 20 && !seen.has(one))) {
        expect(await bytesOf(gateway.call(agent, CALL, { tool: id }))).toBe(expected.replace(unknown, id))
      }
    }
    expect(gateway.sent).toEqual([])
  })

  it('changes no search, count, hint, list or status: they are those of a catalog without it', async () => {
    const whole = house()
    for (const { id: agent } of agents.filter((_, n) => n % 8 === 0)) {
      const seen = visibleTo(whole, agent)
      const without = house(
        Object.fromEntries(
          slugs.map((slug) => [
            slug,
            { tools: toolsOf(slug).filter(({ definition }) => seen.has(`conn:${slug}:${definition.name}`)) },
          ]),
        ),
      )
      const asked: readonly (readonly [string, object])[] = [
        ...[
          'create an invoice',
          'wordservice3 report',
          'delete calendar',
          'zebra',
          'conn:service1:get_page',
          'payment',
        ].map((query) => [SEARCH, { query, limit: 20 }] as const),
        ...slugs.slice(0, 6).map((connection) => [SEARCH, { connection, limit: 20 }] as const),
        ...slugs.slice(0, 3).map((connection) => [SEARCH, { connection, query: 'ticket' }] as const),
        [SEARCH, {}],
        ['conn:gatehouse:status', {}],
        [DESCRIBE, { tools: ['get_page', 'service1.get_page', 'search_ticket'] }],
        [CALL, { tool: 'get_page' }],
      ]
      for (const [tool, input] of asked) {
        const told = await bytesOf(whole.call(agent, tool, input))
        expect(told, `${agent} ${tool} ${JSON.stringify(input)}`).toBe(await bytesOf(without.call(agent, tool, input)))
      }
      expect(whole.list(agent).bytes.toString()).toBe(without.list(agent).bytes.toString())
    }
  })
})
