import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isJsonObject, type JsonObject } from '../../src/kernel/json.ts'
import { type Verbatim, verbatimServer } from '../fakes/downstream/verbatim-server.ts'
import { composed } from '../helpers/composed.ts'
import { lists, promptResult, resourceResult, toolResult } from './lossless/arbitraries.ts'
import { type Ask, ERAS, everyPage, rawClient, withoutHop } from './lossless/raw-client.ts'

const SERVERS = ['legacy', 'modern', 'dual'] as const
const ANN = { ann: { toolMode: 'full' } }

/**
 * A gateway, and one whose lean ways are closed, in front of servers of every era that all answer from one content; and raw
 * clients to them all.
 */
async function open(contentOf: (server: (typeof SERVERS)[number]) => Verbatim) {
  const servers = await Promise.all(
    SERVERS.map(async (eras) => ({ eras, fake: await verbatimServer(eras, contentOf(eras)) })),
  )
  const connections = servers.map(({ eras, fake }) => [eras, declared(fake.url)] as const)
  const house = { agents: ANN, connections: Object.fromEntries(connections) }
  const gateways = [await composed(house), await composed(house, false)]
  const through = await Promise.all(
    gateways.flatMap(({ endpoint, as }) => ERAS.map((era) => rawClient(era, endpoint, as('ann')))),
  )
  const direct = await Promise.all(
    servers.map(async ({ eras, fake }) => ({
      server: eras,
      ask: await rawClient(eras === 'modern' ? 'modern' : 'legacy', fake.url),
    })),
  )
  return {
    direct,
    through,
    async close() {
      for (const gateway of gateways) await gateway.close()
      await Promise.all(servers.map(({ fake }) => fake.close()))
    },
  }
}

const declared = (url: URL) => ({ mcp: { url: url.href, transport: 'http', allowPrivateNetwork: true } })

describe('what a server answers reaches every client as it is', () => {
  const results: Record<string, JsonObject> = {}
  let world: Awaited<ReturnType<typeof open>>
  beforeAll(async () => {
    world = await open((server) => ({
      results,
      lists: {
        tools: [{ name: 'say', inputSchema: { type: 'object' } }],
        resources: [{ uri: `say://${server}`, name: 'say' }],
        resourceTemplates: [],
        prompts: [{ name: 'say' }],
      },
    }))
  })
  afterAll(() => world.close())

  const asked = {
    'tools/call': (server: string) => ({ name: server === '' ? 'say' : `conn__${server}__say`, arguments: {} }),
    'prompts/get': (server: string) => ({ name: server === '' ? 'say' : `conn__${server}__say` }),
    'resources/read': (server: string) => ({ uri: `say://${server}` }),
  }

  type Method = keyof typeof asked

  /** For every server, what comes directly must be what comes through the gateway, in both eras. */
  async function check(method: Method, [result, inStream]: readonly [JsonObject, boolean]): Promise<void> {
    results[method] = result
    const meta = inStream ? { _meta: { progressToken: 'p' } } : {}
    const compare = async ({ server, ask }: (typeof world.direct)[number]): Promise<void> => {
      const expected = withoutHop(await ask(method, asked[method]('')))
      const received = world.through.map((askThrough) => askThrough(method, { ...asked[method](server), ...meta }))
      for (const one of await Promise.all(received)) expect(withoutHop(one)).toEqual(expected)
    }
    await Promise.all(world.direct.map(compare))
  }
  /** Whatever the result, and whether it comes alone or at the end of a stream, which the gateway makes in two ways. */
  const holds = (method: Method, result: fc.Arbitrary<JsonObject>, numRuns: number): Promise<void> =>
    fc.assert(
      fc.asyncProperty(fc.tuple(result, fc.boolean()), (one) => check(method, one)),
      { numRuns },
    )

  it('results of tools', () => holds('tools/call', toolResult, 60))

  it('results that are so long that nobody writes them anew', () =>
    holds(
      'tools/call',
      toolResult.map((result) => ({
        ...result,
        content: [{ type: 'text', text: 'é"\\\n'.repeat(1_000) }, result],
        structuredContent: { rows: Array.from({ length: 200 }, (_, n) => ({ n, 'a "b"': [n / 7] })) },
      })),
      20,
    ))

  it('contents of resources', () => holds('resources/read', resourceResult, 30))

  it('messages of prompts', () => holds('prompts/get', promptResult, 30))
})

const MEMBERS = {
  'tools/list': 'tools',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'prompts/list': 'prompts',
} as const

it('what a server lists is listed to every client as it is, but for the documented names', async () => {
  await fc.assert(
    fc.asyncProperty(lists, async (offered) => {
      const world = await open((server) => ({ results: {}, lists: server === 'dual' ? offered : NOTHING }))
      try {
        for (const [method, member] of Object.entries(MEMBERS)) {
          const direct = await everyPage(directly(world, 'dual'), method, member)
          for (const ask of world.through) {
            const listed = (await everyPage(ask, method, member)).filter(isNotOurOwn)
            expect(listed.map((item) => withoutHop(renamedBack(item, member)))).toEqual(direct.map(withoutHop))
          }
        }
      } finally {
        await world.close()
      }
    }),
    { numRuns: 4, endOnFailure: true },
  )
})

const NOTHING: Verbatim['lists'] = { tools: [], resources: [], resourceTemplates: [], prompts: [] }

function directly({ direct }: Awaited<ReturnType<typeof open>>, wanted: string): Ask {
  const found = direct.find(({ server }) => server === wanted)
  if (!found) throw new Error(`there is no server ${wanted}`)
  return found.ask
}

const ID = 'dev.gatehouse/id'

const idOf = ({ _meta }: JsonObject): string => {
  const id = isJsonObject(_meta) ? _meta[ID] : undefined
  return typeof id === 'string' ? id : ''
}

const isNotOurOwn = (item: JsonObject): boolean => !idOf(item).startsWith('conn:gatehouse:')

/** Undoes what the gateway says that it does to names: `conn__…`, the id after the title, and the id in `_meta`. */
function renamedBack(item: JsonObject, member: string): JsonObject {
  if (member !== 'tools' && member !== 'prompts') return item
  const { name, title, _meta, ...rest } = item
  const id = idOf(item)
  const { [ID]: _id, ...meta } = isJsonObject(_meta) ? _meta : {}
  expect(name).toBe(`conn__dual__${id.split(':').at(-1)}`)
  return {
    ...rest,
    name: id.split(':').at(-1) ?? '',
    ...(typeof title === 'string' && title !== id && { title: title.slice(0, -` (${id})`.length) }),
    ...(Object.keys(meta).length > 0 && { _meta: meta }),
  }
}
