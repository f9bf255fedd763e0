import * as z from 'zod'
import { clip } from './fields.ts'
import { fromAdf } from './from-adf.ts'

const MAX_DESCRIPTION = 20_000
const MAX_COMMENT = 4_000
const MAX_VALUE = 2_000
const MOST_VALUES = 50

/** What is asked of Jira for a list; without a list of fields it answers with ids only. */
export const SUMMARY_FIELDS = [
  'summary',
  'status',
  'issuetype',
  'priority',
  'assignee',
  'reporter',
  'project',
  'parent',
  'labels',
  'created',
  'updated',
  'duedate',
  'resolution',
]

const person = z.object({ account_id: z.string(), name: z.string() })
const personWire = z.object({ accountId: z.string(), displayName: z.string().nullish() }).nullish()
const namedWire = z.object({ name: z.string() }).nullish()

const fieldsWire = z.looseObject({
  summary: z.string().nullish(),
  description: z.unknown().optional(),
  status: z.object({ name: z.string(), statusCategory: z.object({ key: z.string() }).nullish() }).nullish(),
  issuetype: namedWire,
  priority: namedWire,
  resolution: namedWire,
  assignee: personWire,
  reporter: personWire,
  project: z.object({ key: z.string() }).nullish(),
  parent: z.object({ key: z.string() }).nullish(),
  labels: z.array(z.string()).nullish(),
  created: z.string().nullish(),
  updated: z.string().nullish(),
  duedate: z.string().nullish(),
})

const issueWire = z.object({ key: z.string(), self: z.string().optional(), fields: fieldsWire })

/** An issue in a list. */
export const issueSummary = z.object({
  key: z.string(),
  title: z.string(),
  type: z.string().optional(),
  status: z.string().optional(),
  /** `new`, `indeterminate` or `done`, whatever the project calls its own. */
  status_category: z.string().optional(),
  resolution: z.string().optional(),
  priority: z.string().optional(),
  project: z.string().optional(),
  parent: z.string().optional(),
  assignee: person.optional(),
  reporter: person.optional(),
  labels: z.array(z.string()),
  created: z.string().optional(),
  updated: z.string().optional(),
  due_date: z.string().optional(),
  custom_fields: z.record(z.string(), z.unknown()).optional(),
  url: z.string().optional(),
})

export const issueComment = z.object({
  id: z.string(),
  author: person.optional(),
  created: z.string().optional(),
  body: z.string(),
})

export const issueDetail = issueSummary.extend({ description: z.string(), latest_comments: z.array(issueComment) })

/** An issue as Jira sends it, in our names; its description becomes Markdown, cut at 20,000 characters. */
export function toIssue(value: unknown) {
  const { key, self, fields } = issueWire.parse(value)
  return {
    key,
    title: fields.summary ?? '',
    ...toState(fields),
    ...toPlace(fields),
    assignee: toPerson(fields.assignee),
    reporter: toPerson(fields.reporter),
    custom_fields: toCustomFields(fields),
    url: pageOf(key, self),
    description: clip(fromAdf(fields.description), MAX_DESCRIPTION),
  }
}

type FieldsWire = z.output<typeof fieldsWire>

const toState = ({ status, resolution, priority, issuetype }: FieldsWire) => ({
  type: issuetype?.name,
  status: status?.name,
  status_category: status?.statusCategory?.key,
  resolution: resolution?.name,
  priority: priority?.name,
})

const toPlace = ({ project, parent, labels, created, updated, duedate }: FieldsWire) => ({
  project: project?.key,
  parent: parent?.key,
  labels: labels ?? [],
  created: created ?? undefined,
  updated: updated ?? undefined,
  due_date: duedate ?? undefined,
})

const toPerson = (wire: z.output<typeof personWire>) =>
  wire ? { account_id: wire.accountId, name: wire.displayName ?? '' } : undefined

/** The page for people; not with OAuth, where Jira names only its own API. */
function pageOf(key: string, self: string | undefined): string | undefined {
  const url = self !== undefined && URL.canParse(self) ? new URL(self) : undefined
  return url?.protocol === 'https:' && url.hostname.endsWith('.atlassian.net')
    ? `${url.origin}/browse/${key}`
    : undefined
}

function toCustomFields(fields: FieldsWire): Record<string, unknown> | undefined {
  const found = Object.entries(fields).filter(([name, value]) => name.startsWith('customfield_') && value !== null)
  return found.length > 0 ? Object.fromEntries(found.map(([name, value]) => [name, toPlain(value)])) : undefined
}

const optionWire = z.union([
  z.object({ displayName: z.string() }).transform(({ displayName }) => displayName),
  z.object({ value: z.string() }).transform(({ value }) => value),
  z.object({ name: z.string() }).transform(({ name }) => name),
  z.object({ key: z.string() }).transform(({ key }) => key),
])

/** The value of a custom field as a person sees it. */
function toPlain(value: unknown): unknown {
  if (typeof value === 'string') return clip(value, MAX_VALUE)
  if (Array.isArray(value)) return value.slice(0, MOST_VALUES).map(toPlain)
  if (typeof value !== 'object' || value === null) return value
  if ('type' in value && value.type === 'doc') return clip(fromAdf(value), MAX_VALUE)
  return optionWire.safeParse(value).data ?? clip(JSON.stringify(value), MAX_VALUE)
}

const commentWire = z.object({
  id: z.string(),
  author: personWire,
  created: z.string().nullish(),
  body: z.unknown().optional(),
})

/** A comment as Jira sends it, in our names; Markdown, cut at 4,000 characters. */
export function toComment(value: unknown) {
  const { id, author, created, body } = commentWire.parse(value)
  return {
    id,
    author: toPerson(author),
    created: created ?? undefined,
    body: clip(fromAdf(body), MAX_COMMENT),
  }
}
