import { describe, expect, it } from 'vitest'
import notion from '../../../providers/notion/index.ts'
import { toNotionBlocks } from '../../../providers/notion/to-blocks.ts'
import { kindOf, reply, sent, sentJson, shown } from './replies.ts'

const { actions } = notion
const id = '59833787-2cf9-4fdf-8782-e53db20768a5'
const bare = id.replaceAll('-', '')
const rich = (...texts: string[]) =>
  texts.map((plain_text) => ({ type: 'text', plain_text, text: {}, annotations: {} }))

const page = (properties: object = {}, extra: object = {}) => ({
  object: 'page',
  id,
  created_time: '2026-01-01T10:00:00.000Z',
  last_edited_time: '2026-01-02T10:00:00.000Z',
  in_trash: false,
  parent: { type: 'data_source_id', data_source_id: 'd1', database_id: 'b1' },
  properties: { Name: { id: 'title', type: 'title', title: rich('Meeting ', 'notes') }, ...properties },
  url: 'https://www.notion.so/Meeting-notes',
  icon: null,
  ...extra,
})

describe('Notion pages', () => {
  it('are found with the words of their titles, page by page', async () => {
    const source = {
      object: 'data_source',
      id: 'd1',
      title: rich('Tasks'),
      properties: {},
      parent: { type: 'database_id', database_id: 'b1' },
    }
    const found = reply({ results: [page(), source], next_cursor: 'c2', has_more: true })
    expect(shown(actions.search_pages, {}, found)).toEqual({
      results: [
        {
          id,
          type: 'page',
          title: 'Meeting notes',
          parent: { type: 'data_source', id: 'd1' },
          last_edited: '2026-01-02T10:00:00.000Z',
          url: 'https://www.notion.so/Meeting-notes',
        },
        { id: 'd1', type: 'data_source', title: 'Tasks', parent: { type: 'database', id: 'b1' } },
      ],
      next_cursor: 'c2',
    })
    expect(
      await sentJson(actions.search_pages, { query: 'notes', type: 'page', sort: 'last_edited', cursor: 'c2' }),
    ).toEqual({
      query: 'notes',
      filter: { property: 'object', value: 'page' },
      sort: { timestamp: 'last_edited_time', direction: 'descending' },
      page_size: 20,
      start_cursor: 'c2',
    })
    expect(shown(actions.search_pages, {}, reply({ results: [], next_cursor: null }))).toEqual({ results: [] })
  })

  it('show their properties as a person sees them, and leave empty ones out', () => {
    const properties = {
      Text: { id: 'a', type: 'rich_text', rich_text: rich('a', 'b') },
      Count: { id: 'b', type: 'number', number: 0 },
      Status: { id: 'c', type: 'status', status: { id: '1', name: 'Done', color: 'green' } },
      Tags: { id: 'd', type: 'multi_select', multi_select: [{ name: 'x' }, { name: 'y' }] },
      Due: { id: 'e', type: 'date', date: { start: '2026-01-31', end: null } },
      Span: { id: 'f', type: 'date', date: { start: '2026-01-31', end: '2026-02-02' } },
      Who: {
        id: 'g',
        type: 'people',
        people: [
          { object: 'user', id: 'u1', name: 'Ann' },
          { object: 'user', id: 'u2' },
        ],
      },
      Done: { id: 'h', type: 'checkbox', checkbox: false },
      Sum: { id: 'i', type: 'formula', formula: { type: 'number', number: 7 } },
      Roll: {
        id: 'j',
        type: 'rollup',
        rollup: { type: 'array', array: [{ type: 'number', number: 1 }], function: 'sum' },
      },
      Id: { id: 'k', type: 'unique_id', unique_id: { prefix: 'WEB', number: 42 } },
      Related: { id: 'l', type: 'relation', relation: [{ id: 'p2' }] },
      Files: { id: 'm', type: 'files', files: [{ name: 'a.pdf', file: { url: 'https://secret.example/?sig=1' } }] },
      Nothing: { id: 'n', type: 'select', select: null },
      Empty: { id: 'o', type: 'rich_text', rich_text: [] },
      Newer: { id: 'p', type: 'button', button: { secret: 1 } },
    }
    expect(shown(actions.get_page, { page_id: id, include_content: false }, reply(page(properties)))).toMatchObject({
      properties: {
        Name: 'Meeting notes',
        Text: 'ab',
        Count: 0,
        Status: 'Done',
        Tags: ['x', 'y'],
        Due: '2026-01-31',
        Span: '2026-01-31/2026-02-02',
        Who: ['Ann', 'u2'],
        Done: false,
        Sum: 7,
        Roll: [1],
        Id: 'WEB-42',
        Related: ['p2'],
        Files: ['a.pdf'],
      },
    })
    const text = JSON.stringify(shown(actions.get_page, { page_id: id }, reply(page(properties))))
    expect(text).not.toMatch(/Nothing|Empty|Newer|secret/)
  })

  it('are read in parts that join to the whole', () => {
    const markdown = `${'x'.repeat(99)}👋${'y'.repeat(150)}`
    const parts: string[] = []
    for (let offset: number | undefined = 0; offset !== undefined;) {
      const part = shown(
        actions.get_page,
        { page_id: id, offset, max_characters: 100 },
        reply(page()),
        reply({ object: 'page_markdown', id, markdown, truncated: false, unknown_block_ids: [] }),
      ) as { content: string; next_offset?: number }
      parts.push(part.content)
      offset = part.next_offset
    }
    expect(parts.join('')).toBe(markdown)
    expect(parts).toHaveLength(3)
    const cut = reply({ markdown: 'x', truncated: true })
    expect(shown(actions.get_page, { page_id: id }, reply(page()), cut)).toMatchObject({ incomplete: true })
  })

  it('are created below a page or as a row, with the title where it belongs', async () => {
    const body = await sentJson(actions.create_page, { parent_id: id, title: 'Notes', content: '# Hi' })
    expect(body).toEqual({
      parent: { type: 'page_id', page_id: id },
      properties: { title: { title: [{ type: 'text', text: { content: 'Notes' } }] } },
      markdown: '# Hi',
    })
    const row = {
      parent_type: 'data_source' as const,
      parent_id: id,
      title: 'Notes',
      properties: { Done: { checkbox: true } },
    }
    expect(await sentJson(actions.create_page, { ...row, icon: '📅' })).toMatchObject({
      parent: { type: 'data_source_id', data_source_id: id },
      properties: { Done: { checkbox: true }, title: {} },
      icon: { type: 'emoji', emoji: '📅' },
    })
  })

  it('are changed only in what is named, and trashed by an action of its own', async () => {
    expect(await sentJson(actions.update_page, { page_id: id, properties: { in_trash: true } })).toEqual({
      properties: { in_trash: true },
    })
    await expect(sent(actions.update_page, { page_id: id })).rejects.toThrow(/Nothing to change/)
    expect(await sentJson(actions.trash_page, { page_id: id })).toEqual({ in_trash: true })
    expect(actions.trash_page.effect).toBe('destructive')
  })

  it('are edited without pages and tables within getting lost', async () => {
    const edit = { page_id: id, replacements: [{ old: 'a', new: 'b' }] }
    expect(await sentJson(actions.edit_page_text, edit)).toEqual({
      type: 'update_content',
      update_content: {
        content_updates: [{ old_str: 'a', new_str: 'b', replace_all_matches: false }],
        allow_deleting_content: false,
      },
    })
    expect(shown(actions.edit_page_text, edit, reply({ markdown: 'abc' }))).toEqual({ page_id: id, characters: 3 })
  })

  it.each(['..', `${id}/..`, '../../v1/users', id.slice(1), `${id}\n`, `${id}?x=1`, ''])(
    'are not asked for as %j',
    (page_id) => {
      expect(actions.get_page.input.safeParse({ page_id }).error?.issues[0]?.path).toEqual(['page_id'])
    },
  )

  it('are known by their ids with hyphens and without', async () => {
    expect((await sent(actions.get_page, { page_id: bare })).path).toBe(`/v1/pages/${bare}`)
  })
})

describe('Notion blocks', () => {
  const typesOf = (markdown: string) => toNotionBlocks(markdown).map((block) => block['type'])

  it('are made of Markdown', () => {
    expect(typesOf('# a\n#### b\nc\n- d\n1. e\n- [ ] f\n> g\n```py\nh\n```\n---')).toEqual([
      'heading_1',
      'heading_3',
      'paragraph',
      'bulleted_list_item',
      'numbered_list_item',
      'to_do',
      'quote',
      'code',
      'divider',
    ])
    expect(toNotionBlocks('```py\nh\n```\n- [x] **f** `g`')).toMatchObject([
      { code: { language: 'python', rich_text: [{ text: { content: 'h' } }] } },
      {
        to_do: {
          checked: true,
          rich_text: [
            { text: { content: 'f' }, annotations: { bold: true } },
            { text: { content: ' ' } },
            { text: { content: 'g' }, annotations: { code: true } },
          ],
        },
      },
    ])
    expect(toNotionBlocks('```klingon\nx\n```\n```constructor\ny\n```')).toMatchObject([
      { code: { language: 'plain text' } },
      { code: { language: 'plain text' } },
    ])
  })

  it('lie at most two levels within each other, and nothing is lost', () => {
    const [first] = toNotionBlocks('- a\n  - b\n    - c\n      - d')
    expect(first).toMatchObject({
      bulleted_list_item: {
        children: [
          {
            bulleted_list_item: {
              rich_text: [{ text: { content: 'b' } }],
              children: [
                { bulleted_list_item: { rich_text: [{ text: { content: 'c' } }] } },
                { bulleted_list_item: { rich_text: [{ text: { content: 'd' } }] } },
              ],
            },
          },
        ],
      },
    })
  })

  it('hold texts of at most 2,000 characters, cut between characters', () => {
    const text = `${'x'.repeat(1_999)}👋${'y'.repeat(3_000)}`
    const [block] = toNotionBlocks(text)
    const pieces = (block as { paragraph: { rich_text: { text: { content: string } }[] } }).paragraph.rich_text.map(
      (piece) => piece.text.content,
    )
    expect(pieces.join('')).toBe(text)
    expect(pieces.map((piece) => piece.length)).toEqual([1_999, 2_000, 1_002])
  })

  it('are at most 100 at a time, and at least one', () => {
    expect(toNotionBlocks('a\n\n'.repeat(100))).toHaveLength(100)
    expect(() => toNotionBlocks('a\n\n'.repeat(101))).toThrow(/101 blocks, Notion takes 100/)
    expect(() => toNotionBlocks(' \n')).toThrow(/nothing to add/)
  })

  it('come at the end, or behind another', async () => {
    expect(await sentJson(actions.append_blocks, { block_id: id, content: 'x' })).not.toHaveProperty('position')
    expect(await sentJson(actions.append_blocks, { block_id: id, content: 'x', after_block_id: bare })).toMatchObject({
      position: { type: 'after_block', after_block: { id: bare } },
    })
    const answer = reply({ results: [{ object: 'block', id: 'b1', type: 'paragraph' }] })
    expect(shown(actions.append_blocks, { block_id: id, content: 'x' }, answer)).toEqual({ block_ids: ['b1'] })
  })

  it('are listed with their words, whatever they are', () => {
    const blocks = [
      { object: 'block', id: 'b1', type: 'paragraph', has_children: false, paragraph: { rich_text: rich('Hi') } },
      { object: 'block', id: 'b2', type: 'child_page', has_children: true, child_page: { title: 'Sub' } },
      { object: 'block', id: 'b3', type: 'unsupported', has_children: false },
    ]
    expect(shown(actions.list_blocks, { block_id: id }, reply({ results: blocks, next_cursor: null }))).toEqual({
      blocks: [
        { id: 'b1', type: 'paragraph', text: 'Hi' },
        { id: 'b2', type: 'child_page', text: 'Sub', has_children: true },
        { id: 'b3', type: 'unsupported', text: '' },
      ],
    })
  })
})

describe('Notion data sources', () => {
  it('are queried with the filter as it was given', async () => {
    const filter = { property: 'Status', status: { equals: 'Done' } }
    const { query } = await sent(actions.query_data_source, { data_source_id: id, properties: ['Name', 'Due'] })
    expect(query).toEqual({ filter_properties: ['Name', 'Due'] })
    expect(await sentJson(actions.query_data_source, { data_source_id: id, filter, limit: 5 })).toEqual({
      filter,
      page_size: 5,
      result_type: 'page',
    })
    expect(
      shown(actions.query_data_source, { data_source_id: id }, reply({ results: [page()], next_cursor: 'c' })),
    ).toMatchObject({ rows: [{ title: 'Meeting notes' }], next_cursor: 'c' })
  })

  it('tell their columns and what these may hold', () => {
    const properties = {
      Name: { id: 'title', type: 'title', title: {} },
      Status: {
        id: 's',
        type: 'status',
        status: {
          options: [
            { id: '1', name: 'Open' },
            { id: '2', name: 'Done' },
          ],
          groups: [],
        },
      },
    }
    const source = {
      object: 'data_source',
      id: 'd1',
      title: rich('Tasks'),
      parent: { type: 'database_id', database_id: 'b1' },
      properties,
    }
    expect(shown(actions.get_data_source, { data_source_id: id }, reply(source))).toEqual({
      id: 'd1',
      title: 'Tasks',
      database_id: 'b1',
      properties: [
        { name: 'Name', id: 'title', type: 'title' },
        { name: 'Status', id: 's', type: 'status', options: ['Open', 'Done'] },
      ],
    })
    const database = { object: 'database', id: 'b1', title: rich('Tasks'), data_sources: [{ id: 'd1', name: 'Tasks' }] }
    expect(shown(actions.get_database, { database_id: id }, reply(database))).toEqual({
      id: 'b1',
      title: 'Tasks',
      data_sources: [{ id: 'd1', name: 'Tasks' }],
    })
  })
})

describe('Notion people', () => {
  it('comment on a page or answer in a discussion', async () => {
    const text = [{ type: 'text', text: { content: 'Done' } }]
    expect(await sentJson(actions.create_comment, { target_id: id, text: 'Done' })).toEqual({
      parent: { type: 'page_id', page_id: id },
      rich_text: text,
    })
    expect(await sentJson(actions.create_comment, { target: 'discussion', target_id: id, text: 'Done' })).toEqual({
      discussion_id: id,
      rich_text: text,
    })
    const comment = {
      id: 'c1',
      discussion_id: 'x',
      created_time: '2026',
      created_by: { object: 'user', id: 'u1' },
      rich_text: rich('Fine'),
    }
    expect(shown(actions.list_comments, { block_id: id }, reply({ results: [comment], next_cursor: null }))).toEqual({
      comments: [{ id: 'c1', discussion_id: 'x', author: 'u1', created: '2026', text: 'Fine' }],
    })
  })

  it('are listed with what the connection may see of them', () => {
    const users = [
      { object: 'user', id: 'u1', type: 'person', name: 'Ann', avatar_url: null, person: { email: 'ann@example.com' } },
      { object: 'user', id: 'u2', type: 'bot', name: null, bot: {} },
    ]
    expect(shown(actions.list_users, {}, reply({ results: users, next_cursor: null }))).toEqual({
      users: [
        { id: 'u1', name: 'Ann', type: 'person', email: 'ann@example.com' },
        { id: 'u2', type: 'bot' },
      ],
    })
  })
})

describe('Notion refusals', () => {
  const said = (status: number, code: string) => reply({ object: 'error', status, code, message: 'No.' }, status)

  it('are read by status', () => {
    expect(kindOf(notion, said(401, 'unauthorized'))).toBe('reauth')
    expect(kindOf(notion, said(403, 'restricted_resource'))).toBe('forbidden')
    expect(kindOf(notion, said(404, 'object_not_found'))).toBe('not_found')
    expect(kindOf(notion, said(400, 'validation_error'))).toBe('invalid_input')
    expect(kindOf(notion, said(409, 'conflict_error'))).toBe('conflict')
    expect(kindOf(notion, said(503, 'service_unavailable'))).toBe('upstream')
    expect(kindOf(notion, reply({ object: 'list', results: [] }))).toBe('fine')
  })

  it('ask to slow down with 429 and with 529', () => {
    for (const status of [429, 529]) {
      expect(notion.failure(reply({ code: 'rate_limited', message: 'slow' }, status, { 'retry-after': '3' }))).toEqual({
        kind: 'rate_limit_exceeded',
        message: 'slow',
        retryAfterMs: 3_000,
      })
    }
  })

  it('say that a page must be shared before it is there', () => {
    expect(notion.failure(said(404, 'object_not_found'))?.message).toMatch(/shared with the connection/)
    expect(notion.failure(said(403, 'constructor'))?.message).toBe('No.')
  })

  it('come without an account, an answer with it', () => {
    const bot = { name: 'Gate', bot: { workspace_name: 'Acme' } }
    expect(notion.whoami?.account(reply(bot))).toBe('Gate at Acme')
    expect(notion.whoami?.account(reply({ name: 'Ann' }))).toBe('Ann')
    expect(notion.whoami?.account(reply({}))).toBeUndefined()
  })
})
