import * as z from 'zod'
import { titleOf, toValues } from './property-values.ts'
import { plainText } from './rich-text.ts'

const parentWire = z.looseObject({ type: z.string() })

const entryWire = z.object({
  object: z.string(),
  id: z.string(),
  title: z.unknown().optional(),
  properties: z.unknown().optional(),
  parent: parentWire.optional(),
  url: z.string().optional(),
  in_trash: z.boolean().optional(),
  created_time: z.string().optional(),
  last_edited_time: z.string().optional(),
})

/** A page or data source in a list. */
export const entry = z.object({
  id: z.string(),
  type: z.string(),
  title: z.string(),
  parent: z.object({ type: z.string(), id: z.string().optional() }).optional(),
  in_trash: z.boolean().optional(),
  last_edited: z.string().optional(),
  url: z.string().optional(),
})

/** A page with its properties. */
export const page = entry.extend({ created: z.string().optional(), properties: z.record(z.string(), z.unknown()) })

/** A page or data source as Notion sends it, in our names; empty properties are left out. */
export function toPage(value: unknown) {
  const wire = entryWire.parse(value)
  return {
    id: wire.id,
    type: wire.object,
    title: wire.object === 'page' ? titleOf(wire.properties) : plainText(wire.title),
    parent: wire.parent && toParent(wire.parent),
    in_trash: wire.in_trash || undefined,
    created: wire.created_time,
    last_edited: wire.last_edited_time,
    url: wire.url,
    properties: wire.object === 'page' ? toValues(wire.properties) : {},
  }
}

/** The id lies under the name of the type: `{type: 'page_id', page_id: '…'}`. */
function toParent(parent: z.output<typeof parentWire>) {
  const id = parent[parent.type]
  return { type: parent.type.replace(/_id$/, ''), id: typeof id === 'string' ? id : undefined }
}
