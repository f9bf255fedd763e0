import { action, path } from '#provider-kit'
import * as z from 'zod'
import { issueKey, markdown, READ, WRITE } from './fields.ts'
import { toAdf } from './to-adf.ts'

const DOCS = 'https://developer.atlassian.com/cloud/jira/platform/rest/v3'

export const listTransitions = action({
  title: 'List the next states of an issue',
  description:
    'Lists the transitions that an issue can take from its present state, with their ids. transition_issue needs them. ' +
    'Each project names its own, and they change with the state: ask each time. The key comes from search_issues. ' +
    'Safe to repeat.',
  keywords: [
    'possible statuses',
    'allowed workflow steps',
    'where can a ticket move',
    'available columns',
    'next step, which states',
    'status options',
    'which statuses can it go to',
    'workflow, move to',
    'which states come next',
    'where can I move it',
    'is there a step between',
    'what can I do with the ticket',
  ],
  docs: `${DOCS}/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-get`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: READ,
  input: z.strictObject({ issue_key: issueKey }),
  output: z.object({
    transitions: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        to_status: z.string().optional(),
        to_category: z.string().optional(),
        asks_for_fields: z.boolean().optional(),
      }),
    ),
  }),
  request: ({ issue_key }) => ({ method: 'GET', path: path`/rest/api/3/issue/${issue_key}/transitions` }),
  result: (reply) => ({
    transitions: transitionsWire.parse(reply.body).transitions.map(({ id, name, to, hasScreen }) => ({
      id,
      name,
      to_status: to?.name,
      to_category: to?.statusCategory?.key,
      asks_for_fields: hasScreen || undefined,
    })),
  }),
})

const transitionsWire = z.object({
  transitions: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      hasScreen: z.boolean().optional(),
      to: z.object({ name: z.string(), statusCategory: z.object({ key: z.string() }).optional() }).optional(),
    }),
  ),
})

export const transitionIssue = action({
  title: 'Move an issue to another state',
  description:
    'Moves an issue along its workflow, such as to Done, and notifies its watchers. The id comes ' +
    'from list_transitions of this very issue. A retry after success is refused where the new state has no such ' +
    'transition; read get_issue to see the state.',
  keywords: [
    'change status, reopen, start',
    'close a ticket, finish, reject',
    'mark as done, back to open',
    'in progress, resolve',
    'start working on, complete a task',
    'move to another column',
    'put in review, ticket status',
    'is finished, close it',
    'set to in progress',
    'ticket is done, start progress',
    'send it to testing',
    'we are through with it',
  ],
  docs: `${DOCS}/api-group-issues/#api-rest-api-3-issue-issueidorkey-transitions-post`,
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: WRITE,
  input: z.strictObject({
    issue_key: issueKey,
    transition_id: z
      .string()
      .regex(/^[0-9]{1,10}$/)
      .describe('Id of the transition, such as 31. From list_transitions.'),
    resolution: z
      .string()
      .min(1)
      .max(60)
      .optional()
      .describe('Name of the resolution, such as Done; only where the transition asks for fields.'),
  }),
  output: z.object({ issue_key: z.string(), done: z.boolean() }),
  request: ({ issue_key, transition_id, resolution }) => ({
    method: 'POST',
    path: path`/rest/api/3/issue/${issue_key}/transitions`,
    body: {
      json: {
        transition: { id: transition_id },
        fields: resolution === undefined ? undefined : { resolution: { name: resolution } },
      },
    },
  }),
  result: (_reply, _followUps, { issue_key }) => ({ issue_key, done: true }),
})

export const logWork = action({
  title: 'Log work on an issue',
  description:
    'Books time that the account of this connection spent on an issue; nobody is notified. The key comes ' +
    'from search_issues. To plan time do not use it. Not safe to retry: a second call books twice.',
  keywords: [
    'book hours, track time',
    'timesheet, worked on',
    'worklog, minutes',
    'time spent, hours spent',
    'record effort',
    'minutes on a ticket',
    'time tracking',
    'I spent two hours',
    'how long it took',
    'book time, yesterday',
    'record my time',
    'half a day, for my timesheet',
  ],
  docs: `${DOCS}/api-group-issue-worklogs/#api-rest-api-3-issue-issueidorkey-worklog-post`,
  effect: 'write',
  external: false,
  idempotent: false,
  scopes: WRITE,
  input: z.strictObject({
    issue_key: issueKey,
    seconds: z.number().int().min(60).max(2_592_000).describe('Time spent in seconds, at least 60, such as 5400.'),
    started: z.iso
      .datetime({ offset: true })
      .optional()
      .describe('When the work began, such as 2026-01-31T09:00:00+01:00. Left out: now.'),
    comment: markdown('What was done').optional(),
    adjust_estimate: z
      .enum(['auto', 'leave'])
      .default('auto')
      .describe('Whether the remaining estimate falls by this time, or stays.'),
  }),
  output: z.object({ id: z.string(), time_spent: z.string().optional() }),
  request: ({ issue_key, seconds, started, comment, adjust_estimate }) => ({
    method: 'POST',
    path: path`/rest/api/3/issue/${issue_key}/worklog`,
    query: { adjustEstimate: adjust_estimate, notifyUsers: false },
    body: {
      json: {
        timeSpentSeconds: seconds,
        // Jira wants +0000 where ISO 8601 has Z.
        started: started === undefined ? undefined : new Date(started).toISOString().replace('Z', '+0000'),
        comment: comment === undefined ? undefined : toAdf(comment),
      },
    },
  }),
  result: (reply) => {
    const { id, timeSpent } = z.object({ id: z.string(), timeSpent: z.string().optional() }).parse(reply.body)
    return { id, time_spent: timeSpent }
  },
})
