import { describe, expect, it } from 'vitest'
import { rank } from '../../../src/catalog/search/rank.ts'
import { searchIndex } from '../../../src/catalog/search/search-index.ts'
import { shaped } from '../../../src/catalog/search/shapes.ts'
import type { ToolTraits } from '../../../src/kernel/tool.ts'
import { catalogOf, sourceTool } from '../../helpers/tools.ts'

describe('what is named in a query without saying what it is', () => {
  it.each([
    ['open budget.xlsx', 'file', 'budget.xlsx'],
    ['every *.log', 'file', '*.log'],
    ['look at scan.PNG', 'file image', 'scan.PNG'],
    ['close WEB-70', 'issue jira', 'WEB-70'],
    ['read #482', 'issue', '#482'],
    ['news in #general-chat', 'channel', '#general-chat'],
    ['who is a.b@mail.example.com', 'email', 'a.b@mail.example.com'],
    ['what is on Tuesday', 'calendar', 'Tuesday'],
    ['meet at 4 pm', 'calendar', '4 pm'],
    ['free on 2027-01-05', 'calendar', '2027-01-05'],
    ['at noon of March 3', 'calendar', 'March 3'],
  ])('is seen in "%s"', (query, kinds, names) => {
    expect(shaped(query)).toMatchObject({ kinds, names })
    expect(shaped(query).rest).not.toContain(names)
  })

  it.each([
    'encode as UTF-8',
    'ask GPT-4',
    'the version 1.2.3 of node.js',
    'github.create_issue',
    'C# or F#',
    'a&#38;b',
    'may I go',
    '',
  ])('is not seen in "%s"', (query) => {
    expect(shaped(query)).toEqual({ rest: query, names: '', kinds: '' })
  })

  it('is looked for in time that grows with the length alone', () => {
    const hostile = ['a.'.repeat(50_000), 'a@'.repeat(50_000), '#a'.repeat(50_000), `${'A1'.repeat(50_000)}-`]
    const start = performance.now()
    for (const text of hostile) shaped(text)
    expect(performance.now() - start).toBeLessThan(2_000)
  })

  it('finds the tools for it, and counts less than a word of the query', () => {
    const tools = catalogOf('work', [
      sourceTool('read_file', {}, { description: 'Reads text.' }),
      sourceTool('read_issue', {}, { description: 'Reads text.' }),
      sourceTool('read_budget', {}, { description: 'Reads numbers.' }),
    ])
    const index = searchIndex([...tools.tools.values()])
    const first = (query: string) => rank(index, { query, visible: () => true, limit: 1 }).hits[0]?.tool.name
    expect(first('read budget.xlsx')).toBe('read_file')
    expect(first('read AB-12')).toBe('read_issue')
    expect(first('read the budget')).toBe('read_budget')
  })
})

describe('a question', () => {
  const described = (name: string, effect: ToolTraits['effect']) =>
    sourceTool(name, { effect }, { description: 'Status of the boiler in the cellar.' })
  const { tools } = catalogOf('house', [
    described('p_switch_boiler', 'write'),
    described('q_empty_boiler', 'destructive'),
    described('r_watch_boiler', 'read'),
    described('v_touch_boiler', 'unclassified'),
  ])
  const index = searchIndex([...tools.values()])
  const order = (query: string) =>
    rank(index, { query, visible: () => true, limit: 4 })
      .hits.map(({ tool }) => tool.name[0])
      .join('')

  it.each(['what is the boiler status', "How's the boiler?", 'is the boiler hot'])(
    'is not answered first by what is known to change something: "%s"',
    (query) => {
      expect(order(query)).toBe('rvpq')
    },
  )

  it.each(['boiler status', 'can you see to the boiler', 'whatsoever boiler'])('is not "%s"', (query) => {
    expect(order(query)).toBe('pqrv')
  })
})
