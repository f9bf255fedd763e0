import * as z from 'zod'

/** Milliseconds since the epoch. */
export const timeAnswer = z.number().describe('Milliseconds since the Unix epoch.')

/** `{ items, nextCursor }`; without `nextCursor` it was the last page. */
export const pageAnswer = (item: z.ZodType) =>
  z.looseObject({ items: z.array(item), nextCursor: z.string().optional() })

/** A JSON object that this gateway only passes on. */
export const anyObject = z.looseObject({})
