import * as z from 'zod'
import { clip } from './fields.ts'
import { plainText } from './rich-text.ts'

const MAX_TEXT = 2_000
const MOST_ENTRIES = 50
const MOST_LEVELS = 4

const propertyWire = z.looseObject({ type: z.string() })
const namedWire = z.object({ name: z.string() })
const dateWire = z.object({ start: z.string(), end: z.string().nullish() })
const personWire = z.object({ id: z.string(), name: z.string().nullish() })
const fileWire = z.object({ name: z.string() })
const numberedWire = z.object({ prefix: z.string().nullish(), number: z.number().nullish() })

/** The values of a page's properties as a person sees them, by name; empty ones are left out. */
export function toValues(properties: unknown): Record<string, unknown> {
  const entries = Object.entries(z.record(z.string(), z.unknown()).safeParse(properties).data ?? {})
  return Object.fromEntries(
    entries.map(([name, property]) => [name, toValue(property, 0)]).filter(([, value]) => !isEmpty(value)),
  )
}

/** The title of a page: its one property of that type. */
export function titleOf(properties: unknown): string {
  const values = Object.values(z.record(z.string(), z.unknown()).safeParse(properties).data ?? {})
  const title = values.map((value) => propertyWire.safeParse(value).data).find((property) => property?.type === 'title')
  return plainText(title?.['title'])
}

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)

/** Every property says its type, and holds its value under that name. */
function toValue(property: unknown, level: number): unknown {
  const wire = propertyWire.safeParse(property).data
  if (!wire || level > MOST_LEVELS) return undefined
  const value = wire[wire.type]
  const reader = Object.hasOwn(READERS, wire.type) ? READERS[wire.type] : undefined
  return reader ? reader(value, level) : toSimple(value)
}

const text = (value: unknown): string => clip(plainText(value), MAX_TEXT)
const nameOf = (value: unknown): unknown => namedWire.safeParse(value).data?.name
const personOf = (value: unknown): unknown => {
  const person = personWire.safeParse(value).data
  return person?.name ?? person?.id
}
const eachOf =
  (toEntry: (value: unknown) => unknown) =>
  (value: unknown): unknown =>
    Array.isArray(value) ? value.slice(0, MOST_ENTRIES).map(toEntry) : undefined

function dateOf(value: unknown): unknown {
  const date = dateWire.safeParse(value).data
  return date?.end ? `${date.start}/${date.end}` : date?.start
}

function numberedOf(value: unknown): unknown {
  const { prefix, number } = numberedWire.safeParse(value).data ?? {}
  return prefix ? `${prefix}-${number}` : number
}

const toSimple = (value: unknown): unknown =>
  typeof value === 'string' ? clip(value, MAX_TEXT) : typeof value === 'object' ? undefined : value

const READERS: Readonly<Record<string, (value: unknown, level: number) => unknown>> = {
  title: text,
  rich_text: text,
  select: nameOf,
  status: nameOf,
  multi_select: eachOf(nameOf),
  date: dateOf,
  people: eachOf(personOf),
  created_by: personOf,
  last_edited_by: personOf,
  relation: eachOf((value) => z.object({ id: z.string() }).safeParse(value).data?.id),
  files: eachOf((value) => fileWire.safeParse(value).data?.name),
  unique_id: numberedOf,
  // These hold a value with a type of its own.
  formula: (value, level) => toValue(value, level + 1),
  rollup: (value, level) => toValue(value, level + 1),
  array: (value, level) => eachOf((entry) => toValue(entry, level + 1))(value),
}
