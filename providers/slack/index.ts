import { bearer, defineProvider, path } from '#provider-kit'
import { z } from 'zod'
import { listChannels, readChannelHistory, readThread } from './channels.ts'
import { slackFailure } from './failure.ts'
import { addReaction, deleteMessage, scheduleMessage, sendMessage, updateMessage } from './messages.ts'
import { findUserByEmail, listUsers } from './people.ts'
import { searchMessages } from './search.ts'

/** Slack's Web API with a bot token (`xoxb-…`) or a user token (`xoxp-…`, which search needs). */
export default defineProvider({
  id: 'slack',
  title: 'Slack',
  docs: 'https://docs.slack.dev/reference/methods',
  baseUrl: 'https://slack.com/api',
  auth: [bearer({ title: 'Bot or user token', label: 'Token', pattern: '^[\\x21-\\x7e]{8,512}$' })],
  headers: { accept: 'application/json' },
  failure: slackFailure,
  whoami: {
    // Slack's read methods take forms only; JSON bodies are for the methods that write.
    request: { method: 'POST', path: path`/auth.test`, body: { form: {} } },
    account: (reply) => {
      const { user, team } = z.object({ user: z.string(), team: z.string() }).safeParse(reply.body).data ?? {}
      return user && `${user} at ${team}`
    },
  },
  actions: {
    list_channels: listChannels,
    read_channel_history: readChannelHistory,
    read_thread: readThread,
    list_users: listUsers,
    find_user_by_email: findUserByEmail,
    search_messages: searchMessages,
    send_message: sendMessage,
    update_message: updateMessage,
    schedule_message: scheduleMessage,
    delete_message: deleteMessage,
    add_reaction: addReaction,
  },
})
