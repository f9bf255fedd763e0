import type { WireReply } from '#provider-kit'
import * as z from 'zod'

export const channel = z
  .string()
  .regex(/^[CDG][A-Z0-9]{2,20}$/)
  .describe('Conversation id, such as C02MB5ZABA7 (not #general). From list_channels.')

/** A message's `ts` is its id within the channel. */
const TIMESTAMP = /^[0-9]{1,12}\.[0-9]{1,6}$/

export const timestamp = (description: string) => z.string().regex(TIMESTAMP).describe(description)

/** Cursor paging; Slack advises at most 200 entries a page. */
export const paging = (usual: number) => ({
  limit: z.number().int().min(1).max(200).default(usual).describe(`Entries per page, 1 to 200, such as ${usual}.`),
  cursor: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe('next_cursor of the page before, such as dXNlcjpVMDYxTkZUVDI=. Left out: the first page.'),
})

const cursorWire = z.object({ response_metadata: z.object({ next_cursor: z.string().optional() }).optional() })

/** The cursor of the next page; Slack ends a list with an empty one. */
export const nextCursorOf = (reply: WireReply): string | undefined =>
  cursorWire.parse(reply.body).response_metadata?.next_cursor || undefined
