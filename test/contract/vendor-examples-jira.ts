import type { Example } from './vendor-examples.ts'

const provider = 'jira'
const issue_key = 'WEB-42'
const assignee_id = '5b10ac8d82e05b22cc7d4ef5'
const jql = 'project = WEB AND statusCategory != Done ORDER BY updated DESC'
const custom_fields = { customfield_10016: 3, customfield_10020: { value: 'Blue' } }
const description = [
  '# Steps',
  '1. Open **/login**',
  '   - on `Safari`',
  '2. See [the log](https://example.com/log)',
  '> It was *fine* yesterday',
  '```ts',
  'login()',
  '```',
  '---',
  `[~accountid:${assignee_id}] please look`,
].join('\n')

export const jiraExamples: readonly Example[] = [
  {
    provider,
    action: 'search_issues',
    input: { jql, custom_fields: ['customfield_10016'], limit: 5, page_token: 'CAEaAggD' },
    sends: 'POST /rest/api/3/search/jql',
  },
  { provider, action: 'count_issues', input: { jql }, sends: 'POST /rest/api/3/search/approximate-count' },
  {
    provider,
    action: 'get_issue',
    input: { issue_key, custom_fields: ['customfield_10016', 'customfield_10020'], comments: 5 },
    sends: 'GET /rest/api/3/issue/WEB-42',
    thenSends: ['GET /rest/api/3/issue/WEB-42/comment'],
  },
  {
    provider,
    action: 'create_issue',
    input: {
      project_key: 'WEB',
      issue_type: 'Bug',
      title: 'Login fails on Safari',
      description,
      assignee_id,
      labels: ['frontend'],
      priority: 'High',
      due_date: '2026-01-31',
      parent_key: 'WEB-7',
      custom_fields,
    },
    sends: 'POST /rest/api/3/issue',
  },
  {
    provider,
    action: 'update_issue',
    input: {
      issue_key,
      title: 'Login fails',
      description,
      labels: [],
      priority: 'Low',
      due_date: null,
      parent_key: 'WEB-7',
      custom_fields,
      notify_users: false,
    },
    sends: 'PUT /rest/api/3/issue/WEB-42',
  },
  {
    provider,
    action: 'comment_on_issue',
    input: { issue_key, body: description, visible_to_role: 'Administrators' },
    sends: 'POST /rest/api/3/issue/WEB-42/comment',
  },
  {
    provider,
    action: 'assign_issue',
    input: { issue_key, assignee_id },
    sends: 'PUT /rest/api/3/issue/WEB-42/assignee',
  },
  {
    provider,
    action: 'assign_issue',
    input: { issue_key: '10042', assignee_id: null },
    sends: 'PUT /rest/api/3/issue/10042/assignee',
  },
  {
    provider,
    action: 'list_transitions',
    input: { issue_key },
    sends: 'GET /rest/api/3/issue/WEB-42/transitions',
  },
  {
    provider,
    action: 'transition_issue',
    input: { issue_key, transition_id: '31', resolution: 'Done' },
    sends: 'POST /rest/api/3/issue/WEB-42/transitions',
  },
  {
    provider,
    action: 'log_work',
    input: {
      issue_key,
      seconds: 5_400,
      started: '2026-01-31T09:00:00+01:00',
      comment: 'Looked at *logs*',
      adjust_estimate: 'leave',
    },
    sends: 'POST /rest/api/3/issue/WEB-42/worklog',
  },
  {
    provider,
    action: 'search_projects',
    input: { query: 'web', order_by: 'key', limit: 10, start_at: 50 },
    sends: 'GET /rest/api/3/project/search',
  },
  {
    provider,
    action: 'list_issue_types',
    input: { project_key: 'WEB', limit: 10, start_at: 50 },
    sends: 'GET /rest/api/3/issue/createmeta/WEB/issuetypes',
  },
  {
    provider,
    action: 'list_create_fields',
    input: { project_key: 'WEB', issue_type_id: '10001', limit: 10, start_at: 50 },
    sends: 'GET /rest/api/3/issue/createmeta/WEB/issuetypes/10001',
  },
  {
    provider,
    action: 'search_users',
    input: { query: 'Ann Lee', limit: 10, start_at: 20 },
    sends: 'GET /rest/api/3/user/search',
  },
]
