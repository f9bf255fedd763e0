import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { searchIndex } from '../../../src/catalog/search/search-index.ts'
import { measureAliases } from '../../bench/discovery/aliases.ts'
import { measureAnswers } from '../../bench/discovery/answers.ts'
import { type DataSet, readDataSet } from '../../bench/discovery/data-set.ts'
import { ownCatalog } from '../../bench/discovery/own-catalog.ts'
import { measureQuality } from '../../bench/discovery/quality.ts'

const PUBLIC = join(import.meta.dirname, '../../../../shared/discovery')

const recallAt5 = (set: DataSet, split: string): number => {
  const heldOut = set.queries.filter((query) => query.split === split && !query.isTune)
  return measureQuality(searchIndex(set.tools, set), heldOut).recallAt5
}

describe('the own catalog', () => {
  let own: DataSet
  beforeAll(async () => {
    own = await ownCatalog()
  })

  it('is asked at least 120 questions', () => {
    expect(own.queries.filter(({ gold }) => gold.length > 0).length).toBeGreaterThanOrEqual(120)
  })

  it('answers 95 of 100 held-out ones among the first five', () => {
    const heldOut = own.queries.filter(({ isTune, gold }) => !isTune && gold.length > 0)
    expect(heldOut.length).toBeGreaterThanOrEqual(350)
    expect(measureQuality(searchIndex(own.tools, own), heldOut).recallAt5).toBeGreaterThanOrEqual(0.95)
  })

  it('answers 92 of 100 of the questions that were written last and asked once', () => {
    expect(recallAt5(own, 'fresh-6')).toBeGreaterThanOrEqual(0.92)
  })

  it('answers with six lines within the budget of tokens', () => {
    const answers = measureAnswers(searchIndex(own.tools, own), own)
    expect(answers.sixHitsP50).toBeLessThanOrEqual(260)
    expect(answers.sixHitsP95).toBeLessThanOrEqual(400)
    expect(answers.slimSchemas).toBeLessThan(answers.schemas)
  })
})

describe('public sets, held-out queries', async () => {
  const [livemcp, metatool, mcpproxy] = await Promise.all(
    ['livemcp', 'metatool', 'mcpproxy'].map((name) => readDataSet(join(PUBLIC, name))),
  )

  const goals = [
    { set: livemcp, name: 'livemcp', split: 'route', goal: 0.66 },
    { set: metatool, name: 'metatool', split: 'single', goal: 0.64 },
    { set: mcpproxy, name: 'mcpproxy', split: 'golden', goal: 0.82 },
  ]

  it.for(goals)('of $name are answered among the first five', ({ set, name, split, goal }, { skip }) => {
    skip(set === undefined, `the data set ${name} is not in ${PUBLIC}`)
    if (set) expect(recallAt5(set, split)).toBeGreaterThanOrEqual(goal)
  })

  it('of metatool are answered better with five past queries a tool', ({ skip }) => {
    skip(metatool === undefined, `the data set metatool is not in ${PUBLIC}`)
    if (metatool) expect(measureAliases(metatool, 'single', 5).recallAt5).toBeGreaterThanOrEqual(0.78)
  })
})
