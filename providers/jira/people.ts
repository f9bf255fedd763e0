import { action, path } from '#provider-kit'
import * as z from 'zod'
import { limit, startAt } from './fields.ts'

export const searchUsers = action({
  title: 'Search people',
  description:
    'Finds people by part of their name or mail address. Their account_id is what assign_issue, create_issue, ' +
    'mentions and JQL need. Mail addresses are shown only where people allow it. A short page is not always the ' +
    'last: go on with start_at until it is empty. Safe to repeat.',
  keywords: [
    'find a colleague',
    'account id',
    'look up a user',
    'teammate, who is',
    'employee',
    'assignee',
    'member, person',
    'user by email',
    'somebody by name',
    'find somebody to mention or assign',
    'account of a person',
    'is there somebody called',
  ],
  docs: 'https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-user-search/#api-rest-api-3-user-search-get',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [['read:jira-user']],
  input: z.strictObject({
    query: z.string().min(1).max(200).describe('Part of the name or mail address, such as "Ann Lee".'),
    limit: limit(20),
    start_at: startAt,
  }),
  output: z.object({
    users: z.array(
      z.object({
        account_id: z.string(),
        name: z.string(),
        email: z.string().optional(),
        active: z.boolean().optional(),
        type: z.string().optional(),
      }),
    ),
    next_start: z.number().int().optional(),
  }),
  request: ({ query, limit, start_at }) => ({
    method: 'GET',
    path: path`/rest/api/3/user/search`,
    query: { query, maxResults: limit, startAt: start_at },
  }),
  result: (reply, _followUps, { start_at }) => {
    const users = z.array(userWire).parse(reply.body)
    return { users: users.map(toUser), next_start: users.length > 0 ? start_at + users.length : undefined }
  },
})

const userWire = z.object({
  accountId: z.string(),
  displayName: z.string().nullish(),
  emailAddress: z.string().nullish(),
  active: z.boolean().optional(),
  accountType: z.string().optional(),
})

const toUser = ({ accountId, displayName, emailAddress, active, accountType }: z.output<typeof userWire>) => ({
  account_id: accountId,
  name: displayName ?? '',
  email: emailAddress || undefined,
  active,
  type: accountType,
})
