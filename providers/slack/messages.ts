import { action, path } from '#provider-kit'
import * as z from 'zod'
import { channel, timestamp } from './fields.ts'
import { textOf, writing } from './message-text.ts'

const SCOPES = [['chat:write']]

const target = z
  .string()
  .regex(/^[CDGUW][A-Z0-9]{2,20}$/)
  .describe("Channel id, such as C02MB5ZABA7 (from list_channels), or a person's id for a direct message.")

const thread = timestamp(
  'ts of the first message of a thread, such as 1767261242.000200, to answer in the thread. Left out: a new message.',
).optional()

const ownMessage = timestamp('ts of the message, such as 1767261242.000200: from send_message or read_channel_history.')

export const sendMessage = action({
  title: 'Send a message',
  description:
    'Posts a message to a channel, a thread or a person, and notifies them. The channel id comes ' +
    "from list_channels, a person's id from find_user_by_email. Keep ts of the answer to change or delete the " +
    'message. Not safe to retry: a second call posts twice; read_channel_history shows whether the first one arrived.',
  keywords: [
    'DM, ping, announce',
    'write to a colleague',
    'chat, inform, tag somebody',
    'tell the team, post an update',
    'reply in a thread, I am running late',
    'let know, drop a note',
    'direct message, post to everyone',
    'message somebody, warn the others',
    'write in the channel',
    'ask the team, share a link',
    'tell somebody in chat',
    'shout out, congratulate',
  ],
  docs: 'https://docs.slack.dev/reference/methods/chat.postMessage',
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: SCOPES,
  input: z.strictObject({ channel: target, ...writing, thread_ts: thread }),
  output: z.object({ channel: z.string(), ts: z.string() }),
  request: (input) => ({
    method: 'POST',
    path: path`/chat.postMessage`,
    body: { json: { channel: input.channel, text: textOf(input), thread_ts: input.thread_ts } },
  }),
})

export const updateMessage = action({
  title: 'Change a message',
  description:
    'Replaces the whole text of a message that this connection sent before. Messages of others cannot be changed. ' +
    'Use it to correct or to keep a status up to date instead of posting again. Safe to retry: the same call gives ' +
    'the same message.',
  keywords: [
    'edit a post, what I wrote',
    'fix a typo, oops',
    'amend, reword',
    'correct a message',
    'update what was posted',
    'wrong message',
    'change my post',
    'typo in my message',
    'rewrite, was wrong',
    'change the text',
    'fix the date',
    'I made an error',
  ],
  docs: 'https://docs.slack.dev/reference/methods/chat.update',
  effect: 'write',
  external: true,
  idempotent: true,
  scopes: SCOPES,
  input: z.strictObject({ channel, ts: ownMessage, ...writing }),
  output: z.object({ channel: z.string(), ts: z.string() }),
  request: (input) => ({
    method: 'POST',
    path: path`/chat.update`,
    body: { json: { channel: input.channel, ts: input.ts, text: textOf(input) } },
  }),
})

export const scheduleMessage = action({
  title: 'Schedule a message',
  description:
    'Has Slack post a message later, at most 120 days ahead. It is then sent without asking again. The channel id ' +
    'comes from list_channels. Not safe to retry: a second call schedules a second message.',
  keywords: [
    'send later, in an hour',
    'tomorrow morning',
    'delayed post, later today',
    'at a set time, post it later',
    'remind the channel',
    'queue, timed, not before',
    'delay, at nine',
    'next week, tonight',
    'on Monday, on Friday',
    'timed announcement',
    'greetings at a date and time',
    'when the office opens',
  ],
  docs: 'https://docs.slack.dev/reference/methods/chat.scheduleMessage',
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: SCOPES,
  input: z.strictObject({
    channel: target,
    post_at: z.number().int().min(1).describe('When to post, in Unix seconds, such as 1767261600.'),
    ...writing,
    thread_ts: thread,
  }),
  output: z.object({ channel: z.string(), scheduled_message_id: z.string(), post_at: z.number().int() }),
  request: (input) => ({
    method: 'POST',
    path: path`/chat.scheduleMessage`,
    body: {
      json: { channel: input.channel, post_at: input.post_at, text: textOf(input), thread_ts: input.thread_ts },
    },
  }),
})

export const deleteMessage = action({
  title: 'Delete a message',
  description:
    'Deletes a message that this connection sent, for everybody and for good. Only when the user asked for it; to ' +
    'correct a message use update_message. channel and ts come from send_message or read_channel_history. A retry ' +
    'after success answers message_not_found.',
  keywords: [
    'remove a post',
    'take back',
    'unsend, retract',
    'erase, undo',
    'clean up',
    'message sent by mistake',
    'delete my post',
    'wrong channel',
    'withdraw',
    'take it down',
    'remove what I posted',
    'should not have posted',
  ],
  docs: 'https://docs.slack.dev/reference/methods/chat.delete',
  effect: 'destructive',
  external: false,
  idempotent: false,
  scopes: SCOPES,
  input: z.strictObject({ channel, ts: ownMessage }),
  output: z.object({ channel: z.string(), ts: z.string() }),
  request: (input) => ({ method: 'POST', path: path`/chat.delete`, body: { json: input } }),
})

export const addReaction = action({
  title: 'Add a reaction',
  description:
    'Puts an emoji reaction on a message, for example to acknowledge it without writing. channel and ts come ' +
    'from read_channel_history, read_thread or search_messages. Safe to retry: a reaction that is already there stays.',
  keywords: [
    'thumbs up',
    'like, tick',
    'check mark',
    'react, eyes',
    'smiley, upvote',
    'emoji, agree',
    'respond with an emoji',
    'acknowledge',
    'heart, party',
    'give a thumbs-up',
    'plus one',
    'show that I like it',
  ],
  docs: 'https://docs.slack.dev/reference/methods/reactions.add',
  effect: 'write',
  external: false,
  idempotent: true,
  scopes: [['reactions:write']],
  input: z.strictObject({
    channel,
    ts: timestamp('ts of the message, such as 1767261242.000200.'),
    name: z
      .string()
      .regex(/^[a-z0-9_+'-]{1,100}(?:::skin-tone-[2-6])?$/)
      .describe('Emoji name without colons, such as thumbsup or white_check_mark.'),
  }),
  output: z.object({ channel: z.string(), ts: z.string(), name: z.string() }),
  request: ({ channel, ts, name }) => ({
    method: 'POST',
    path: path`/reactions.add`,
    body: { json: { channel, timestamp: ts, name } },
  }),
  result: (_reply, _followUps, input) => input,
})
