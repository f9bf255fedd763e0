import * as z from 'zod'
import { clip } from './fields.ts'
import { person } from './issue-shape.ts'

const MAX_BODY = 20_000

const branch = z.object({ ref: z.string(), sha: z.string(), repo: z.object({ full_name: z.string() }).nullish() })
const count = z.number().int().optional()

const pullRequestWire = z.object({
  number: z.number().int(),
  title: z.string(),
  state: z.string(),
  draft: z.boolean().nullish(),
  body: z.string().nullish(),
  user: person,
  head: branch,
  base: branch,
  labels: z.array(z.object({ name: z.string().nullish() })).nullish(),
  requested_reviewers: z.array(z.object({ login: z.string() })).nullish(),
  merged: z.boolean().nullish(),
  mergeable: z.boolean().nullish(),
  mergeable_state: z.string().nullish(),
  commits: count,
  changed_files: count,
  additions: count,
  deletions: count,
  created_at: z.string(),
  updated_at: z.string(),
  merged_at: z.string().nullish(),
  html_url: z.string(),
})

/** A pull request in a list. */
export const pullRequestSummary = z.object({
  number: z.number().int(),
  title: z.string(),
  state: z.string(),
  draft: z.boolean(),
  author: z.string().optional(),
  head: z.string(),
  head_sha: z.string(),
  base: z.string(),
  updated_at: z.string(),
  url: z.string(),
})

export const pullRequestDetail = pullRequestSummary.extend({
  body: z.string(),
  labels: z.array(z.string()),
  requested_reviewers: z.array(z.string()),
  /** The repository that the branch is in, when it still exists; another one than the base for forks. */
  head_repository: z.string().optional(),
  merged: z.boolean().optional(),
  merged_at: z.string().optional(),
  mergeable: z.boolean().optional(),
  mergeable_state: z.string().optional(),
  commits: count,
  changed_files: count,
  additions: count,
  deletions: count,
  created_at: z.string(),
})

/** A pull request as GitHub sends it, in our names; `body` is cut at 20,000 characters. */
export function toPullRequest(value: unknown) {
  const { user, head, base, labels, requested_reviewers, html_url, ...pull } = pullRequestWire.parse(value)
  return {
    ...pull,
    draft: pull.draft ?? false,
    body: clip(pull.body ?? '', MAX_BODY),
    author: user?.login,
    head: head.ref,
    head_sha: head.sha,
    head_repository: head.repo?.full_name,
    base: base.ref,
    labels: (labels ?? []).flatMap(({ name }) => name ?? []),
    requested_reviewers: (requested_reviewers ?? []).map(({ login }) => login),
    merged: pull.merged ?? undefined,
    merged_at: pull.merged_at ?? undefined,
    mergeable: pull.mergeable ?? undefined,
    mergeable_state: pull.mergeable_state ?? undefined,
    url: html_url,
  }
}
