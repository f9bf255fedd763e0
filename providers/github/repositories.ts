import { action, path } from '#provider-kit'
import * as z from 'zod'
import { nextPageField, nextPageOf, paging } from './fields.ts'

export const getCurrentUser = action({
  title: 'Who am I on GitHub',
  description:
    'Tells which GitHub account this connection acts as. Use it to find "my" login for queries such as ' +
    'assignee:octocat. Everything that other actions write appears under this name. Safe to repeat.',
  keywords: [
    'who am I on GitHub',
    'my own account, username and handle',
    'login name, which user',
    'logged in as',
    'signed in as',
    'my identity or profile',
    'authenticated as',
    'whose token is this',
    'name my comments appear under',
    'bot account',
    'which login am I using',
    'whose rights do I have',
  ],
  docs: 'https://docs.github.com/en/rest/users/users#get-the-authenticated-user',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [],
  input: z.strictObject({}),
  output: z.object({ login: z.string(), name: z.string().optional(), type: z.string().optional(), url: z.string() }),
  request: () => ({ method: 'GET', path: path`/user` }),
  result: (reply) => {
    const { login, name, type, html_url } = userWire.parse(reply.body)
    return { login, name: name ?? undefined, type: type ?? undefined, url: html_url }
  },
})

const userWire = z.object({
  login: z.string(),
  name: z.string().nullish(),
  type: z.string().nullish(),
  html_url: z.string(),
})

export const listRepositories = action({
  title: 'List repositories',
  description:
    'Lists the repositories that this connection can reach, last changed first. They give owner and repo ' +
    'for all other actions. For public repositories of others there is no need to list: give their owner and repo directly. Safe ' +
    'to repeat.',
  keywords: [
    'repos, codebases, which repository',
    'my projects, owned by me',
    'organisation code, code of our team',
    'organization, private ones',
    'recently pushed, code hosting',
    'everything I can access',
    'all available repositories',
    'reachable with our token',
    'what repositories do we have',
    'list the code bases, name of a repo',
    'where does our source code live',
    'which projects are on GitHub',
  ],
  docs: 'https://docs.github.com/en/rest/repos/repos#list-repositories-for-the-authenticated-user',
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [['repo'], ['public_repo']],
  input: z.strictObject({
    visibility: z.enum(['all', 'public', 'private']).default('all').describe('Which repositories.'),
    affiliation: z
      .array(z.enum(['owner', 'collaborator', 'organization_member']))
      .min(1)
      .max(3)
      .optional()
      .describe('Why the account may reach them, such as ["owner"]. Left out: any reason.'),
    sort: z.enum(['created', 'updated', 'pushed', 'full_name']).default('pushed').describe('What to sort by.'),
    ...paging(30),
  }),
  output: z.object({
    repositories: z.array(
      z.object({
        owner: z.string(),
        repo: z.string(),
        description: z.string().optional(),
        private: z.boolean(),
        archived: z.boolean(),
        default_branch: z.string().optional(),
        language: z.string().optional(),
        open_issues: z.number().int(),
        pushed_at: z.string().optional(),
        url: z.string(),
      }),
    ),
    next_page: nextPageField,
  }),
  request: ({ affiliation, limit, ...query }) => ({
    method: 'GET',
    path: path`/user/repos`,
    query: { ...query, affiliation: affiliation?.join(','), per_page: limit },
  }),
  result: (reply) => ({
    repositories: z.array(repositoryWire).parse(reply.body).map(toRepository),
    next_page: nextPageOf(reply),
  }),
})

const repositoryWire = z.object({
  name: z.string(),
  owner: z.object({ login: z.string() }),
  description: z.string().nullish(),
  private: z.boolean(),
  archived: z.boolean().nullish(),
  default_branch: z.string().nullish(),
  language: z.string().nullish(),
  open_issues_count: z.number().int().nullish(),
  pushed_at: z.string().nullish(),
  html_url: z.string(),
})

const toRepository = (wire: z.output<typeof repositoryWire>) => ({
  owner: wire.owner.login,
  repo: wire.name,
  description: wire.description ?? undefined,
  private: wire.private,
  archived: wire.archived ?? false,
  default_branch: wire.default_branch ?? undefined,
  language: wire.language ?? undefined,
  open_issues: wire.open_issues_count ?? 0,
  pushed_at: wire.pushed_at ?? undefined,
  url: wire.html_url,
})
