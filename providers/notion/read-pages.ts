import { action, path } from '#provider-kit'
import * as z from 'zod'
import { clip, cursor, id, limit, pageId, toList } from './fields.ts'
import { entry, page, toPage } from './page-shape.ts'
import { plainText } from './rich-text.ts'

const DOCS = 'https://developers.notion.com/reference'
const MAX_BLOCK = 2_000

export const searchPages = action({
  title: 'Search pages and data sources',
  description:
    'Finds pages and data sources by words in their titles; texts are not searched. Use it to turn a name into the id ' +
    'that other actions need. For rows of a table with conditions use query_data_source. Only what was shared with ' +
    'the connection is found, new pages after some seconds. Safe to repeat.',
  keywords: [
    'find a doc, list pages',
    'wiki, notes, page about',
    'look for a document',
    'knowledge base, policy, locate',
    'where is it written',
    'database by name, documentation on',
    'look up, handbook, do we have a page',
    'is there anything about',
    'rules, guidelines, playbook',
    'page called, recent pages',
    'how do we do something',
    'where do we keep, is it documented',
  ],
  docs: `${DOCS}/post-search`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({
    query: z.string().max(500).default('').describe('Words in the title, such as "meeting notes". Empty: all.'),
    type: z.enum(['page', 'data_source']).optional().describe('Only pages, or only data sources. Left out: both.'),
    sort: z.enum(['last_edited', 'relevance']).default('relevance').describe('Latest change first, or best match.'),
    limit: limit(20),
    cursor,
  }),
  output: z.object({ results: z.array(entry), next_cursor: z.string().optional() }),
  request: ({ query, type, sort, limit, cursor }) => ({
    method: 'POST',
    path: path`/v1/search`,
    body: {
      json: {
        query,
        filter: type && { property: 'object', value: type },
        sort: sort === 'last_edited' ? { timestamp: 'last_edited_time', direction: 'descending' } : undefined,
        page_size: limit,
        start_cursor: cursor,
      },
    },
  }),
  result: (reply) => {
    const { entries, next_cursor } = toList(reply, toPage)
    return { results: entries, next_cursor }
  },
})

export const getPage = action({
  title: 'Read a page',
  description:
    'Reads one page: title, properties and its content as Markdown. Long content comes in parts: call again with ' +
    'offset = next_offset. The id comes from search_pages or query_data_source. For block ids use list_blocks. Safe ' +
    'to repeat.',
  keywords: [
    'open a doc, show a page',
    'read meeting notes, what was decided',
    'wiki article, instructions',
    'content of a document',
    'what does it say, read a document',
    'what is written, show the notes',
    'read the notes, read the wiki',
    'page text, process',
    'summarise a page, read me the page',
    'what does our guide say',
    'what do our notes say',
    'open the playbook or manual, sum it up',
  ],
  docs: `${DOCS}/retrieve-a-page`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({
    page_id: pageId,
    include_content: z.boolean().default(true).describe('False reads only title and properties.'),
    offset: z
      .number()
      .int()
      .min(0)
      .default(0)
      .describe('Character of the content to start from, such as 20000: next_offset of the part before.'),
    max_characters: z.number().int().min(100).max(100_000).default(20_000).describe('Size of a part, such as 20000.'),
  }),
  output: page.extend({
    content: z.string().optional(),
    next_offset: z.number().int().optional(),
    /** True when Notion itself left blocks out. */
    incomplete: z.boolean().optional(),
  }),
  request: ({ page_id }) => ({ method: 'GET', path: path`/v1/pages/${page_id}` }),
  followUps: (_reply, { page_id, include_content }) =>
    include_content ? [{ method: 'GET', path: path`/v1/pages/${page_id}/markdown` }] : [],
  result: (reply, [content], input) => ({ ...toPage(reply.body), ...(content ? toPart(content.body, input) : {}) }),
})

const markdownWire = z.object({ markdown: z.string(), truncated: z.boolean().optional() })

function toPart(
  body: unknown,
  { offset, max_characters }: { readonly offset: number; readonly max_characters: number },
) {
  const { markdown, truncated } = markdownWire.parse(body)
  const content = markdown.slice(offset, offset + max_characters).replace(/[\uD800-\uDBFF]$/, '')
  const end = offset + content.length
  return { content, next_offset: end < markdown.length ? end : undefined, incomplete: truncated || undefined }
}

export const listBlocks = action({
  title: 'List the blocks of a page',
  description:
    'Lists the blocks of a page, or those within a block (has_children), with their ids and text. With them ' +
    'append_blocks adds something behind one of them. To read a page use get_page, which is one small call. The id comes ' +
    'from search_pages. Safe to repeat.',
  keywords: [
    'structure',
    'paragraphs',
    'sections, children',
    'outline, nested',
    'parts of a doc',
    'headings',
    'layout of a page',
    'single paragraph',
    'block ids',
    'how is a page structured',
    'table of contents',
    'which headings',
  ],
  docs: `${DOCS}/get-block-children`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({
    block_id: id('Id of the page or block, such as 59833787-2cf9-4fdf-8782-e53db20768a5. From search_pages.'),
    limit: limit(50),
    cursor,
  }),
  output: z.object({
    blocks: z.array(
      z.object({ id: z.string(), type: z.string(), text: z.string(), has_children: z.boolean().optional() }),
    ),
    next_cursor: z.string().optional(),
  }),
  request: ({ block_id, limit, cursor }) => ({
    method: 'GET',
    path: path`/v1/blocks/${block_id}/children`,
    query: { page_size: limit, start_cursor: cursor },
  }),
  result: (reply) => {
    const { entries, next_cursor } = toList(reply, toBlock)
    return { blocks: entries, next_cursor }
  },
})

const blockWire = z.looseObject({ id: z.string(), type: z.string(), has_children: z.boolean().optional() })
const contentWire = z.object({ rich_text: z.unknown().optional(), title: z.string().optional() })

/** The content lies under the name of the type; pages and tables within have a title instead of text. */
function toBlock(value: unknown) {
  const block = blockWire.parse(value)
  const { rich_text, title } = contentWire.safeParse(block[block.type]).data ?? {}
  return {
    id: block.id,
    type: block.type,
    text: clip(title ?? plainText(rich_text), MAX_BLOCK),
    has_children: block.has_children || undefined,
  }
}
