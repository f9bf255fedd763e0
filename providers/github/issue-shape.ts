import * as z from 'zod'
import { clip } from './fields.ts'

const MAX_BODY = 20_000
const MAX_COMMENT = 4_000

export const person = z.object({ login: z.string() }).nullish()

const issueWire = z.object({
  number: z.number().int(),
  title: z.string(),
  state: z.string(),
  state_reason: z.string().nullish(),
  body: z.string().nullish(),
  user: person,
  labels: z.array(z.union([z.string(), z.object({ name: z.string().nullish() })])).nullish(),
  assignees: z.array(z.object({ login: z.string() })).nullish(),
  comments: z.number().int().nullish(),
  created_at: z.string(),
  updated_at: z.string(),
  closed_at: z.string().nullish(),
  html_url: z.string(),
  repository_url: z.string().nullish(),
  pull_request: z.unknown().optional(),
})

/** An issue or pull request in a list. */
export const issueSummary = z.object({
  number: z.number().int(),
  title: z.string(),
  state: z.string(),
  author: z.string().optional(),
  labels: z.array(z.string()),
  assignees: z.array(z.string()),
  comments: z.number().int(),
  is_pull_request: z.boolean(),
  created_at: z.string(),
  updated_at: z.string(),
  url: z.string(),
})

/** The answer to a write: enough to go on with. */
export const issueReceipt = z.object({
  number: z.number().int(),
  title: z.string(),
  state: z.string(),
  url: z.string(),
})

export const issueComment = z.object({
  id: z.number().int(),
  author: z.string().optional(),
  created_at: z.string(),
  body: z.string(),
  url: z.string(),
})

export const issueDetail = issueSummary.extend({
  state_reason: z.string().optional(),
  closed_at: z.string().optional(),
  body: z.string(),
  latest_comments: z.array(issueComment),
})

const commentWire = z.object({
  id: z.number().int(),
  user: person,
  created_at: z.string(),
  body: z.string().nullish(),
  html_url: z.string(),
})

/** An issue as GitHub sends it, in our names; `body` is cut at 20,000 characters. */
export function toIssue(value: unknown) {
  const issue = issueWire.parse(value)
  return {
    number: issue.number,
    title: issue.title,
    state: issue.state,
    state_reason: issue.state_reason ?? undefined,
    author: issue.user?.login,
    labels: (issue.labels ?? []).flatMap((label) => (typeof label === 'string' ? label : (label.name ?? []))),
    assignees: (issue.assignees ?? []).map(({ login }) => login),
    comments: issue.comments ?? 0,
    is_pull_request: issue.pull_request !== undefined && issue.pull_request !== null,
    created_at: issue.created_at,
    updated_at: issue.updated_at,
    closed_at: issue.closed_at ?? undefined,
    body: clip(issue.body ?? '', MAX_BODY),
    url: issue.html_url,
    repository: issue.repository_url?.split('/').slice(-2).join('/'),
  }
}

/** A comment as GitHub sends it, in our names; `body` is cut at 4,000 characters. */
export function toComment(value: unknown) {
  const { id, user, created_at, body, html_url } = commentWire.parse(value)
  return { id, author: user?.login, created_at, body: clip(body ?? '', MAX_COMMENT), url: html_url }
}
