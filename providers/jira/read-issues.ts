import { action, path } from '#provider-kit'
import * as z from 'zod'
import { customFieldIds, issueKey, limit, READ } from './fields.ts'
import { issueDetail, issueSummary, SUMMARY_FIELDS, toComment, toIssue } from './issue-shape.ts'

const DOCS = 'https://developer.atlassian.com/cloud/jira/platform/rest/v3'

const jql = z
  .string()
  .min(1)
  .max(5_000)
  .describe(
    'What to find in JQL, such as "project = WEB AND statusCategory != Done ORDER BY updated DESC". Jira refuses ' +
      'queries without any limit; currentUser() is the account of this connection.',
  )

export const searchIssues = action({
  title: 'Search issues',
  description:
    'Finds issues with JQL, without their texts: get_issue has them. Use it to turn words, people and states into ' +
    'keys. Project keys come from search_projects, account ids from search_users. Jira tells no total; use ' +
    'count_issues. Go on with next_page_token and the same jql. Safe to repeat.',
  keywords: [
    'find tickets, sprint, board',
    'backlog, filter, stories, overdue',
    'assigned to me, stuck',
    'my tasks, open bugs',
    'blocked, my work',
    'high priority, tickets about',
    'what is the team working on',
    'due this week, which tickets',
    'done last week, reported by me',
    'search for a ticket',
    'what is on my plate',
    'what is waiting for me',
  ],
  docs: `${DOCS}/api-group-issue-search/#api-rest-api-3-search-jql-post`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: READ,
  input: z.strictObject({
    jql,
    custom_fields: customFieldIds,
    limit: limit(25),
    page_token: z
      .string()
      .min(1)
      .max(5_000)
      .optional()
      .describe('next_page_token of the page before, such as CAEaAggD. Left out: the first page.'),
  }),
  output: z.object({ issues: z.array(issueSummary), next_page_token: z.string().optional() }),
  request: ({ jql, custom_fields, limit, page_token }) => ({
    method: 'POST',
    path: path`/rest/api/3/search/jql`,
    body: {
      json: { jql, fields: [...SUMMARY_FIELDS, ...custom_fields], maxResults: limit, nextPageToken: page_token },
    },
  }),
  result: (reply) => {
    const { issues = [], nextPageToken, isLast } = searchWire.parse(reply.body)
    return { issues: issues.map(toIssue), next_page_token: isLast ? undefined : (nextPageToken ?? undefined) }
  },
})

const searchWire = z.object({
  issues: z.array(z.unknown()).optional(),
  nextPageToken: z.string().nullish(),
  isLast: z.boolean().optional(),
})

export const countIssues = action({
  title: 'Count issues',
  description:
    'Tells about how many issues a JQL query finds, without reading them. Use it before paging through a large ' +
    'result, or to answer "how many"; the last changes may be missing. Project keys come from search_projects. Safe ' +
    'to repeat.',
  keywords: [
    'how many tickets',
    'number of bugs',
    'total, tally',
    'statistics, volume',
    'amount of open tasks',
    'size of the backlog',
    'count tickets',
    'how many bugs are open',
    'number of tickets',
    'how much is left',
    'how big is the backlog',
    'how long is the list',
  ],
  docs: `${DOCS}/api-group-issue-search/#api-rest-api-3-search-approximate-count-post`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: READ,
  input: z.strictObject({ jql }),
  output: z.object({ count: z.number().int() }),
  request: ({ jql }) => ({ method: 'POST', path: path`/rest/api/3/search/approximate-count`, body: { json: { jql } } }),
})

export const getIssue = action({
  title: 'Read an issue',
  description:
    'Reads one issue: description as Markdown, state, people and latest comments. The key ' +
    'comes from search_issues or from the user. Long texts are cut. Safe to repeat.',
  keywords: [
    'ticket details, latest comment',
    'look up a ticket, who reported it',
    'show a ticket, open a story',
    'status of a bug, how far is it',
    'who is working on it',
    'description of a task',
    'read a ticket, ticket number',
    'comments on a ticket',
    'acceptance criteria',
    'what is a ticket about',
    'description and comments of a ticket',
    'where do we stand with a ticket',
  ],
  docs: `${DOCS}/api-group-issues/#api-rest-api-3-issue-issueidorkey-get`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: READ,
  input: z.strictObject({
    issue_key: issueKey,
    custom_fields: customFieldIds,
    comments: z
      .number()
      .int()
      .min(0)
      .max(50)
      .default(10)
      .describe('How many of the latest comments to read, such as 10; 0 for none.'),
  }),
  output: issueDetail,
  request: ({ issue_key, custom_fields }) => ({
    method: 'GET',
    path: path`/rest/api/3/issue/${issue_key}`,
    query: { fields: [...SUMMARY_FIELDS, 'description', ...custom_fields].join(',') },
  }),
  followUps: (_reply, { issue_key, comments }) =>
    comments === 0
      ? []
      : [
          {
            method: 'GET',
            path: path`/rest/api/3/issue/${issue_key}/comment`,
            query: { orderBy: '-created', maxResults: comments },
          },
        ],
  result: (reply, followUps) => ({
    ...toIssue(reply.body),
    latest_comments: followUps.flatMap(({ body }) => commentsWire.parse(body).comments.map(toComment)).toReversed(),
  }),
})

const commentsWire = z.object({ comments: z.array(z.unknown()) })
