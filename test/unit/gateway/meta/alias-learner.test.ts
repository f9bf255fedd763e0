import { describe, expect, it } from 'vitest'
import { type AliasBook, aliasBook } from '../../../../src/admin/alias-book.ts'
import { aliasLearner, teachable } from '../../../../src/gateway/meta/alias-learner.ts'
import type { ToolId } from '../../../../src/kernel/tool.ts'
import { memoryDriver } from '../../../../src/store/memory-driver.ts'
import { openStore } from '../../../../src/store/store.ts'
import { testGateway, type TestGateway } from '../../../helpers/test-gateway.ts'
import { sourceTool } from '../../../helpers/tools.ts'

const FORECAST = 'conn:sky:get_forecast' as ToolId
const TIDES = 'conn:sky:get_tides' as ToolId
const WORDS = 'will it drizzle at the forecast'

const connections = {
  sky: {
    tools: [
      sourceTool('get_forecast', { effect: 'read' }, { description: 'Weather forecast of a place.' }),
      sourceTool('get_tides', { effect: 'read' }, { description: 'Times of high and low water.' }),
    ],
  },
}

async function learning(): Promise<{ readonly gateway: TestGateway; readonly aliases: AliasBook }> {
  const aliases = await aliasBook(openStore(memoryDriver()), 'acme')
  return { aliases, gateway: testGateway({ builtIn: true, connections, aliases }) }
}

const search = async ({ call }: TestGateway, query: string, agent = 'sidekick'): Promise<string> =>
  JSON.stringify((await call(agent, 'conn:gatehouse:search_tools', { query })).content)

async function succeed(gateway: TestGateway): Promise<void> {
  await search(gateway, WORDS)
  await gateway.call('sidekick', FORECAST)
}

describe('learning from searches', () => {
  it('finds a tool by words that led to it twice', async () => {
    const { gateway, aliases } = await learning()
    expect(await search(gateway, 'drizzle')).toContain('No tool has these words')
    await succeed(gateway)
    expect(aliases.stems().size).toBe(0)
    await succeed(gateway)
    expect(aliases.stems().get(FORECAST)).toContain('drizzl')
    await expect.poll(() => search(gateway, 'drizzle')).toContain('get_forecast')
  })

  it('learns nothing from a call that failed, came late, or was of a tool that was not shown', async () => {
    const { gateway, aliases } = await learning()
    for (let round = 0; round < 3; round++) {
      await search(gateway, WORDS)
      await gateway.call('sidekick', TIDES)
      gateway.clock.now += 5 * 60_000 + 1
      await gateway.call('sidekick', FORECAST)
    }
    expect(aliases.stems().size).toBe(0)
  })

  it('takes each search for one success at most, and only of the one who searched', () => {
    const learned: string[] = []
    const learner = aliasLearner({ clock: () => 0, learn: (tool) => void learned.push(tool) })
    learner.searched('agent:a', 'drizzle', [FORECAST, TIDES])
    learner.succeeded('agent:b', FORECAST)
    expect(learned).toEqual([])
    learner.succeeded('agent:a', TIDES)
    learner.succeeded('agent:a', FORECAST)
    expect(learned).toEqual([TIDES])
  })

  it('remembers no more principals than it says', () => {
    const learned: string[] = []
    const learner = aliasLearner({ clock: () => 0, learn: (tool) => void learned.push(tool) })
    for (let n = 0; n <= 10_000; n++) learner.searched(`agent:${n}`, 'drizzle', [FORECAST])
    learner.succeeded('agent:0', FORECAST)
    expect(learned).toEqual([])
    learner.succeeded('agent:1', FORECAST)
    expect(learned).toEqual([FORECAST])
  })

  it('keeps plain words only: no names, numbers, quoted text, addresses or files', () => {
    expect(
      teachable('please book "Project Falcon" for Ann Smith, ann@corp.com, ticket OPS-42 at 17h in q3.xlsx'),
    ).toEqual(['book', 'ticket'])
    expect(teachable('find `secret_plan` and /etc/passwd')).toEqual(['find'])
  })

  it('keeps twenty stems of a tool, those that led to it most often', async () => {
    const aliases = await aliasBook(openStore(memoryDriver()), 'acme')
    const word = (n: number): string => `stem${String.fromCharCode(97 + Math.floor(n / 26), 97 + (n % 26))}`
    for (let n = 0; n < 100; n++) for (let round = 0; round < 2; round++) await aliases.learn(FORECAST, [word(n)])
    for (let round = 0; round < 3; round++) await aliases.learn(FORECAST, ['drizzl'])
    expect(aliases.stems().get(FORECAST)).toHaveLength(20)
    expect(aliases.stems().get(FORECAST)).toContain('drizzl')
  })

  it('survives a restart, stays within its organisation, and can be forgotten', async () => {
    const store = openStore(memoryDriver())
    const before = await aliasBook(store, 'acme')
    for (let round = 0; round < 2; round++) {
      await before.learn(FORECAST, ['drizzl'])
      await before.learn(TIDES, ['ebb'])
    }
    const after = await aliasBook(store, 'acme')
    expect([...after.stems()]).toEqual([...before.stems()])
    expect((await aliasBook(store, 'other')).stems().size).toBe(0)
    expect(await after.forget(TIDES)).toBe(1)
    expect(await after.forget(TIDES)).toBe(0)
    expect(await after.forget()).toBe(1)
    expect((await aliasBook(store, 'acme')).stems().size).toBe(0)
  })

  it('makes a tool easier to find for those who see it, and no hidden one felt', async () => {
    const { aliases } = await learning()
    for (let round = 0; round < 2; round++) await aliases.learn(TIDES, ['drizzl'])
    const policy = {
      rules: [
        { id: 'all', effect: 'allow' },
        { id: 'no-tides', effect: 'deny', tools: { names: ['get_tides'] } },
      ],
    }
    const hidden = testGateway({ builtIn: true, connections, aliases, policy })
    const without = testGateway({ builtIn: true, connections: { sky: { tools: connections.sky.tools.slice(0, 1) } } })
    for (const query of ['drizzle', 'forecast drizzle', 'tides']) {
      expect(await search(hidden, query)).toBe(await search(without, query))
    }
  })
})
