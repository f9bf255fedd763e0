import { action, invalidInput, path } from '#provider-kit'
import * as z from 'zod'
import { GMAIL, labelIds, messageId, READ_SCOPES } from './fields.ts'

export const getProfile = action({
  title: 'Whose mailbox is this',
  description:
    'Tells the address of the connected mailbox and how many messages and threads it holds. Use it to learn who ' +
    '"me" is before writing as this person. Safe to repeat.',
  keywords: [
    'my email address',
    'own account, identity',
    'mailbox size, whose inbox',
    'signed in as',
    'how many mails do I have',
    'which account',
    'email account',
    'which address do I send from',
    'number of mails',
    'owner of the inbox',
    'my Gmail address',
    'mailbox of whom',
  ],
  docs: 'https://developers.google.com/workspace/gmail/api/reference/rest/v1/users/getProfile',
  effect: 'read',
  external: false,
  idempotent: true,
  // Metadata last: a grant that holds it cannot search any more, so it is never the one to ask for.
  scopes: [...READ_SCOPES, [`${GMAIL}.compose`], [`${GMAIL}.metadata`]],
  input: z.strictObject({}),
  output: z.object({ email: z.string(), messages: z.number().int(), threads: z.number().int() }),
  request: () => ({
    method: 'GET',
    path: path`/gmail/v1/users/me/profile`,
    query: { fields: 'emailAddress,messagesTotal,threadsTotal' },
  }),
  result: (reply) => {
    const { emailAddress, messagesTotal, threadsTotal } = profileWire.parse(reply.body)
    return { email: emailAddress, messages: messagesTotal, threads: threadsTotal }
  },
})

const profileWire = z.object({
  emailAddress: z.string(),
  messagesTotal: z.number().int(),
  threadsTotal: z.number().int(),
})

export const listLabels = action({
  title: 'List labels',
  description:
    "Lists the labels of the mailbox: those of the system (INBOX, UNREAD, STARRED) and the user's own. Use it " +
    'to get the ids that modify_labels and label_ids of search_messages need; the id of a user label is not its ' +
    'name. Safe to repeat.',
  keywords: [
    'folders of the mailbox',
    'tags',
    'categories',
    'how mail is sorted',
    'email folders',
    'available labels',
    'label names',
    'which labels or tags do I have',
    'names of the folders',
    'how do I sort my mail',
  ],
  docs: 'https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.labels/list',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [[`${GMAIL}.labels`], ...READ_SCOPES, [`${GMAIL}.metadata`]],
  input: z.strictObject({}),
  output: z.object({
    labels: z.array(z.object({ id: z.string(), name: z.string(), type: z.string().optional() })),
  }),
  request: () => ({
    method: 'GET',
    path: path`/gmail/v1/users/me/labels`,
    query: { fields: 'labels(id,name,type)' },
  }),
})

/** Where a mail lies after the call. */
const placed = z.object({ id: z.string(), thread_id: z.string(), labels: z.array(z.string()) })
const placedWire = z.object({ id: z.string(), threadId: z.string(), labelIds: z.array(z.string()).optional() })
const PLACED_FIELDS = 'id,threadId,labelIds'

function toPlaced(body: unknown) {
  const { id, threadId, labelIds } = placedWire.parse(body)
  return { id, thread_id: threadId, labels: labelIds ?? [] }
}

/** Throwing away and reporting spam are no relabelling: they have an action, an effect and rules of their own. */
const REFUSED = new Set(['TRASH', 'SPAM'])

export const modifyLabels = action({
  title: 'Change the labels of a message',
  description:
    'Adds and removes labels of one message: marks it read, archives or stars it. Remove UNREAD to mark it read, remove INBOX to archive it, add STARRED ' +
    'to star it. Ids of user labels come from list_labels, message ids from search_messages. To throw a message ' +
    'away use trash_message. Safe to retry.',
  keywords: [
    'mark as read, sort mails',
    'mark as unread, put a star on',
    'archive, clean up',
    'star, flag, important',
    'tag, label a mail',
    'move to a folder',
    'categorise an email',
    'clear the inbox, follow up later',
    'mark as seen, put aside',
    'put into a folder',
    'deal with it later',
    'done with this mail',
  ],
  docs: 'https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/modify',
  effect: 'write',
  external: false,
  idempotent: true,
  scopes: [[`${GMAIL}.modify`]],
  input: z.strictObject({
    message_id: messageId,
    add_label_ids: labelIds.default([]).describe('Ids of labels to put on, such as ["STARRED", "Label_12"].'),
    remove_label_ids: labelIds.default([]).describe('Ids of labels to take off, such as ["UNREAD", "INBOX"].'),
  }),
  output: placed,
  request: ({ message_id, add_label_ids, remove_label_ids }) => {
    if (add_label_ids.length + remove_label_ids.length === 0) {
      throw invalidInput('Nothing to change: give add_label_ids, remove_label_ids or both.')
    }
    if (add_label_ids.some((id) => REFUSED.has(id))) {
      throw invalidInput('add_label_ids must not hold TRASH or SPAM. To throw a message away use trash_message.')
    }
    return {
      method: 'POST',
      path: path`/gmail/v1/users/me/messages/${message_id}/modify`,
      query: { fields: PLACED_FIELDS },
      body: { json: { addLabelIds: add_label_ids, removeLabelIds: remove_label_ids } },
    }
  },
  result: (reply) => toPlaced(reply.body),
})

export const trashMessage = action({
  title: 'Move a message to the trash',
  description:
    'Moves one message to the trash, where Gmail deletes it for good after 30 days. Only when the user asked for ' +
    'it; to clear the inbox remove the label INBOX with modify_labels instead. Message ids come ' +
    'from search_messages. Safe to retry.',
  keywords: [
    'delete an email',
    'bin, junk, clean out',
    'throw away, get rid of',
    'remove mail, toss',
    'discard, unwanted',
    'spam, advertising, newsletter',
    'delete this mail',
    'out of my inbox for good',
    'delete the emails from',
    'remove from the mailbox',
    'do not need this email any more',
    'junk this, clutter',
  ],
  docs: 'https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/trash',
  effect: 'destructive',
  external: false,
  idempotent: true,
  scopes: [[`${GMAIL}.modify`]],
  input: z.strictObject({ message_id: messageId }),
  output: placed,
  request: ({ message_id }) => ({
    method: 'POST',
    path: path`/gmail/v1/users/me/messages/${message_id}/trash`,
    query: { fields: PLACED_FIELDS },
  }),
  result: (reply) => toPlaced(reply.body),
})
