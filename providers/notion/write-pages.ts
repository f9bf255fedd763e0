import { action, invalidInput, path } from '#provider-kit'
import * as z from 'zod'
import { id, markdown, pageId } from './fields.ts'
import { entry, toPage } from './page-shape.ts'
import { richText } from './rich-text.ts'
import { toNotionBlocks } from './to-blocks.ts'

const DOCS = 'https://developers.notion.com/reference'

const title = z.string().min(1).max(2_000).describe('Title of the page, such as "Meeting notes, 31 January".')
const icon = z.string().min(1).max(20).optional().describe('One emoji in front of the title, such as 📅.')
const properties = z
  .record(z.string().min(1).max(200), z.unknown())
  .optional()
  .describe(
    'Values in Notion\'s form, such as {"Status": {"status": {"name": "Done"}}, "Due": {"date": {"start": ' +
      '"2026-01-31"}}}. Names and types come from get_data_source; pages below a page have none.',
  )

/** The property of the title has this id in every table, whatever its name. */
const withTitle = (title: string | undefined, properties: Readonly<Record<string, unknown>> | undefined) =>
  title === undefined ? properties : { ...properties, title: { title: richText(title) } }

const toIcon = (emoji: string | undefined) => (emoji === undefined ? undefined : { type: 'emoji', emoji })

export const createPage = action({
  title: 'Create a page',
  description:
    'Creates a page below another page, or a row in a table (parent_type data_source). Ids ' +
    'come from search_pages, names of properties from get_data_source. To add to a page that exists use ' +
    'append_blocks. Not safe to retry: a second call makes a second page; search_pages shows whether the first arrived.',
  keywords: [
    'new doc, new page, task in a database',
    'write a note, wiki article',
    'add a row, new entry',
    'new record, write down',
    'new document, project page',
    'meeting notes, log an entry',
    'start a document, add a customer',
    'set up a page, document this',
    'put into the database',
    'wiki article about',
    'document for everyone',
    'write it into the wiki',
  ],
  docs: `${DOCS}/post-page`,
  effect: 'write',
  external: false,
  idempotent: false,
  scopes: [],
  input: z.strictObject({
    parent_type: z.enum(['page', 'data_source']).default('page').describe('What parent_id is the id of.'),
    parent_id: id(
      'Page or data source to create it in, such as 59833787-2cf9-4fdf-8782-e53db20768a5. From search_pages.',
    ),
    title,
    properties,
    content: markdown('The text').optional(),
    icon,
  }),
  output: entry,
  request: ({ parent_type, parent_id, title, properties, content, icon }) => ({
    method: 'POST',
    path: path`/v1/pages`,
    body: {
      json: {
        parent:
          parent_type === 'page'
            ? { type: 'page_id', page_id: parent_id }
            : { type: 'data_source_id', data_source_id: parent_id },
        properties: withTitle(title, properties),
        markdown: content,
        icon: toIcon(icon),
      },
    },
  }),
  result: (reply) => toPage(reply.body),
})

export const updatePage = action({
  title: 'Change the properties of a page',
  description:
    'Changes title, properties or icon of a page; what you leave out stays. The text is changed with edit_page_text ' +
    'or append_blocks, a page is thrown away with trash_page. The id comes from search_pages or query_data_source. ' +
    'Safe to retry: the same call gives the same page.',
  keywords: [
    'rename, cell, set a status',
    'change a field, set a property',
    'edit a row, check off',
    'tick off, due date',
    'mark as done, column value',
    'entry in a database',
    'assign a task, mark the task',
    'change the owner',
    'set a date, set to done',
    'change the icon',
    'put somebody down as',
    'takes over, mark as',
  ],
  docs: `${DOCS}/patch-page`,
  effect: 'write',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({ page_id: pageId, title: title.optional(), properties, icon }),
  output: entry,
  request: ({ page_id, title, properties, icon }) => {
    if (title === undefined && properties === undefined && icon === undefined) {
      throw invalidInput('Nothing to change: give at least one of title, properties, icon.')
    }
    return {
      method: 'PATCH',
      path: path`/v1/pages/${page_id}`,
      body: { json: { properties: withTitle(title, properties), icon: toIcon(icon) } },
    }
  },
  result: (reply) => toPage(reply.body),
})

export const trashPage = action({
  title: 'Move a page to the trash',
  description:
    'Moves a page and everything below it to the trash, where Notion deletes it for good after 30 days. Only when the ' +
    'user asked for it. The id comes from search_pages; check the title with get_page first. Safe to retry.',
  keywords: [
    'delete a doc',
    'bin, archive',
    'throw away',
    'remove a note',
    'get rid of',
    'discard a row',
    'remove a page',
    'no longer needed',
    'old page, obsolete',
    'delete the page',
    'clean up',
    'can go, outdated page or article',
  ],
  docs: `${DOCS}/archive-a-page`,
  effect: 'destructive',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({ page_id: pageId }),
  output: entry,
  request: ({ page_id }) => ({ method: 'PATCH', path: path`/v1/pages/${page_id}`, body: { json: { in_trash: true } } }),
  result: (reply) => toPage(reply.body),
})

const replacement = z.strictObject({
  old: z.string().min(1).max(20_000),
  new: z.string().max(20_000),
  every: z.boolean().default(false),
})

export const editPageText = action({
  title: 'Replace words in a page',
  description:
    'Replaces pieces of the Markdown of a page, exactly as get_page shows it. An old text that stands there more than ' +
    'once is refused unless every is true. Pages and tables within cannot be removed by it. To add at the end use ' +
    'append_blocks. A retry after success is refused, because the old text is gone.',
  keywords: [
    'fix a typo, old name',
    'correct, reword, outdated number',
    'find and replace, spelling mistake',
    'rewrite a sentence',
    'edit a doc, substitute',
    'update the wording',
    'change text, swap words',
    'replace a word, wrong number',
    'wrong word, misspelled',
    'change a sentence',
    'is wrong in the page',
    'rename something in the text',
  ],
  docs: `${DOCS}/update-page-markdown`,
  effect: 'write',
  external: false,
  idempotent: false,
  scopes: [],
  input: z.strictObject({
    page_id: pageId,
    replacements: z
      .array(replacement)
      .min(1)
      .max(50)
      .describe('What to replace, such as [{"old": "- [ ] Book a room", "new": "- [x] Book a room"}].'),
  }),
  output: z.object({ page_id: z.string(), characters: z.number().int() }),
  request: ({ page_id, replacements }) => ({
    method: 'PATCH',
    path: path`/v1/pages/${page_id}/markdown`,
    body: {
      json: {
        type: 'update_content',
        update_content: {
          content_updates: replacements.map((each) => ({
            old_str: each.old,
            new_str: each.new,
            replace_all_matches: each.every,
          })),
          allow_deleting_content: false,
        },
      },
    },
  }),
  result: (reply, _followUps, { page_id }) => ({
    page_id,
    characters: z.object({ markdown: z.string() }).parse(reply.body).markdown.length,
  }),
})

export const appendBlocks = action({
  title: 'Add to a page',
  description:
    'Adds Markdown at the end of a page or within a block. It may have headings, paragraphs, lists, tasks, quotes, code. With ' +
    'after_block_id (from list_blocks) it comes behind that block. At most 100 blocks a call. Not safe to retry: a ' +
    'second call adds it twice; get_page shows whether the first one arrived.',
  keywords: [
    'write more text, meeting minutes',
    'insert a paragraph, continue the page',
    'to-do, append, extend a doc',
    'action items, bullet point',
    'checklist, log below',
    'new section, add notes',
    'put below notes, add to my notes',
    'at the end, bottom of a page',
    'add a paragraph or list',
    'put at the end, add a heading',
    'put underneath, write it below',
    'new part of a page',
  ],
  docs: `${DOCS}/patch-block-children`,
  effect: 'write',
  external: false,
  idempotent: false,
  scopes: [],
  input: z.strictObject({
    block_id: id('Id of the page or block, such as 59833787-2cf9-4fdf-8782-e53db20768a5. From search_pages.'),
    content: markdown('What to add').min(1),
    after_block_id: id(
      'Block to add it behind, such as 9bc30ad4-9373-46a5-84ab-0a7845ee52e6. From list_blocks.',
    ).optional(),
  }),
  output: z.object({ block_ids: z.array(z.string()) }),
  request: ({ block_id, content, after_block_id }) => ({
    method: 'PATCH',
    path: path`/v1/blocks/${block_id}/children`,
    body: {
      json: {
        children: toNotionBlocks(content),
        position:
          after_block_id === undefined ? undefined : { type: 'after_block', after_block: { id: after_block_id } },
      },
    },
  }),
  result: (reply) => ({ block_ids: appendedWire.parse(reply.body).results.map(({ id }) => id) }),
})

const appendedWire = z.object({ results: z.array(z.object({ id: z.string() })) })
