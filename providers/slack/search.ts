import { action, path } from '#provider-kit'
import * as z from 'zod'

export const searchMessages = action({
  title: 'Search messages',
  description:
    'Finds messages by words in everything that the user behind the token can see. Use it when you do not know the ' +
    'channel; to catch up on a channel use read_channel_history. Works only with a user token (xoxp-…), not with a ' +
    'bot token. Safe to repeat.',
  keywords: [
    'look for a post, across channels',
    'who said, keyword, what was the link',
    'mentioned, who posted',
    'old conversation, discussion about',
    'chats, talked, somebody wrote',
    'where did we talk, somebody talk about it',
    'posted link, password',
    'where did we discuss',
    'when did we decide, find the post about',
    'link that was shared',
    'somebody shared it in chat',
    'who knows about, in chat',
  ],
  docs: 'https://docs.slack.dev/reference/methods/search.messages',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [['search:read']],
  input: z.strictObject({
    query: z
      .string()
      .min(1)
      .max(500)
      .describe('Words and modifiers, such as "outage in:#incidents from:@ann after:2026-01-01".'),
    sort: z.enum(['score', 'timestamp']).default('score').describe('Best match or time.'),
    sort_dir: z.enum(['asc', 'desc']).default('desc').describe('Direction of the sort.'),
    limit: z.number().int().min(1).max(100).default(20).describe('Entries per page, 1 to 100, such as 20.'),
    page: z.number().int().min(1).max(100).default(1).describe('Page number, such as 1; up to pages of the answer.'),
  }),
  output: z.object({
    total: z.number().int(),
    pages: z.number().int().optional(),
    messages: z.array(
      z.object({
        channel: z.string(),
        channel_name: z.string().optional(),
        ts: z.string(),
        user: z.string().optional(),
        text: z.string(),
        permalink: z.string().optional(),
      }),
    ),
  }),
  request: ({ limit, ...search }) => ({
    method: 'POST',
    path: path`/search.messages`,
    body: { form: { ...search, count: limit } },
  }),
  result: (reply) => {
    const { total, matches, paging } = searchWire.parse(reply.body).messages
    return {
      total,
      pages: paging?.pages,
      messages: matches.map(({ channel, user, username, text, ...match }) => ({
        ...match,
        channel: channel.id,
        channel_name: channel.name,
        user: user ?? username,
        text: text ?? '',
      })),
    }
  },
})

const searchWire = z.object({
  messages: z.object({
    total: z.number().int(),
    paging: z.object({ pages: z.number().int() }).optional(),
    matches: z.array(
      z.object({
        channel: z.object({ id: z.string(), name: z.string().optional() }),
        ts: z.string(),
        user: z.string().nullish(),
        username: z.string().optional(),
        text: z.string().optional(),
        permalink: z.string().optional(),
      }),
    ),
  }),
})
