import { defineProvider, path } from '#provider-kit'
import * as z from 'zod'
import { googleFailure } from '../_google/failure.ts'
import { googleAuth } from '../_google/oauth.ts'
import { getProfile, listLabels, modifyLabels, trashMessage } from './mailbox.ts'
import { getMessage, getThread, searchMessages } from './read-mail.ts'
import { createDraft, sendDraft, sendMessage } from './write-mail.ts'

/** Gmail's API v1 for one mailbox. */
export default defineProvider({
  id: 'gmail',
  title: 'Gmail',
  docs: 'https://developers.google.com/workspace/gmail/api/reference/rest',
  baseUrl: 'https://gmail.googleapis.com',
  auth: googleAuth,
  headers: { accept: 'application/json' },
  failure: googleFailure,
  whoami: {
    request: { method: 'GET', path: path`/gmail/v1/users/me/profile`, query: { fields: 'emailAddress' } },
    account: (reply) => z.object({ emailAddress: z.string() }).safeParse(reply.body).data?.emailAddress,
  },
  actions: {
    get_profile: getProfile,
    search_messages: searchMessages,
    get_message: getMessage,
    get_thread: getThread,
    list_labels: listLabels,
    send_message: sendMessage,
    create_draft: createDraft,
    send_draft: sendDraft,
    modify_labels: modifyLabels,
    trash_message: trashMessage,
  },
})
