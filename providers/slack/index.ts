import { defineProvider, path } from '#provider-kit'
import * as z from 'zod'
import { slackAuth } from './auth.ts'
import { listChannels, readChannelHistory, readThread } from './channels.ts'
import { slackFailure } from './failure.ts'
import { addReaction, deleteMessage, scheduleMessage, sendMessage, updateMessage } from './messages.ts'
import { findUserByEmail, listUsers } from './people.ts'
import { searchMessages } from './search.ts'

/** Slack's Web API, as a bot or, which search needs, as a person. */
export default defineProvider({
  id: 'slack',
  title: 'Slack',
  docs: 'https://docs.slack.dev/reference/methods',
  baseUrl: 'https://slack.com/api',
  auth: slackAuth,
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
