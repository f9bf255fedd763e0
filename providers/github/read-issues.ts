import { action, path, type WireReply, type WireRequest } from '#provider-kit'
import * as z from 'zod'
import { nextPageField, nextPageOf, number, paging, repository } from './fields.ts'
import { issueDetail, issueSummary, toComment, toIssue } from './issue-shape.ts'

const SCOPES = [['repo'], ['public_repo']]

export const searchIssues = action({
  title: 'Search issues and pull requests',
  description:
    'Finds issues and pull requests by words and qualifiers, across repositories. Use it when you do not know the ' +
    'number; use list_issues for one repository without a text query. Always put is:issue or is:pr into the query, ' +
    'and repo:owner/name or org:name to narrow it. At most the first 1,000 hits can be paged through; 30 searches a ' +
    'minute. Safe to repeat.',
  keywords: [
    'find tickets about something',
    'look for a bug, PRs by author',
    'assigned to me, mentions a word',
    'review requested from me, similar crash or error',
    'already reported or a duplicate',
    'across all repos, related, filed by',
    'who opened or complained, reports by customers',
    'involving me, issues about',
    'known problem, somebody had it before',
    'has anyone else seen this error',
    'complaints, known bug, who is affected',
    'did people run into this',
  ],
  docs: 'https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: SCOPES,
  input: z.strictObject({
    query: z
      .string()
      .min(1)
      .max(1_000)
      .describe('Words and qualifiers, such as "timeout in:title is:issue is:open repo:acme/website".'),
    sort: z.enum(['comments', 'created', 'updated']).optional().describe('What to sort by. Left out: best match.'),
    order: z.enum(['asc', 'desc']).default('desc').describe('Direction of the sort.'),
    ...paging(20),
  }),
  output: z.object({
    total: z.number().int(),
    incomplete: z.boolean(),
    issues: z.array(issueSummary.extend({ repository: z.string().optional() })),
    next_page: nextPageField,
  }),
  request: ({ query, sort, order, limit, page }) => ({
    method: 'GET',
    path: path`/search/issues`,
    query: { q: query, sort, order: sort && order, per_page: limit, page },
  }),
  result: (reply) => {
    const found = searchWire.parse(reply.body)
    return {
      total: found.total_count,
      incomplete: found.incomplete_results,
      issues: found.items.map(toIssue),
      next_page: nextPageOf(reply),
    }
  },
})

const searchWire = z.object({
  total_count: z.number().int(),
  incomplete_results: z.boolean(),
  items: z.array(z.unknown()),
})

export const listIssues = action({
  title: 'List issues',
  description:
    'Lists the issues of one repository, newest first, without their bodies. GitHub counts pull requests as issues: ' +
    'is_pull_request tells them apart. Use search_issues to look for words, get_issue to read one. Owner and repo ' +
    'come from list_repositories. Safe to repeat.',
  keywords: [
    'open tickets, bug tracker',
    'backlog or to-do, latest reports',
    'by label or milestone, all bugs of a project',
    'outstanding, unresolved',
    'unassigned, still open',
    'triage, oldest, new this week',
    'what needs doing, reported problems',
    'what is open in the repo',
    'issues with a label, what is left to fix',
    'labelled, unsolved, tickets in a repo',
    'complaints about a repo',
    'what is broken at the moment',
  ],
  docs: 'https://docs.github.com/en/rest/issues/issues#list-repository-issues',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: SCOPES,
  input: z.strictObject({
    ...repository,
    state: z.enum(['open', 'closed', 'all']).default('open').describe('Which issues.'),
    labels: z
      .array(z.string().min(1).max(100))
      .max(20)
      .optional()
      .describe('Only issues that have all of these labels, such as ["bug"].'),
    assignee: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('Only issues of this user, such as octocat; "none" for unassigned, "*" for any.'),
    since: z.iso.datetime().optional().describe('Only issues changed after this moment, such as 2026-01-31T00:00:00Z.'),
    sort: z.enum(['created', 'updated', 'comments']).default('created').describe('What to sort by, falling.'),
    ...paging(30),
  }),
  output: z.object({ issues: z.array(issueSummary), next_page: nextPageField }),
  request: ({ owner, repo, labels, limit, ...query }) => ({
    method: 'GET',
    path: path`/repos/${owner}/${repo}/issues`,
    query: { ...query, labels: labels?.join(','), per_page: limit },
  }),
  result: (reply) => ({ issues: z.array(z.unknown()).parse(reply.body).map(toIssue), next_page: nextPageOf(reply) }),
})

export const getIssue = action({
  title: 'Read an issue',
  description:
    'Reads one issue or pull request: text, state, labels, assignees and latest comments. ' +
    'The number comes from list_issues or search_issues. For branches and mergeability of a pull request use ' +
    'get_pull_request. Long texts are cut. Safe to repeat.',
  keywords: [
    'ticket details, bug description',
    'discussion below a ticket',
    'what was said or written, catch me up on an issue',
    'show one ticket with replies',
    'comments on a ticket, what is number about',
    'comments on a PR, why was it opened',
    'look at the bug report, story behind an issue',
    'context, body text, summarise an issue',
    'status and owner of a bug',
    'look up an issue by its number',
    'what is the state of an issue',
    'what did the reporter write',
  ],
  docs: 'https://docs.github.com/en/rest/issues/issues#get-an-issue',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: SCOPES,
  input: z.strictObject({
    ...repository,
    issue_number: number('issue'),
    comments: z
      .number()
      .int()
      .min(0)
      .max(50)
      .default(10)
      .describe('How many of the latest comments to read, such as 10; 0 for none.'),
  }),
  output: issueDetail,
  request: ({ owner, repo, issue_number }) => ({
    method: 'GET',
    path: path`/repos/${owner}/${repo}/issues/${issue_number}`,
  }),
  followUps: (reply, input) => latestComments(countWire.safeParse(reply.body).data?.comments ?? 0, input),
  result: (reply, followUps, input) => ({
    ...toIssue(reply.body),
    latest_comments: followUps.flatMap(commentsOf).slice(-input.comments),
  }),
})

const countWire = z.object({ comments: z.number().int() })

/** Comments are served oldest first, so the latest ones fill the last page and, when it is short, the one before. */
function latestComments(
  total: number,
  input: { readonly owner: string; readonly repo: string; readonly issue_number: number; readonly comments: number },
): readonly WireRequest[] {
  if (total === 0 || input.comments === 0) return []
  const last = Math.ceil(total / input.comments)
  return [last - 1, last]
    .filter((page) => page >= 1)
    .map((page) => ({
      method: 'GET',
      path: path`/repos/${input.owner}/${input.repo}/issues/${input.issue_number}/comments`,
      query: { per_page: input.comments, page },
    }))
}

const commentsOf = (reply: WireReply) => z.array(z.unknown()).parse(reply.body).map(toComment)
