import { action, path } from '#provider-kit'
import * as z from 'zod'
import { channel, nextCursorOf, paging, timestamp } from './fields.ts'
import { message, toMessage } from './message-shape.ts'

export const listChannels = action({
  title: 'List channels',
  description:
    'Lists channels with their ids, names and topics. Use it to turn a name such as #general into the id that every ' +
    'other action needs; ids never change, so list once. is_member says whether this connection may read and write ' +
    'there. A page can be short although more follow: go on while there is a next_cursor. Safe to repeat.',
  keywords: [
    'rooms, groups, conversations',
    'channel id, topics',
    'private channels',
    'direct chats, all channels',
    'which channels',
    'channel by name',
    'where to post, join',
    'public channels',
    'is there a channel about',
    'which channel is for',
    'find a channel',
    'room for an office or a team',
  ],
  docs: 'https://docs.slack.dev/reference/methods/conversations.list',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [['channels:read'], ['groups:read'], ['im:read'], ['mpim:read']],
  input: z.strictObject({
    types: z
      .array(z.enum(['public_channel', 'private_channel', 'mpim', 'im']))
      .min(1)
      .max(4)
      .default(['public_channel'])
      .describe('Kinds of conversations, such as ["public_channel", "private_channel"]; each needs its own scope.'),
    exclude_archived: z.boolean().default(true).describe('False also lists archived channels.'),
    ...paging(100),
  }),
  output: z.object({
    channels: z.array(
      z.object({
        id: z.string(),
        name: z.string().optional(),
        user: z.string().optional(),
        is_private: z.boolean(),
        is_member: z.boolean().optional(),
        is_archived: z.boolean().optional(),
        topic: z.string().optional(),
        purpose: z.string().optional(),
        members: z.number().int().optional(),
      }),
    ),
    next_cursor: z.string().optional(),
  }),
  request: ({ types, ...query }) => ({
    method: 'POST',
    path: path`/conversations.list`,
    body: { form: { ...query, types: types.join(',') } },
  }),
  result: (reply) => ({
    channels: z
      .object({ channels: z.array(channelWire) })
      .parse(reply.body)
      .channels.map(toChannel),
    next_cursor: nextCursorOf(reply),
  }),
})

const channelWire = z.object({
  id: z.string(),
  name: z.string().optional(),
  user: z.string().optional(),
  is_private: z.boolean().optional(),
  is_member: z.boolean().optional(),
  is_archived: z.boolean().optional(),
  topic: z.object({ value: z.string() }).optional(),
  purpose: z.object({ value: z.string() }).optional(),
  num_members: z.number().int().optional(),
})

const toChannel = ({ topic, purpose, num_members, ...wire }: z.output<typeof channelWire>) => ({
  ...wire,
  is_private: wire.is_private ?? true,
  is_archived: wire.is_archived || undefined,
  topic: topic?.value || undefined,
  purpose: purpose?.value || undefined,
  members: num_members,
})

const HISTORY_SCOPES = [['channels:history'], ['groups:history'], ['im:history'], ['mpim:history']]

const span = {
  oldest: timestamp('Only messages after this moment, such as 1767225600.000000 (Unix seconds).').optional(),
  latest: timestamp('Only messages before this moment, such as 1767312000.000000 (Unix seconds).').optional(),
}

const messages = z.object({ messages: z.array(message), has_more: z.boolean(), next_cursor: z.string().optional() })
const messagesWire = z.object({ messages: z.array(z.unknown()), has_more: z.boolean().optional() })

export const readChannelHistory = action({
  title: 'Read a channel',
  description:
    'Reads the messages of one channel, newest first, without the replies in threads. Where reply_count is set, ' +
    'read_thread has them. The channel id comes from list_channels. Texts are Slack mrkdwn with <@U…> for people ' +
    'and &amp; &lt; &gt; escaped. Slack may allow some apps one call a minute. Safe to repeat.',
  keywords: [
    'catch up, what happened',
    'recent chat, conversation',
    'what was said, latest posts',
    'last messages, discussed, recap',
    'missed while away, bring me up to date',
    'summarise, new posts',
    'what people are saying',
    'news, last night, gossip',
    'what has been discussed',
    'what is new in a channel',
    'today, yesterday, what is going on',
    'I was off, what did I miss',
  ],
  docs: 'https://docs.slack.dev/reference/methods/conversations.history',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: HISTORY_SCOPES,
  input: z.strictObject({ channel, ...span, ...paging(30) }),
  output: messages,
  request: (input) => ({ method: 'POST', path: path`/conversations.history`, body: { form: input } }),
  result: (reply) => toMessages(reply.body, nextCursorOf(reply)),
})

export const readThread = action({
  title: 'Read a thread',
  description:
    'Reads a thread: its first message and the replies, oldest first. channel and thread_ts come ' +
    'from read_channel_history or search_messages (thread_ts, or the ts of the first message). Safe to repeat.',
  keywords: [
    'replies to a post, answers below',
    'answers to a message',
    'follow-ups, conversation',
    'responses, read on',
    'discussion below a post',
    'whole thread, thread below',
    'what did they reply',
    'what did people answer',
    'answers to my question',
    'did anybody reply',
    'did somebody respond to a post',
    'how did it go on below',
  ],
  docs: 'https://docs.slack.dev/reference/methods/conversations.replies',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: HISTORY_SCOPES,
  input: z.strictObject({
    channel,
    thread_ts: timestamp('ts of the first message of the thread, such as 1767261242.000200.'),
    ...span,
    ...paging(50),
  }),
  output: messages,
  request: ({ thread_ts, ...input }) => ({
    method: 'POST',
    path: path`/conversations.replies`,
    body: { form: { ...input, ts: thread_ts } },
  }),
  result: (reply) => toMessages(reply.body, nextCursorOf(reply)),
})

function toMessages(body: unknown, next_cursor: string | undefined) {
  const { messages, has_more } = messagesWire.parse(body)
  return { messages: messages.map(toMessage), has_more: has_more ?? next_cursor !== undefined, next_cursor }
}
