import { action, path } from '#provider-kit'
import * as z from 'zod'
import { clip, cursor, id, limit, toList } from './fields.ts'
import { plainText, richText } from './rich-text.ts'

const DOCS = 'https://developers.notion.com/reference'
const MAX_COMMENT = 4_000

const pageOrBlock = id(
  'Id of the page or block, such as 59833787-2cf9-4fdf-8782-e53db20768a5. From search_pages or list_blocks.',
)

export const listComments = action({
  title: 'List comments',
  description:
    'Lists the open comments on a page or block, oldest first. Comments within the text belong to their block: find it ' +
    'with list_blocks. discussion_id is what create_comment needs to answer. Safe to repeat.',
  keywords: [
    'discussion, unresolved',
    'feedback, commented',
    'remarks, replies',
    'what people said',
    'questions on a doc',
    'read comments, review notes',
    'open questions',
    'any feedback on',
    'what do reviewers say',
    'did anybody comment',
    'objections, did anyone object',
    'reactions to my page',
  ],
  docs: `${DOCS}/list-comments`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({ block_id: pageOrBlock, limit: limit(50), cursor }),
  output: z.object({
    comments: z.array(
      z.object({
        id: z.string(),
        discussion_id: z.string(),
        author: z.string().optional(),
        created: z.string().optional(),
        text: z.string(),
      }),
    ),
    next_cursor: z.string().optional(),
  }),
  request: ({ block_id, limit, cursor }) => ({
    method: 'GET',
    path: path`/v1/comments`,
    query: { block_id, page_size: limit, start_cursor: cursor },
  }),
  result: (reply) => {
    const { entries, next_cursor } = toList(reply, toComment)
    return { comments: entries, next_cursor }
  },
})

const commentWire = z.object({
  id: z.string(),
  discussion_id: z.string(),
  created_time: z.string().optional(),
  created_by: z.object({ id: z.string() }).optional(),
  display_name: z.object({ resolved_name: z.string().nullish() }).optional(),
  rich_text: z.unknown().optional(),
})

function toComment(value: unknown) {
  const { id, discussion_id, created_time, created_by, display_name, rich_text } = commentWire.parse(value)
  return {
    id,
    discussion_id,
    author: display_name?.resolved_name ?? created_by?.id,
    created: created_time,
    text: clip(plainText(rich_text), MAX_COMMENT),
  }
}

export const createComment = action({
  title: 'Comment on a page',
  description:
    'Adds a comment to a page, or answers in a discussion. To answer, set target to discussion and give its id from list_comments. ' +
    'People who follow the page are notified. Not safe to retry: a second call comments twice; list_comments shows ' +
    'whether the first one arrived.',
  keywords: [
    'leave feedback, ask a question',
    'reply, doc, give feedback',
    'remark, respond',
    'annotate, mention',
    'comment on a doc',
    'write a remark',
    'tell the author',
    'reply to a comment',
    'ask in a comment',
    'start a discussion',
    'tell somebody in the doc',
    'praise, point out',
  ],
  docs: `${DOCS}/create-a-comment`,
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: [],
  input: z.strictObject({
    target: z.enum(['page', 'discussion']).default('page').describe('What target_id is the id of.'),
    target_id: id(
      'Page or discussion, such as 59833787-2cf9-4fdf-8782-e53db20768a5. From search_pages or list_comments.',
    ),
    text: z
      .string()
      .min(1)
      .max(20_000)
      .describe('The comment, with **bold**, `code` and links, such as "Done, see **3.2**".'),
  }),
  output: z.object({ id: z.string(), discussion_id: z.string().optional() }),
  request: ({ target, target_id, text }) => {
    const where = target === 'page' ? { parent: { type: 'page_id', page_id: target_id } } : { discussion_id: target_id }
    return { method: 'POST', path: path`/v1/comments`, body: { json: { ...where, rich_text: richText(text) } } }
  },
})

export const listUsers = action({
  title: 'List people',
  description:
    'Lists the people and bots of the workspace with their ids. Use it for people properties, and to learn who wrote a ' +
    'comment. Guests are not among them; mail addresses are shown only when the connection may see them. Safe to repeat.',
  keywords: [
    'members, user id',
    'teammates',
    'colleagues',
    'who is in the workspace',
    'employees',
    'notion users',
    'person, staff',
    'everybody',
    'people with access',
    'who has an account',
    'colleagues with access',
    'names of people',
  ],
  docs: `${DOCS}/get-users`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({ limit: limit(100), cursor }),
  output: z.object({
    users: z.array(
      z.object({
        id: z.string(),
        name: z.string().optional(),
        type: z.string().optional(),
        email: z.string().optional(),
      }),
    ),
    next_cursor: z.string().optional(),
  }),
  request: ({ limit, cursor }) => ({
    method: 'GET',
    path: path`/v1/users`,
    query: { page_size: limit, start_cursor: cursor },
  }),
  result: (reply) => {
    const { entries, next_cursor } = toList(reply, toUser)
    return { users: entries, next_cursor }
  },
})

const userWire = z.object({
  id: z.string(),
  name: z.string().nullish(),
  type: z.string().optional(),
  person: z.object({ email: z.string().optional() }).optional(),
})

function toUser(value: unknown) {
  const { id, name, type, person } = userWire.parse(value)
  return { id, name: name ?? undefined, type, email: person?.email }
}
