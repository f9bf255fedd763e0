import { describe, expect, it } from 'vitest'
import { buildCatalog, type CatalogInput } from '../../../src/catalog/catalog.ts'
import { rank } from '../../../src/catalog/search/rank.ts'
import { type IndexOptions, searchIndex } from '../../../src/catalog/search/search-index.ts'
import { stemsOf } from '../../../src/catalog/search/words.ts'
import { visibleSet, visibleSets } from '../../../src/catalog/search/visible-set.ts'
import type { Tool } from '../../../src/kernel/tool.ts'
import { toToolId } from '../../../src/catalog/names.ts'
import { sourceTool } from '../../helpers/tools.ts'

const described = (name: string, description: string, properties = {}) =>
  sourceTool(name, {}, { description, inputSchema: { type: 'object', properties } })

const INPUTS: readonly CatalogInput[] = [
  {
    connection: 'github',
    provider: 'github',
    identity: 'github',
    tools: [
      described('create_issue', 'Opens an issue in a repository.', {
        labels: { type: 'array', description: 'Colours' },
      }),
      described('create_issue_comment', 'Adds a comment to an issue.'),
      described('list_issues', 'Lists the issues of a repository.'),
      described('searchCode', 'Finds code by words.'),
    ],
  },
  {
    connection: 'mail-box',
    provider: 'mcp',
    identity: 'mail',
    tools: [
      described('send_message', 'Sends a mail at once.'),
      described('search', 'Finds mails.'),
      described('天气预报', '查询城市的天气'),
    ],
  },
  {
    connection: 'slack',
    provider: 'slack',
    identity: 'slack',
    tools: [described('send_message', 'Posts to a channel.')],
  },
]

const catalog = (inputs = INPUTS): readonly Tool[] => [...buildCatalog(inputs, new Map()).tools.values()]

function found(query: string, options: IndexOptions = {}, limit = 10): readonly string[] {
  const index = searchIndex(catalog(), options)
  return rank(index, { query, visible: () => true, limit }).hits.map(({ tool }) => `${tool.connection}.${tool.name}`)
}

describe('a search', () => {
  it('finds what is asked for in other words and forms', () => {
    expect(found('file a new ticket')[0]).toBe('github.create_issue')
    expect(found('listing issues')[0]).toBe('github.list_issues')
    expect(found('deliver an email to somebody')[0]).toBe('mail-box.send_message')
    expect(found('find source code')[0]).toBe('github.searchCode')
    expect(found('colour of labels')[0]).toBe('github.create_issue')
  })

  it('prefers the tool whose whole name is said', () => {
    expect(found('create an issue').slice(0, 2)).toEqual(['github.create_issue', 'github.create_issue_comment'])
    expect(found('create a comment on an issue')[0]).toBe('github.create_issue_comment')
  })

  it('uses the name of the connection', () => {
    expect(found('send a message with slack')[0]).toBe('slack.send_message')
    expect(found('send a message with the mail box')[0]).toBe('mail-box.send_message')
    const connections = new Map([['slack', { title: 'Team chatter', description: 'The watercooler of the company.' }]])
    expect(found('watercooler', { connections })).toEqual(['slack.send_message'])
  })

  it('reads Chinese by pairs of characters', () => {
    expect(found('今天的天气')).toEqual(['mail-box.天气预报'])
  })

  it.each([
    'conn:mail-box:send_message',
    'conn__mail_box__send_message',
    'mail-box.send_message',
    'mail-box/send_message',
    'MAIL-BOX:send_message',
    'please call `mail-box.send_message`.',
  ])('takes %s for the name that it is', (query) => {
    const { hits, weak } = rank(searchIndex(catalog()), { query, visible: () => true, limit: 3 })
    expect(hits[0]).toMatchObject({ exact: true, tool: { id: 'conn:mail-box:send_message' } })
    expect(weak).toBe(false)
  })

  it('puts all tools of a bare name first, and takes no word of a sentence for a name', () => {
    const named = rank(searchIndex(catalog()), { query: 'send_message', visible: () => true, limit: 10 })
    expect(named.hits.filter(({ exact }) => exact).map(({ tool }) => tool.connection)).toEqual(['mail-box', 'slack'])
    const sentence = rank(searchIndex(catalog()), { query: 'search issues', visible: () => true, limit: 10 })
    expect(sentence.hits.some(({ exact }) => exact)).toBe(false)
    expect(found('searchcode')[0]).toBe('github.searchCode')
  })

  it('says when nothing comes close, and shows what there is', () => {
    const index = searchIndex(catalog())
    const ask = (query: string) => rank(index, { query, visible: () => true, limit: 3 })
    expect(ask('list the issues of a repository').weak).toBe(false)
    expect(ask('book a flight to Lisbon and a hotel, then post the itinerary')).toMatchObject({ weak: true })
    expect(ask('photosynthesis')).toEqual({ hits: [], matches: 0, weak: true })
    expect(ask('what can you do for me')).toEqual({ hits: [], matches: 0, weak: true })
    expect(ask('')).toEqual({ hits: [], matches: 0, weak: true })
  })

  it('learns from aliases, written by people or made of past queries', () => {
    const id = toToolId('github', 'create_issue')
    expect(found('raise a grievance')).toEqual([])
    expect(found('raise a grievance', { aliases: new Map([[id, { texts: ['grievances'] }]]) })).toEqual([
      'github.create_issue',
    ])
    const stems = stemsOf('some grievances')
    expect(found('raise a grievance', { aliases: new Map([[id, { stems }]]) })).toEqual(['github.create_issue'])
  })

  it('gives no more hits than asked for and counts all matches', () => {
    const index = searchIndex(catalog())
    expect(rank(index, { query: 'issue', visible: () => true, limit: 2 })).toMatchObject({ matches: 3, hits: [{}, {}] })
    expect(rank(index, { query: 'issue', visible: () => true, limit: 0 }).hits).toEqual([])
  })

  it('explains a score by field', () => {
    const index = searchIndex(catalog())
    const [hit] = rank(index, { query: 'create issue labels', visible: () => true, limit: 1, explain: true }).hits
    const { fields, nameCoverage } = hit?.explanation ?? { fields: {}, nameCoverage: 0 }
    expect(Object.keys(fields).toSorted()).toEqual(['description', 'name', 'parameters'])
    expect(nameCoverage).toBe(1)
    const sum = Object.values(fields).reduce((total, part) => total + part, 0)
    expect(hit?.score).toBeCloseTo(sum * 1.8, 10)
  })

  it('survives a query and a definition of any size', () => {
    const long = 'issue '.repeat(200_000)
    const tools = catalog([
      { ...INPUTS[0]!, tools: [described('a_tool', long), described('b_tool', '_A'.repeat(100_000))] },
    ])
    const started = performance.now()
    rank(searchIndex(tools), { query: long, visible: () => true, limit: 5 })
    expect(performance.now() - started).toBeLessThan(2_000)
  })
})

describe('visible sets', () => {
  it('are kept by key for one index, the least recently used given up', () => {
    const sets = visibleSets(2)
    const index = searchIndex(catalog())
    const first = sets.of(index, 'a', () => true)
    sets.of(index, 'b', () => true)
    expect(sets.of(index, 'a', () => true)).toBe(first)
    const second = sets.of(index, 'c', () => true)
    expect(sets.of(index, 'a', () => true)).toBe(first)
    expect(sets.of(index, 'c', () => true)).toBe(second)
    sets.of(index, 'b', () => true)
    expect(sets.of(index, 'a', () => true)).not.toBe(first)
    expect(sets.of(searchIndex(catalog()), 'c', () => true)).not.toBe(second)
  })

  it('of another index are refused', () => {
    const visible = visibleSet(searchIndex(catalog()), () => true)
    expect(() => rank(searchIndex(catalog()), { query: 'issue', visible, limit: 1 })).toThrow('another index')
  })
})
