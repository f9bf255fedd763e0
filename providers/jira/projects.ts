import { action, path, type WireReply } from '#provider-kit'
import * as z from 'zod'
import { clip, limit, projectKey, READ, startAt } from './fields.ts'

const DOCS = 'https://developer.atlassian.com/cloud/jira/platform/rest/v3'
const MOST_VALUES = 50

const pageWire = z.object({
  startAt: z.number().int().optional(),
  total: z.number().int().optional(),
  isLast: z.boolean().optional(),
})

/** Where the next page starts, or undefined on the last one. */
function nextStartOf(reply: WireReply, count: number): number | undefined {
  const { startAt = 0, total, isLast } = pageWire.parse(reply.body)
  const next = startAt + count
  const ends = isLast ?? (total === undefined || next >= total)
  return ends || count === 0 ? undefined : next
}

export const searchProjects = action({
  title: 'Search projects',
  description:
    'Finds projects by name or key, or lists all that the account may see. Their keys are what JQL and create_issue ' +
    'need. Use search_issues for issues. Go on with start_at = next_start. Safe to repeat.',
  keywords: [
    'which projects',
    'project key',
    'find a project',
    'list projects',
    'boards',
    'all projects',
    'name of a project',
    'spaces',
    'key of a project',
    'projects of a team',
    'is there a project for',
    'what is the project called',
  ],
  docs: `${DOCS}/api-group-projects/#api-rest-api-3-project-search-get`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: READ,
  input: z.strictObject({
    query: z.string().min(1).max(200).optional().describe('Part of the name or key, such as web. Left out: all.'),
    order_by: z.enum(['name', 'key', '-lastIssueUpdatedTime']).default('name').describe('What to sort by.'),
    limit: limit(50),
    start_at: startAt,
  }),
  output: z.object({
    projects: z.array(z.object({ key: z.string(), id: z.string(), name: z.string(), type: z.string().optional() })),
    next_start: z.number().int().optional(),
  }),
  request: ({ query, order_by, limit, start_at }) => ({
    method: 'GET',
    path: path`/rest/api/3/project/search`,
    query: { query, orderBy: order_by, maxResults: limit, startAt: start_at },
  }),
  result: (reply) => {
    const { values } = projectsWire.parse(reply.body)
    return {
      projects: values.map(({ key, id, name, projectTypeKey }) => ({ key, id, name, type: projectTypeKey })),
      next_start: nextStartOf(reply, values.length),
    }
  },
})

const projectsWire = z.object({
  values: z.array(
    z.object({ key: z.string(), id: z.string(), name: z.string(), projectTypeKey: z.string().optional() }),
  ),
})

export const listIssueTypes = action({
  title: 'List the issue types of a project',
  description:
    'Lists the types that an issue of a project can have. The name is for create_issue, the id for list_create_fields. ' +
    'The project key comes from search_projects. Safe to repeat.',
  keywords: [
    'kinds of ticket',
    'bug or story',
    'task, epic',
    'subtask, story',
    'categories',
    'ticket types',
    'which types',
    'bug types',
    'kinds of work',
    'which kinds can I create',
    'work items',
    'is there an incident type',
  ],
  docs: `${DOCS}/api-group-issues/#api-rest-api-3-issue-createmeta-projectidorkey-issuetypes-get`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: READ,
  input: z.strictObject({ project_key: projectKey, limit: limit(50, 200), start_at: startAt }),
  output: z.object({
    issue_types: z.array(
      z.object({ id: z.string(), name: z.string(), description: z.string().optional(), subtask: z.boolean() }),
    ),
    next_start: z.number().int().optional(),
  }),
  request: ({ project_key, limit, start_at }) => ({
    method: 'GET',
    path: path`/rest/api/3/issue/createmeta/${project_key}/issuetypes`,
    query: { maxResults: limit, startAt: start_at },
  }),
  result: (reply) => {
    const { issueTypes } = typesWire.parse(reply.body)
    return {
      issue_types: issueTypes.map(({ id, name, description, subtask }) => ({
        id,
        name,
        description: description ? clip(description, 300) : undefined,
        subtask: subtask ?? false,
      })),
      next_start: nextStartOf(reply, issueTypes.length),
    }
  },
})

const typesWire = z.object({
  issueTypes: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      description: z.string().nullish(),
      subtask: z.boolean().optional(),
    }),
  ),
})

export const listCreateFields = action({
  title: 'List the fields of an issue type',
  description:
    'Lists the fields that a new issue of a type can have, which are required, and the values they allow. Use ' +
    'it when create_issue was refused for a missing field, or to find the id of a custom field. Project key and type ' +
    'id come from search_projects and list_issue_types. Safe to repeat.',
  keywords: [
    'mandatory, compulsory',
    'what must be filled in',
    'custom field',
    'allowed values',
    'form, options',
    'needed for a new ticket',
    'required fields',
    'which fields',
    'why was my ticket refused',
    'what does a request need',
    'form for a new request',
    'what must I say',
  ],
  docs: `${DOCS}/api-group-issues/#api-rest-api-3-issue-createmeta-projectidorkey-issuetypes-issuetypeid-get`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: READ,
  input: z.strictObject({
    project_key: projectKey,
    issue_type_id: z
      .string()
      .regex(/^[0-9]{1,19}$/)
      .describe('Id of the type, such as 10001. From list_issue_types.'),
    limit: limit(50, 200),
    start_at: startAt,
  }),
  output: z.object({
    fields: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        required: z.boolean(),
        type: z.string().optional(),
        allowed_values: z.array(z.object({ id: z.string().optional(), name: z.string() })).optional(),
      }),
    ),
    next_start: z.number().int().optional(),
  }),
  request: ({ project_key, issue_type_id, limit, start_at }) => ({
    method: 'GET',
    path: path`/rest/api/3/issue/createmeta/${project_key}/issuetypes/${issue_type_id}`,
    query: { maxResults: limit, startAt: start_at },
  }),
  result: (reply) => {
    const { fields } = fieldsWire.parse(reply.body)
    return { fields: fields.map(toField), next_start: nextStartOf(reply, fields.length) }
  },
})

const valueWire = z.object({
  id: z.string().optional(),
  name: z.string().optional(),
  value: z.string().optional(),
  key: z.string().optional(),
})

const fieldWire = z.object({
  fieldId: z.string(),
  name: z.string(),
  required: z.boolean(),
  schema: z.object({ type: z.string() }).optional(),
  allowedValues: z.array(z.unknown()).optional(),
})
const fieldsWire = z.object({ fields: z.array(fieldWire) })

const toField = ({ fieldId, name, required, schema, allowedValues }: z.output<typeof fieldWire>) => ({
  id: fieldId,
  name,
  required,
  type: schema?.type,
  allowed_values: allowedValues?.slice(0, MOST_VALUES).flatMap((value) => {
    const { id, name, value: text, key } = valueWire.safeParse(value).data ?? {}
    const shown = name ?? text ?? key
    return shown === undefined ? [] : { id, name: shown }
  }),
})
