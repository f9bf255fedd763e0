import { action, path } from '#provider-kit'
import * as z from 'zod'
import { clip, nextPageField, nextPageOf, number, paging, repository } from './fields.ts'
import { pullRequestDetail, pullRequestSummary, toPullRequest } from './pull-request-shape.ts'

const SCOPES = [['repo'], ['public_repo']]
const MAX_PATCH = 3_000

export const listPullRequests = action({
  title: 'List pull requests',
  description:
    'Lists the pull requests of one repository, without their texts. Use search_issues with is:pr to look for words ' +
    'or authors, get_pull_request to read one. Owner and repo come from list_repositories. Safe to repeat.',
  keywords: [
    'PRs, open PRs, contributions',
    'open merge requests',
    'awaiting review, code to review',
    'proposed changes, incoming changes',
    'pending or waiting',
    'unmerged branches',
    'still in review, review queue',
    'draft PRs, oldest PR',
    'who has something to merge',
    'nobody has reviewed yet',
    'what is there to review',
    'what is ready for review',
  ],
  docs: 'https://docs.github.com/en/rest/pulls/pulls#list-pull-requests',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: SCOPES,
  input: z.strictObject({
    ...repository,
    state: z.enum(['open', 'closed', 'all']).default('open').describe('Which pull requests.'),
    head: z
      .string()
      .min(1)
      .max(300)
      .optional()
      .describe('Only from this branch, with its owner, such as octocat:fix-login.'),
    base: z.string().min(1).max(255).optional().describe('Only into this branch, such as main.'),
    sort: z.enum(['created', 'updated', 'popularity', 'long-running']).default('created').describe('What to sort by.'),
    direction: z.enum(['asc', 'desc']).default('desc').describe('Direction of the sort.'),
    ...paging(30),
  }),
  output: z.object({ pull_requests: z.array(pullRequestSummary), next_page: nextPageField }),
  request: ({ owner, repo, limit, ...query }) => ({
    method: 'GET',
    path: path`/repos/${owner}/${repo}/pulls`,
    query: { ...query, per_page: limit },
  }),
  result: (reply) => ({
    pull_requests: z.array(z.unknown()).parse(reply.body).map(toPullRequest),
    next_page: nextPageOf(reply),
  }),
})

export const getPullRequest = action({
  title: 'Read a pull request',
  description:
    'Reads one pull request: text, branches, size, whether it can be merged, and its head_sha. ' +
    'merge_pull_request needs head_sha. mergeable is missing while GitHub is still working it out: ask again after some seconds. Comments are ' +
    'in get_issue, changed files in list_pull_request_files. Safe to repeat.',
  keywords: [
    'PR details, head commit',
    'merge request, source branch',
    'merge conflicts, is it approved',
    'ready to merge, status of a PR',
    'mergeable, can it go in',
    'description of a PR',
    'who wrote the PR, checks, blocked',
    'does it conflict',
    'who opened a PR, author',
    'into which branch',
    'what is a PR about',
    'what is it supposed to do',
  ],
  docs: 'https://docs.github.com/en/rest/pulls/pulls#get-a-pull-request',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: SCOPES,
  input: z.strictObject({ ...repository, pull_number: number('pull request') }),
  output: pullRequestDetail,
  request: ({ owner, repo, pull_number }) => ({
    method: 'GET',
    path: path`/repos/${owner}/${repo}/pulls/${pull_number}`,
  }),
  result: (reply) => toPullRequest(reply.body),
})

export const listPullRequestFiles = action({
  title: 'List the files of a pull request',
  description:
    'Lists the files that a pull request changes, with their diffs. Each diff is cut at 3,000 characters. Use it to review ' +
    'or summarise a change; read a whole file with get_file_contents and ref = head_sha. The number comes ' +
    'from list_pull_requests. Safe to repeat.',
  keywords: [
    'diff of a PR, changed code',
    'code review, review a PR',
    'what changed, modified lines',
    'patch, changeset',
    'which files are touched',
    'lines added or removed',
    'what does a PR do',
    'summarise the changes',
    'how big is the change',
    'see the code of a PR',
    'go through the changes',
    'what is different in the code',
  ],
  docs: 'https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: SCOPES,
  input: z.strictObject({
    ...repository,
    pull_number: number('pull request'),
    include_patch: z.boolean().default(true).describe('False leaves the diffs out, to see only which files change.'),
    ...paging(20),
  }),
  output: z.object({
    files: z.array(
      z.object({
        filename: z.string(),
        status: z.string(),
        additions: z.number().int(),
        deletions: z.number().int(),
        previous_filename: z.string().optional(),
        patch: z.string().optional(),
      }),
    ),
    next_page: nextPageField,
  }),
  request: ({ owner, repo, pull_number, limit, page }) => ({
    method: 'GET',
    path: path`/repos/${owner}/${repo}/pulls/${pull_number}/files`,
    query: { per_page: limit, page },
  }),
  result: (reply, _followUps, { include_patch }) => ({
    files: z
      .array(fileWire)
      .parse(reply.body)
      .map(({ patch, ...file }) => ({
        ...file,
        patch: include_patch && patch !== undefined ? clip(patch, MAX_PATCH) : undefined,
      })),
    next_page: nextPageOf(reply),
  }),
})

const fileWire = z.object({
  filename: z.string(),
  status: z.string(),
  additions: z.number().int(),
  deletions: z.number().int(),
  previous_filename: z.string().optional(),
  patch: z.string().optional(),
})

export const mergePullRequest = action({
  title: 'Merge a pull request',
  description:
    'Merges a pull request into its base branch; this cannot be taken back and may start a release. Only when the ' +
    'user asked for it. Read get_pull_request first and give its head_sha: when the branch has changed since, ' +
    'GitHub refuses instead of merging what nobody looked at. A retry after success is refused, not merged twice.',
  keywords: [
    'land, ship, get it in',
    'squash and merge',
    'rebase, into main',
    'accept a PR, into master',
    'merge request',
    'release a PR',
    'integrate a branch',
    'complete a reviewed PR',
    'bring it into main',
    'approved, finish the PR',
    'put it live',
    'everyone signed off',
  ],
  docs: 'https://docs.github.com/en/rest/pulls/pulls#merge-a-pull-request',
  effect: 'destructive',
  external: true,
  idempotent: false,
  scopes: SCOPES,
  input: z.strictObject({
    ...repository,
    pull_number: number('pull request'),
    sha: z
      .string()
      .regex(/^[0-9a-f]{40}$/)
      .describe('head_sha of get_pull_request, such as 6dcb09b5b57875f334f61aebed695e2e4193db5e.'),
    merge_method: z.enum(['merge', 'squash', 'rebase']).default('merge').describe('How to merge.'),
    commit_title: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe('Title of the merge commit, such as "Fix login (#42)".'),
    commit_message: z.string().max(10_000).optional().describe('Text of the merge commit, such as "Closes #41."'),
  }),
  output: z.object({ merged: z.boolean(), sha: z.string().optional(), message: z.string().optional() }),
  request: ({ owner, repo, pull_number, ...merge }) => ({
    method: 'PUT',
    path: path`/repos/${owner}/${repo}/pulls/${pull_number}/merge`,
    body: { json: merge },
  }),
})
