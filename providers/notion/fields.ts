import type { WireReply } from '#provider-kit'
import * as z from 'zod'

/** Notion writes ids with hyphens and takes them with and without; the end of a page's address is one. */
const ID = /^[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}$/

export const id = (description: string) => z.string().regex(ID).describe(description)

export const pageId = id(
  'Id of the page, such as 59833787-2cf9-4fdf-8782-e53db20768a5. From search or query_data_source.',
)
export const dataSourceId = id(
  'Id of the data source, such as 1a44be12-0953-4631-b498-9e5817518db8. From search_pages or get_database.',
)

export const limit = (usual: number) =>
  z.number().int().min(1).max(100).default(usual).describe(`Entries per page, 1 to 100, such as ${usual}.`)

export const cursor = z
  .string()
  .min(1)
  .max(500)
  .optional()
  .describe('next_cursor of the page before, such as fe2cc560-036c-44cd-90e8-294d5a74cebc. Left out: the first page.')

const pageWire = z.object({ results: z.array(z.unknown()), next_cursor: z.string().nullish() })

/** The entries of a list and the cursor of the next page. */
export function toList<Entry>(reply: WireReply, toEntry: (value: unknown) => Entry) {
  const { results, next_cursor } = pageWire.parse(reply.body)
  return { entries: results.map(toEntry), next_cursor: next_cursor ?? undefined }
}

export const markdown = (what: string) =>
  z.string().max(100_000).describe(`${what} in Markdown, such as "## Agenda\\n- Budget\\n- [ ] Book a room".`)

/** Long texts are cut where a model can see it; half a surrogate pair is not left behind. */
export const clip = (text: string, max: number): string =>
  text.length <= max
    ? text
    : `${text.slice(0, max).replace(/[\uD800-\uDBFF]$/, '')}… [cut: ${text.length - max} more characters]`
