import { action, path } from '#provider-kit'
import * as z from 'zod'
import { cursor, dataSourceId, id, limit, toList } from './fields.ts'
import { page, toPage } from './page-shape.ts'
import { plainText } from './rich-text.ts'

const DOCS = 'https://developers.notion.com/reference'
const MOST_OPTIONS = 100

const sort = z.union([
  z.strictObject({ property: z.string().min(1).max(200), direction: z.enum(['ascending', 'descending']) }),
  z.strictObject({
    timestamp: z.enum(['created_time', 'last_edited_time']),
    direction: z.enum(['ascending', 'descending']),
  }),
])

export const queryDataSource = action({
  title: 'Query a data source',
  description:
    'Finds the rows of a table by conditions on their properties, with their values. Names and ' +
    'types of properties come from get_data_source, the id from search_pages or get_database. The text of a row is ' +
    'in get_page. Go on while there is a next_cursor. Safe to repeat.',
  keywords: [
    'filter a database, records, sort',
    'table entries, entries with',
    'tasks due, overdue, list from a table',
    'spreadsheet, open tasks',
    'items with a status, which entries have',
    'list rows, rows where',
    'which tasks are mine, items of a database',
    'filter by a property',
    'all entries whose, tasks of a person',
    'candidates, customers',
    'projects with a status',
    'who is responsible for what',
  ],
  docs: `${DOCS}/query-a-data-source`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({
    data_source_id: dataSourceId,
    filter: z
      .record(z.string(), z.unknown())
      .optional()
      .describe(
        'Notion\'s filter object, such as {"property": "Status", "status": {"equals": "Done"}}; and / or take lists of them.',
      ),
    sorts: z
      .array(sort)
      .min(1)
      .max(10)
      .optional()
      .describe('What to sort by, such as [{"property": "Due", "direction": "ascending"}].'),
    properties: z
      .array(z.string().min(1).max(200))
      .min(1)
      .max(100)
      .optional()
      .describe('Only these properties, by name or id, such as ["Name", "Status"]. Left out: all.'),
    limit: limit(25),
    cursor,
  }),
  output: z.object({ rows: z.array(page), next_cursor: z.string().optional() }),
  request: ({ data_source_id, filter, sorts, properties, limit, cursor }) => ({
    method: 'POST',
    path: path`/v1/data_sources/${data_source_id}/query`,
    query: { filter_properties: properties },
    body: { json: { filter, sorts, page_size: limit, start_cursor: cursor, result_type: 'page' } },
  }),
  result: (reply) => {
    const { entries, next_cursor } = toList(reply, toPage)
    return { rows: entries, next_cursor }
  },
})

export const getDatabase = action({
  title: 'Read a database',
  description:
    'Tells the title of a database and the ids of its data sources, which hold the rows. Use it when you have the id ' +
    'of a database, such as from its address or the parent of a page; search_pages finds data sources directly. Safe ' +
    'to repeat.',
  keywords: [
    'database details',
    'open a table by its link',
    'what is in a database',
    'metadata',
    'database id',
    'which tables',
    'what database is this',
    'sources',
    'behind a link',
    'id from an address',
  ],
  docs: `${DOCS}/retrieve-a-database`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({
    database_id: id(
      'Id of the database, such as 2f26ee68-df30-4251-aad4-8ddc420cba3d: the last part of its address, or parent of get_data_source.',
    ),
  }),
  output: z.object({
    id: z.string(),
    title: z.string(),
    url: z.string().optional(),
    data_sources: z.array(z.object({ id: z.string(), name: z.string() })),
  }),
  request: ({ database_id }) => ({ method: 'GET', path: path`/v1/databases/${database_id}` }),
  result: (reply) => {
    const { title, data_sources = [], ...rest } = databaseWire.parse(reply.body)
    return { ...rest, title: plainText(title), data_sources }
  },
})

const databaseWire = z.object({
  id: z.string(),
  title: z.unknown().optional(),
  url: z.string().optional(),
  data_sources: z.array(z.object({ id: z.string(), name: z.string() })).optional(),
})

export const getDataSource = action({
  title: 'Read the columns of a data source',
  description:
    'Tells the properties (columns) of a data source: names, types and the values to choose from. Read ' +
    'it before query_data_source with a filter, and before create_page for a row. The id comes from search_pages or ' +
    'get_database. Safe to repeat.',
  keywords: [
    'schema, fields',
    'fields of a database',
    'select options',
    'allowed values',
    'table structure',
    'column types, properties',
    'which columns',
    'what can be chosen',
    'what values can a column have',
    'what options',
    'type of a column',
    'what statuses can an entry have',
  ],
  docs: `${DOCS}/retrieve-a-data-source`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({ data_source_id: dataSourceId }),
  output: z.object({
    id: z.string(),
    title: z.string(),
    database_id: z.string().optional(),
    properties: z.array(
      z.object({ name: z.string(), id: z.string(), type: z.string(), options: z.array(z.string()).optional() }),
    ),
  }),
  request: ({ data_source_id }) => ({ method: 'GET', path: path`/v1/data_sources/${data_source_id}` }),
  result: (reply) => {
    const { id, title, parent, properties } = dataSourceWire.parse(reply.body)
    return {
      id,
      title: plainText(title),
      database_id: parent?.database_id,
      properties: Object.entries(properties).map(([name, column]) => ({ name, ...toColumn(column) })),
    }
  },
})

const columnWire = z.looseObject({ id: z.string(), type: z.string() })
const optionsWire = z.object({ options: z.array(z.object({ name: z.string() })) })

const dataSourceWire = z.object({
  id: z.string(),
  title: z.unknown().optional(),
  parent: z.object({ database_id: z.string().optional() }).optional(),
  properties: z.record(z.string(), columnWire),
})

function toColumn(column: z.output<typeof columnWire>) {
  const { options } = optionsWire.safeParse(column[column.type]).data ?? {}
  return { id: column.id, type: column.type, options: options?.slice(0, MOST_OPTIONS).map(({ name }) => name) }
}
