import github from '../../providers/github/index.ts'
import gmail from '../../providers/gmail/index.ts'
import googleCalendar from '../../providers/google-calendar/index.ts'
import jira from '../../providers/jira/index.ts'
import notion from '../../providers/notion/index.ts'
import slack from '../../providers/slack/index.ts'
import type { Provider } from '#provider-kit'
import { calendarExamples } from './vendor-examples-calendar.ts'
import { jiraExamples } from './vendor-examples-jira.ts'
import { notionExamples } from './vendor-examples-notion.ts'

/** The providers whose requests are held against the vendors' published contracts. */
export const PROVIDERS: readonly Provider[] = [github, slack, gmail, googleCalendar, jira, notion]

/** One call of an action, and the request that it must become. */
export interface Example {
  readonly provider: string
  readonly action: string
  readonly input: Readonly<Record<string, unknown>>
  /** Method and path below the base URL. */
  readonly sends: string
  /** An answer that calls for follow-up requests, and what they are. */
  readonly reply?: unknown
  readonly thenSends?: readonly string[]
}

const repository = { owner: 'acme', repo: 'website' }
const sha = '6dcb09b5b57875f334f61aebed695e2e4193db5e'
const channel = 'C02MB5ZABA7'
const ts = '1767261242.000200'
const mail = {
  to: ['ann@example.com'],
  cc: ['bob@example.com'],
  bcc: ['carl@example.com'],
  subject: 'Re: Grüße aus Zürich',
  text: 'Hello Ann,\nhere it is.',
  html: '<p>Hello Ann, here it is.</p>',
  thread_id: '18c2f0a1b2c3d4e5',
  in_reply_to: '<a@mail.example.com>',
  references: ['<0@mail.example.com>', '<a@mail.example.com>'],
}

export const EXAMPLES: readonly Example[] = [
  { provider: 'github', action: 'get_current_user', input: {}, sends: 'GET /user' },
  {
    provider: 'github',
    action: 'list_repositories',
    input: { visibility: 'private', affiliation: ['owner', 'collaborator'], sort: 'updated', limit: 50, page: 2 },
    sends: 'GET /user/repos',
  },
  {
    provider: 'github',
    action: 'search_issues',
    input: { query: 'timeout is:issue repo:acme/website', sort: 'updated', order: 'asc', limit: 5, page: 3 },
    sends: 'GET /search/issues',
  },
  {
    provider: 'github',
    action: 'list_issues',
    input: {
      ...repository,
      state: 'all',
      labels: ['bug', 'help wanted'],
      assignee: 'octocat',
      since: '2026-01-31T00:00:00Z',
      sort: 'updated',
      limit: 100,
      page: 2,
    },
    sends: 'GET /repos/acme/website/issues',
  },
  {
    provider: 'github',
    action: 'get_issue',
    input: { ...repository, issue_number: 42, comments: 10 },
    sends: 'GET /repos/acme/website/issues/42',
    reply: { comments: 13 },
    thenSends: ['GET /repos/acme/website/issues/42/comments', 'GET /repos/acme/website/issues/42/comments'],
  },
  {
    provider: 'github',
    action: 'create_issue',
    input: { ...repository, title: 'Login fails', body: 'Steps: …', labels: ['bug'], assignees: ['octocat'] },
    sends: 'POST /repos/acme/website/issues',
  },
  {
    provider: 'github',
    action: 'update_issue',
    input: {
      ...repository,
      issue_number: 42,
      title: 'Login fails on Safari',
      body: '',
      state: 'closed',
      state_reason: 'not_planned',
      labels: [],
      assignees: ['octocat'],
    },
    sends: 'PATCH /repos/acme/website/issues/42',
  },
  {
    provider: 'github',
    action: 'comment_on_issue',
    input: { ...repository, issue_number: 42, body: 'Fixed in #43.' },
    sends: 'POST /repos/acme/website/issues/42/comments',
  },
  {
    provider: 'github',
    action: 'list_pull_requests',
    input: {
      ...repository,
      state: 'closed',
      head: 'octocat:fix',
      base: 'main',
      sort: 'updated',
      direction: 'asc',
      limit: 5,
      page: 2,
    },
    sends: 'GET /repos/acme/website/pulls',
  },
  {
    provider: 'github',
    action: 'get_pull_request',
    input: { ...repository, pull_number: 43 },
    sends: 'GET /repos/acme/website/pulls/43',
  },
  {
    provider: 'github',
    action: 'list_pull_request_files',
    input: { ...repository, pull_number: 43, include_patch: false, limit: 100, page: 2 },
    sends: 'GET /repos/acme/website/pulls/43/files',
  },
  {
    provider: 'github',
    action: 'merge_pull_request',
    input: {
      ...repository,
      pull_number: 43,
      sha,
      merge_method: 'squash',
      commit_title: 'Fix login (#43)',
      commit_message: 'Closes #42.',
    },
    sends: 'PUT /repos/acme/website/pulls/43/merge',
  },
  {
    provider: 'github',
    action: 'get_file_contents',
    input: { ...repository, path: 'docs/read me #1.md', ref: 'main', offset: 100, max_characters: 500 },
    sends: 'GET /repos/acme/website/contents/docs/read%20me%20%231.md',
  },

  {
    provider: 'slack',
    action: 'list_channels',
    input: { types: ['public_channel', 'private_channel'], exclude_archived: false, limit: 200, cursor: 'dGVhbQ==' },
    sends: 'POST /conversations.list',
  },
  {
    provider: 'slack',
    action: 'read_channel_history',
    input: { channel, oldest: '1767225600.000000', latest: ts, limit: 15, cursor: 'bmV4dA==' },
    sends: 'POST /conversations.history',
  },
  {
    provider: 'slack',
    action: 'read_thread',
    input: { channel, thread_ts: ts, oldest: '1767225600.000000', latest: ts, limit: 15, cursor: 'bmV4dA==' },
    sends: 'POST /conversations.replies',
  },
  { provider: 'slack', action: 'list_users', input: { limit: 50, cursor: 'bmV4dA==' }, sends: 'POST /users.list' },
  {
    provider: 'slack',
    action: 'find_user_by_email',
    input: { email: 'ann@example.com' },
    sends: 'POST /users.lookupByEmail',
  },
  {
    provider: 'slack',
    action: 'search_messages',
    input: { query: 'outage in:#incidents', sort: 'timestamp', sort_dir: 'asc', limit: 5, page: 2 },
    sends: 'POST /search.messages',
  },
  {
    provider: 'slack',
    action: 'send_message',
    input: { channel, text: 'Deployed <https://example.com|v1.2>', thread_ts: ts, allow_broadcast: true },
    sends: 'POST /chat.postMessage',
  },
  {
    provider: 'slack',
    action: 'update_message',
    input: { channel, ts, text: 'Deployed v1.3', allow_broadcast: true },
    sends: 'POST /chat.update',
  },
  {
    provider: 'slack',
    action: 'schedule_message',
    input: { channel, text: 'Stand-up in five minutes', post_at: 1_767_261_600, thread_ts: ts, allow_broadcast: true },
    sends: 'POST /chat.scheduleMessage',
  },
  { provider: 'slack', action: 'delete_message', input: { channel, ts }, sends: 'POST /chat.delete' },
  {
    provider: 'slack',
    action: 'add_reaction',
    input: { channel, ts, name: 'white_check_mark' },
    sends: 'POST /reactions.add',
  },

  { provider: 'gmail', action: 'get_profile', input: {}, sends: 'GET /gmail/v1/users/me/profile' },
  {
    provider: 'gmail',
    action: 'search_messages',
    input: {
      query: 'from:ann@example.com is:unread',
      label_ids: ['INBOX', 'Label_12'],
      limit: 2,
      page_token: '09876543210',
      include_spam_trash: true,
    },
    sends: 'GET /gmail/v1/users/me/messages',
    reply: { messages: [{ id: '18c2f0a1b2c3d4e5' }, { id: '18c2f0a1b2c3d4e6' }], nextPageToken: '1' },
    thenSends: ['GET /gmail/v1/users/me/messages/18c2f0a1b2c3d4e5', 'GET /gmail/v1/users/me/messages/18c2f0a1b2c3d4e6'],
  },
  {
    provider: 'gmail',
    action: 'get_message',
    input: { message_id: '18c2f0a1b2c3d4e5', offset: 0, max_characters: 500 },
    sends: 'GET /gmail/v1/users/me/messages/18c2f0a1b2c3d4e5',
  },
  {
    provider: 'gmail',
    action: 'get_thread',
    input: { thread_id: '18c2f0a1b2c3d4e5', max_characters: 500 },
    sends: 'GET /gmail/v1/users/me/threads/18c2f0a1b2c3d4e5',
  },
  { provider: 'gmail', action: 'list_labels', input: {}, sends: 'GET /gmail/v1/users/me/labels' },
  { provider: 'gmail', action: 'send_message', input: mail, sends: 'POST /gmail/v1/users/me/messages/send' },
  { provider: 'gmail', action: 'create_draft', input: mail, sends: 'POST /gmail/v1/users/me/drafts' },
  {
    provider: 'gmail',
    action: 'send_draft',
    input: { draft_id: 'r-4398453493' },
    sends: 'POST /gmail/v1/users/me/drafts/send',
  },
  {
    provider: 'gmail',
    action: 'modify_labels',
    input: { message_id: '18c2f0a1b2c3d4e5', add_label_ids: ['STARRED'], remove_label_ids: ['UNREAD'] },
    sends: 'POST /gmail/v1/users/me/messages/18c2f0a1b2c3d4e5/modify',
  },
  {
    provider: 'gmail',
    action: 'trash_message',
    input: { message_id: '18c2f0a1b2c3d4e5' },
    sends: 'POST /gmail/v1/users/me/messages/18c2f0a1b2c3d4e5/trash',
  },

  ...calendarExamples,
  ...jiraExamples,
  ...notionExamples,
]
