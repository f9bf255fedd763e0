import { nextPage, type WireReply } from '#provider-kit'
import * as z from 'zod'

/** Where a repository lives. GitHub compares both names without case. */
export const repository = {
  owner: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/)
    .describe('User or organisation that owns the repository, such as acme. From list_repositories.'),
  repo: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,100}$/)
    .describe('Repository name without its owner, such as website. From list_repositories.'),
}

export const number = (of: 'issue' | 'pull request') =>
  z.number().int().min(1).describe(`Number of the ${of} as people write it after the #, such as 42.`)

/** Page-number paging; GitHub serves at most 100 entries a page. */
export const paging = (usual: number) => ({
  limit: z.number().int().min(1).max(100).default(usual).describe(`Entries per page, 1 to 100, such as ${usual}.`),
  page: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .default(1)
    .describe('Page number, such as 1. To go on, give next_page of the answer and the same limit.'),
})

export const nextPageField = z.number().int().optional()

/** The number of the next page from the `Link` header, or undefined on the last one. */
export function nextPageOf(reply: WireReply): number | undefined {
  const page = nextPage(reply)
  return page !== undefined && /^[0-9]{1,9}$/.test(page) ? Number(page) : undefined
}

/** Long texts are cut where a model can see it; half a surrogate pair is not left behind. */
export const clip = (text: string, max: number): string =>
  text.length <= max
    ? text
    : `${text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '')}… [cut: ${text.length - max} more characters]`
