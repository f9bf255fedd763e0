import * as z from 'zod'

export const READ = [['read:jira-work']]
export const WRITE = [['write:jira-work']]

/** Jira's own limit for descriptions and comments. */
export const MAX_TEXT = 32_767

export const issueKey = z
  .string()
  .regex(/^(?:[A-Za-z][A-Za-z0-9_]{0,254}-[0-9]{1,10}|[0-9]{1,19})$/)
  .describe('Key of the issue, such as WEB-42. From search_issues.')

export const projectKey = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_]{0,254}$/)
  .describe('Key of the project, such as WEB. From search_projects.')

export const accountId = z.string().regex(/^[A-Za-z0-9:_-]{1,128}$/)

export const limit = (usual: number, most = 100) =>
  z.number().int().min(1).max(most).default(usual).describe(`Entries per page, 1 to ${most}, such as ${usual}.`)

/** Paging by number of entries, as most of Jira has it. */
export const startAt = z
  .number()
  .int()
  .min(0)
  .max(1_000_000)
  .default(0)
  .describe('Entries to skip, such as 50: next_start of the page before.')

export const markdown = (what: string) =>
  z
    .string()
    .max(MAX_TEXT)
    .describe(
      `${what} in Markdown, such as "Steps:\\n1. Open **/login**". [~accountid:5b10ac8d82e05b22cc7d4ef5] mentions and ` +
        'notifies a person.',
    )

/** Custom fields only: what has an argument of its own, and so rules of its own, cannot come in by this door. */
export const customFields = z
  .record(z.string().regex(/^customfield_[0-9]{1,10}$/), z.unknown())
  .describe('Custom fields by id, such as {"customfield_10016": 3}. Ids and forms come from list_create_fields.')

export const customFieldIds = z
  .array(z.string().regex(/^customfield_[0-9]{1,10}$/))
  .max(20)
  .default([])
  .describe('Custom fields to return as well, such as ["customfield_10016"]. Ids come from list_create_fields.')

/** Long texts are cut where a model can see it; half a surrogate pair is not left behind. */
export const clip = (text: string, max: number): string =>
  text.length <= max
    ? text
    : `${text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '')}… [cut: ${text.length - max} more characters]`
