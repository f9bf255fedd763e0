import type { Example } from './vendor-examples.ts'

const provider = 'notion'
const page = '59833787-2cf9-4fdf-8782-e53db20768a5'
const cursor = 'fe2cc560-036c-44cd-90e8-294d5a74cebc'
const dataSource = '1a44be12-0953-4631-b498-9e5817518db8'
const properties = { Status: { status: { name: 'Done' } }, Due: { date: { start: '2026-01-31' } } }
const content = [
  '## Agenda',
  '- Budget, **all** of it',
  '  1. [Plan](https://example.com/plan)',
  '- [x] Book a room',
  '> Be *brief*',
  '```ts',
  'const a = 1',
  '```',
  '---',
  'The `end`.',
].join('\n')

export const notionExamples: readonly Example[] = [
  {
    provider,
    action: 'search_pages',
    input: { query: 'notes', type: 'data_source', sort: 'last_edited', limit: 5, cursor },
    sends: 'POST /v1/search',
  },
  {
    provider,
    action: 'get_page',
    input: { page_id: page, include_content: true, offset: 100, max_characters: 500 },
    sends: `GET /v1/pages/${page}`,
    thenSends: [`GET /v1/pages/${page}/markdown`],
  },
  {
    provider,
    action: 'list_blocks',
    input: { block_id: page, limit: 5, cursor },
    sends: `GET /v1/blocks/${page}/children`,
  },
  {
    provider,
    action: 'query_data_source',
    input: {
      data_source_id: dataSource,
      filter: { and: [{ property: 'Status', status: { equals: 'Done' } }] },
      sorts: [
        { property: 'Due', direction: 'ascending' },
        { timestamp: 'created_time', direction: 'descending' },
      ],
      properties: ['Name', 'Status'],
      limit: 5,
      cursor,
    },
    sends: `POST /v1/data_sources/${dataSource}/query`,
  },
  { provider, action: 'get_database', input: { database_id: page }, sends: `GET /v1/databases/${page}` },
  {
    provider,
    action: 'get_data_source',
    input: { data_source_id: dataSource },
    sends: `GET /v1/data_sources/${dataSource}`,
  },
  {
    provider,
    action: 'create_page',
    input: { parent_type: 'data_source', parent_id: dataSource, title: 'Notes', properties, content, icon: '📅' },
    sends: 'POST /v1/pages',
  },
  {
    provider,
    action: 'update_page',
    input: { page_id: page, title: 'Notes, **new**', properties, icon: '📅' },
    sends: `PATCH /v1/pages/${page}`,
  },
  { provider, action: 'trash_page', input: { page_id: page }, sends: `PATCH /v1/pages/${page}` },
  {
    provider,
    action: 'edit_page_text',
    input: { page_id: page, replacements: [{ old: '- [ ] Book', new: '- [x] Book', every: true }] },
    sends: `PATCH /v1/pages/${page}/markdown`,
  },
  {
    provider,
    action: 'append_blocks',
    input: { block_id: page, content, after_block_id: '9bc30ad4-9373-46a5-84ab-0a7845ee52e6' },
    sends: `PATCH /v1/blocks/${page}/children`,
  },
  { provider, action: 'list_comments', input: { block_id: page, limit: 5, cursor }, sends: 'GET /v1/comments' },
  {
    provider,
    action: 'create_comment',
    input: { target: 'discussion', target_id: cursor, text: 'Done, see **3.2**' },
    sends: 'POST /v1/comments',
  },
  { provider, action: 'list_users', input: { limit: 5, cursor }, sends: 'GET /v1/users' },
]
