import { defineProvider, path } from '#provider-kit'
import * as z from 'zod'
import { githubAuth } from './auth.ts'
import { githubFailure } from './failure.ts'
import { getFileContents } from './file-contents.ts'
import { getPullRequest, listPullRequestFiles, listPullRequests, mergePullRequest } from './pull-requests.ts'
import { getIssue, listIssues, searchIssues } from './read-issues.ts'
import { getCurrentUser, listRepositories } from './repositories.ts'
import { commentOnIssue, createIssue, updateIssue } from './write-issues.ts'

/** GitHub's REST API, version 2022-11-28. */
export default defineProvider({
  id: 'github',
  title: 'GitHub',
  docs: 'https://docs.github.com/en/rest',
  baseUrl: 'https://api.github.com',
  auth: githubAuth,
  headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
  failure: githubFailure,
  whoami: {
    request: { method: 'GET', path: path`/user` },
    account: (reply) => z.object({ login: z.string() }).safeParse(reply.body).data?.login,
  },
  actions: {
    get_current_user: getCurrentUser,
    list_repositories: listRepositories,
    search_issues: searchIssues,
    list_issues: listIssues,
    get_issue: getIssue,
    create_issue: createIssue,
    update_issue: updateIssue,
    comment_on_issue: commentOnIssue,
    list_pull_requests: listPullRequests,
    get_pull_request: getPullRequest,
    list_pull_request_files: listPullRequestFiles,
    merge_pull_request: mergePullRequest,
    get_file_contents: getFileContents,
  },
})
