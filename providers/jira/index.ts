import { basic, defineProvider, oauth2, path } from '#provider-kit'
import * as z from 'zod'
import { jiraFailure } from './failure.ts'
import { searchUsers } from './people.ts'
import { listCreateFields, listIssueTypes, searchProjects } from './projects.ts'
import { countIssues, getIssue, searchIssues } from './read-issues.ts'
import { listTransitions, logWork, transitionIssue } from './workflow.ts'
import { assignIssue, commentOnIssue, createIssue, updateIssue } from './write-issues.ts'

/** For API tokens: the name in front of `.atlassian.net`. With OAuth the site is learned from the grant. */
const settings = z.strictObject({
  site: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/)
    .optional(),
})

/** Which sites the grant is for; a grant of Atlassian's sign-in is given site by site. */
const SITES = 'https://api.atlassian.com/oauth/token/accessible-resources'

/**
 * Jira Cloud's REST API v3. With OAuth (3LO) requests go by way of Atlassian's gateway, under the site's cloud id; an API
 * token works on the site itself, so its connection names that one in its settings.
 * https://developer.atlassian.com/cloud/jira/platform/oauth-2-3lo-apps/
 */
export default defineProvider({
  id: 'jira',
  title: 'Jira',
  docs: 'https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/',
  baseUrl: 'https://api.atlassian.com/ex/jira/{cloudId}',
  auth: [
    oauth2({
      title: 'Sign in with Atlassian',
      authorizeUrl: 'https://auth.atlassian.com/authorize',
      tokenUrl: 'https://auth.atlassian.com/oauth/token',
      authorizeParams: { audience: 'api.atlassian.com', prompt: 'consent' },
      baseScopes: ['offline_access', 'read:jira-user'],
      tokenBody: 'json',
      refresh: 'rotating',
      lifetimeMs: 3_600_000,
      capture: {
        cloudId: { from: 'request', url: SITES, at: '/0/id' },
        siteUrl: { from: 'request', url: SITES, at: '/0/url' },
      },
    }),
    basic({
      id: 'token',
      title: 'API token',
      baseUrl: 'https://{site}.atlassian.net',
      userLabel: 'Mail address of the account',
      label: 'API token',
      pattern: '^[\\x21-\\x7e]{16,512}$',
      description: 'From id.atlassian.com, Security, API tokens. It ends after a year at the latest.',
      placeholder: 'ATATT3x…',
    }),
  ],
  settings,
  headers: { accept: 'application/json' },
  failure: jiraFailure,
  whoami: {
    request: { method: 'GET', path: path`/rest/api/3/myself` },
    account: (reply) => z.object({ displayName: z.string() }).safeParse(reply.body).data?.displayName,
  },
  actions: {
    search_issues: searchIssues,
    count_issues: countIssues,
    get_issue: getIssue,
    create_issue: createIssue,
    update_issue: updateIssue,
    comment_on_issue: commentOnIssue,
    assign_issue: assignIssue,
    list_transitions: listTransitions,
    transition_issue: transitionIssue,
    log_work: logWork,
    search_projects: searchProjects,
    list_issue_types: listIssueTypes,
    list_create_fields: listCreateFields,
    search_users: searchUsers,
  },
})
