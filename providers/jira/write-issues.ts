import { action, invalidInput, path } from '#provider-kit'
import * as z from 'zod'
import { accountId, customFields, issueKey, markdown, projectKey, WRITE } from './fields.ts'
import { toAdf } from './to-adf.ts'

const DOCS = 'https://developer.atlassian.com/cloud/jira/platform/rest/v3'

const title = z
  .string()
  .min(1)
  .max(255)
  .regex(/^[^\r\n]*$/, 'must be one line')
  .describe('One line that says what it is about, such as "Login fails on Safari".')
const labels = z.array(z.string().regex(/^\S{1,255}$/)).max(50)
const priority = z
  .string()
  .min(1)
  .max(60)
  .describe('Name of the priority, such as High. Allowed ones: list_create_fields.')
const dueDate = z.iso.date().describe('Day on which it is due, such as 2026-01-31.')
const parentKey = issueKey.describe('Key of the epic, or of the issue that this is a subtask of, such as WEB-7.')

const created = z.object({ key: z.string(), id: z.string() })
const done = z.object({ issue_key: z.string(), done: z.boolean() })

export const createIssue = action({
  title: 'Create an issue',
  description:
    'Creates an issue and notifies those who follow the project. Search first (search_issues), so that nothing is ' +
    'reported twice. Type names come from list_issue_types, fields that a project demands from list_create_fields, ' +
    'people from search_users. Not safe to retry: a second call creates a second issue.',
  keywords: [
    'open a ticket, order',
    'file a bug, new story',
    'raise, epic, log a defect',
    'report a problem, change request',
    'subtask, request, put on the backlog',
    'new task, incident, somebody should fix',
    'bug report, new ticket',
    'ticket for another team',
    'add a task to the sprint',
    'put a ticket into a project',
    'ask IT for something',
    'request with the helpdesk',
  ],
  docs: `${DOCS}/api-group-issues/#api-rest-api-3-issue-post`,
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: WRITE,
  input: z.strictObject({
    project_key: projectKey,
    issue_type: z.string().min(1).max(60).describe('Name of the type, such as Bug. From list_issue_types.'),
    title,
    description: markdown('Text').optional(),
    assignee_id: accountId.optional().describe('Account id, such as 5b10ac8d82e05b22cc7d4ef5. From search_users.'),
    labels: labels.optional().describe('Labels without spaces, such as ["frontend"]. Unknown ones are created.'),
    priority: priority.optional(),
    due_date: dueDate.optional(),
    parent_key: parentKey.optional(),
    custom_fields: customFields.optional(),
  }),
  output: created,
  request: ({ project_key, issue_type, assignee_id, ...rest }) => ({
    method: 'POST',
    path: path`/rest/api/3/issue`,
    body: {
      json: {
        fields: {
          ...toFields(rest),
          project: { key: project_key },
          issuetype: { name: issue_type },
          assignee: assignee_id === undefined ? undefined : { accountId: assignee_id },
        },
      },
    },
  }),
})

interface Changes {
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly labels?: readonly string[] | undefined
  readonly priority?: string | undefined
  readonly due_date?: string | null | undefined
  readonly parent_key?: string | undefined
  readonly custom_fields?: Readonly<Record<string, unknown>> | undefined
}

/** Ours in Jira's names; what is undefined is not sent. Custom fields first: they replace none of the others. */
const toFields = ({ title, description, labels, priority, due_date, parent_key, custom_fields }: Changes) => ({
  ...custom_fields,
  summary: title,
  description: description === undefined ? undefined : toAdf(description),
  labels,
  priority: priority === undefined ? undefined : { name: priority },
  duedate: due_date,
  parent: parent_key === undefined ? undefined : { key: parent_key },
})

export const updateIssue = action({
  title: 'Change an issue',
  description:
    'Changes the fields of an issue; what you leave out stays. Labels and description are replaced as a whole, so ' +
    'read them with get_issue first. The state is changed with transition_issue, the assignee with assign_issue; use ' +
    'comment_on_issue to answer. Safe to retry: the same call gives the same issue.',
  keywords: [
    'edit a ticket, rename, label',
    'set the priority, urgent',
    'due date, reword, change the title',
    'deadline, estimate',
    'move under an epic',
    'story points, ticket field',
    'change the summary of a bug',
    'push the due date, put another date',
    'severity, fix version',
    'change the description',
    'make it urgent, more important',
    'raise the priority',
  ],
  docs: `${DOCS}/api-group-issues/#api-rest-api-3-issue-issueidorkey-put`,
  effect: 'write',
  external: true,
  idempotent: true,
  scopes: WRITE,
  input: z.strictObject({
    issue_key: issueKey,
    title: title.optional(),
    description: markdown('Whole new text').optional(),
    labels: labels.optional().describe('All labels it shall have, such as ["frontend"]; an empty list removes all.'),
    priority: priority.optional(),
    due_date: dueDate.nullable().optional().describe('Day on which it is due, such as 2026-01-31; null removes it.'),
    parent_key: parentKey.optional(),
    custom_fields: customFields.optional(),
    notify_users: z.boolean().default(true).describe('False sends no mails; only project admins may do that.'),
  }),
  output: done,
  request: ({ issue_key, notify_users, ...changes }) => {
    if (Object.values(changes).every((change) => change === undefined)) {
      throw invalidInput('Nothing to change: give at least one of the fields of the issue.')
    }
    return {
      method: 'PUT',
      path: path`/rest/api/3/issue/${issue_key}`,
      query: { notifyUsers: notify_users },
      body: { json: { fields: toFields(changes) } },
    }
  },
  result: (_reply, _followUps, { issue_key }) => ({ issue_key, done: true }),
})

export const commentOnIssue = action({
  title: 'Comment on an issue',
  description:
    'Adds a comment to an issue and notifies its watchers and whoever is mentioned. The key comes from search_issues. ' +
    'In a service desk the customer sees it too, unless visible_to_role is given. Not safe to retry: a second call ' +
    'comments twice; get_issue shows whether the first one arrived.',
  keywords: [
    'reply on a ticket, tell the assignee',
    'leave a note, answer, remark',
    'respond, inform, ask on a ticket',
    'write feedback, post an update',
    'tell on a ticket, add information',
    'update for the reporter',
    'write on a ticket',
    'say that it is fixed',
    'ask for a screenshot',
    'tell the customer',
    'let the watchers know',
    'explain on a ticket',
  ],
  docs: `${DOCS}/api-group-issue-comments/#api-rest-api-3-issue-issueidorkey-comment-post`,
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: WRITE,
  input: z.strictObject({
    issue_key: issueKey,
    body: markdown('Comment').min(1),
    visible_to_role: z
      .string()
      .min(1)
      .max(255)
      .optional()
      .describe('Only people of this project role see it, such as Administrators. Left out: all who see the issue.'),
  }),
  output: z.object({ id: z.string(), created: z.string().optional() }),
  request: ({ issue_key, body, visible_to_role }) => ({
    method: 'POST',
    path: path`/rest/api/3/issue/${issue_key}/comment`,
    body: {
      json: {
        body: toAdf(body),
        visibility: visible_to_role === undefined ? undefined : { type: 'role', value: visible_to_role },
      },
    },
  }),
})

export const assignIssue = action({
  title: 'Assign an issue',
  description:
    'Makes a person responsible for an issue, or nobody, and notifies them. The account id comes from search_users. ' +
    'Use it instead of update_issue for the assignee. Safe to retry.',
  keywords: [
    'give a ticket to, who should do it',
    'hand over, assignee',
    'reassign, owner, who owns it',
    'take over, give to me',
    'unassign, delegate',
    'put on my plate, pass on',
    'who shall work on it',
    'responsible person',
    "make it somebody else's",
    'let somebody take care',
    'change the owner',
    'somebody else shall do it',
  ],
  docs: `${DOCS}/api-group-issues/#api-rest-api-3-issue-issueidorkey-assignee-put`,
  effect: 'write',
  external: true,
  idempotent: true,
  scopes: WRITE,
  input: z.strictObject({
    issue_key: issueKey,
    assignee_id: accountId.nullable().describe('Account id, such as 5b10ac8d82e05b22cc7d4ef5; null for nobody.'),
  }),
  output: done,
  request: ({ issue_key, assignee_id }) => ({
    method: 'PUT',
    path: path`/rest/api/3/issue/${issue_key}/assignee`,
    body: { json: { accountId: assignee_id } },
  }),
  result: (_reply, _followUps, { issue_key }) => ({ issue_key, done: true }),
})
