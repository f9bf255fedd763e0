import { action, invalidInput, path } from '#provider-kit'
import * as z from 'zod'
import { number, repository } from './fields.ts'
import { issueReceipt, toIssue } from './issue-shape.ts'

const SCOPES = [['repo'], ['public_repo']]
/** GitHub's own limit for bodies of issues and comments. */
const MAX_TEXT = 65_536

const title = z.string().min(1).max(256).describe('One line that says what is wrong, such as "Login fails on Safari".')
const body = z
  .string()
  .max(MAX_TEXT)
  .describe('Text in GitHub Markdown, such as "Steps:\\n1. Open /login". A name with @ in front is notified.')
const labels = z.array(z.string().min(1).max(100)).max(100)
const assignees = z.array(z.string().min(1).max(100)).max(10)

export const createIssue = action({
  title: 'Create an issue',
  description:
    'Opens an issue, such as a bug report or a wish. Watchers, assignees and people mentioned are notified. Search first ' +
    '(search_issues) so that nothing is reported twice. Labels and assignees are dropped silently when the token ' +
    'may not push to the repository. Not safe to retry: a second call opens a second issue.',
  keywords: [
    'report a bug, raise, wish',
    'file a ticket, log a problem',
    'feature request, write up a bug',
    'submit a new defect, something is broken',
    'suggest an enhancement or idea',
    'crash, does not work',
    'ticket for the developers',
    'let maintainers know',
    'new ticket, track this',
    'open a GitHub ticket',
    'tell the developers',
    'write it up for the devs',
  ],
  docs: 'https://docs.github.com/en/rest/issues/issues#create-an-issue',
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: SCOPES,
  input: z.strictObject({
    ...repository,
    title,
    body: body.optional(),
    labels: labels.optional().describe('Labels to put on it, such as ["bug"]. Unknown ones are created.'),
    assignees: assignees.optional().describe('Logins of the people who should do it, such as ["octocat"].'),
  }),
  output: issueReceipt,
  request: ({ owner, repo, ...issue }) => ({
    method: 'POST',
    path: path`/repos/${owner}/${repo}/issues`,
    body: { json: issue },
  }),
  result: (reply) => toIssue(reply.body),
})

export const updateIssue = action({
  title: 'Change an issue',
  description:
    'Changes title, text, state, labels or assignees of an issue or pull request. What you leave out stays. Labels ' +
    'and assignees are replaced as a whole, so read them with get_issue first. Use it to close or reopen; use ' +
    'comment_on_issue to answer. Safe to retry: the same call gives the same issue.',
  keywords: [
    'close, tag, mark as done',
    'reopen, assign, edit a ticket',
    'rename or retitle',
    'reassign to somebody',
    'will not be fixed, not planned',
    'add or remove a label',
    'completed or solved',
    'stale, duplicate, change the title',
    'put a label on, false alarm',
    'milestone, resolved',
    'set the assignee',
    'no longer relevant',
  ],
  docs: 'https://docs.github.com/en/rest/issues/issues#update-an-issue',
  effect: 'write',
  external: true,
  idempotent: true,
  scopes: SCOPES,
  input: z.strictObject({
    ...repository,
    issue_number: number('issue'),
    title: title.optional(),
    body: body.optional(),
    state: z.enum(['open', 'closed']).optional().describe('The state it shall have.'),
    state_reason: z
      .enum(['completed', 'not_planned', 'reopened'])
      .optional()
      .describe('Why the state changes; only together with state.'),
    labels: labels.optional().describe('All labels it shall have, such as ["bug", "ui"]; an empty list removes all.'),
    assignees: assignees.optional().describe('All assignees it shall have, such as ["octocat"]; empty removes all.'),
  }),
  output: issueReceipt,
  request: ({ owner, repo, issue_number, ...changes }) => {
    if (Object.values(changes).every((change) => change === undefined)) {
      throw invalidInput('Nothing to change: give at least one of title, body, state, labels, assignees.')
    }
    return {
      method: 'PATCH',
      path: path`/repos/${owner}/${repo}/issues/${issue_number}`,
      body: { json: changes },
    }
  },
  result: (reply) => toIssue(reply.body),
})

export const commentOnIssue = action({
  title: 'Comment on an issue',
  description:
    'Adds a comment to an issue or pull request, and notifies everybody who takes part. ' +
    'The number comes from list_issues, search_issues or list_pull_requests. Not safe to retry: a second call ' +
    'comments twice; read get_issue to see whether the first one arrived.',
  keywords: [
    'reply, answer, respond on a ticket',
    'comment on a pull request',
    'answer on a PR, thank, agree',
    'leave feedback, review comment',
    'write back to the author',
    'add a note, PR remark, ping the maintainer',
    'looks good, approve in words',
    'tell the reporter, ask the reporter',
    'mention somebody, post an update',
    'ask for logs or details',
    'leave word, let them know',
    'reply that a version has the fix',
  ],
  docs: 'https://docs.github.com/en/rest/issues/comments#create-an-issue-comment',
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: SCOPES,
  input: z.strictObject({ ...repository, issue_number: number('issue'), body: body.min(1) }),
  output: z.object({ id: z.number().int(), url: z.string() }),
  request: ({ owner, repo, issue_number, body }) => ({
    method: 'POST',
    path: path`/repos/${owner}/${repo}/issues/${issue_number}/comments`,
    body: { json: { body } },
  }),
  result: (reply) => {
    const { id, html_url } = z.object({ id: z.number().int(), html_url: z.string() }).parse(reply.body)
    return { id, url: html_url }
  },
})
