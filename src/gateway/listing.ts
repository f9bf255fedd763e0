import { createHash } from 'node:crypto'
import type { JsonObject } from '../kernel/json.ts'
import type { NameStyle } from '../kernel/principal.ts'
import type { Tool } from '../kernel/tool.ts'
import type { PolicyView } from '../policy/view.ts'

/** One page of `tools/list`. */
export interface ToolPage {
  readonly tools: readonly JsonObject[]
  readonly nextCursor?: string
  /** The members `"tools":[…]` and, where there is more, `"nextCursor":"…"`, serialised once for everyone with this view. */
  readonly json: string
}

/** A view as an agent reads it: names in its style, cut into pages. */
export interface Listing {
  readonly pages: readonly ToolPage[]
  /** The page that a cursor stands for; undefined for a cursor of another list. */
  page(cursor: string | undefined): ToolPage | undefined
  /** The tool behind an advertised name. */
  find(name: string): Tool | undefined
}

export interface Listings {
  of(view: PolicyView, style: NameStyle): Listing
}

/** Keeps each view's listing for as long as the view lives, so that principals with equal rights share one. */
export function listings({ pageSize }: { readonly pageSize: number }): Listings {
  const kept = new WeakMap<PolicyView, Map<NameStyle, Listing>>()
  return {
    of(view, style) {
      const styles = kept.get(view) ?? new Map<NameStyle, Listing>()
      kept.set(view, styles)
      const listing = styles.get(style) ?? toListing(view.tools, style, pageSize)
      styles.set(style, listing)
      return listing
    },
  }
}

function toListing(tools: readonly Tool[], style: NameStyle, pageSize: number): Listing {
  const naming = namingOf(tools, style)
  const byName = new Map(tools.map((tool) => [naming(tool), tool]))
  const chunks = chunk(
    tools.map((tool) => toAdvertised(tool, naming(tool), style)),
    pageSize,
  )
  const tag = createHash('sha256')
    .update(chunks.map((part) => JSON.stringify(part)).join())
    .digest('base64url')
    .slice(0, 12)
  const cursorOf = (index: number): string => Buffer.from(`${index}.${tag}`).toString('base64url')
  const pages = chunks.map((part, index) => toPage(part, index + 1 < chunks.length ? cursorOf(index + 1) : undefined))
  const byCursor = new Map(pages.map((page, index) => [cursorOf(index), page]))
  return {
    pages,
    page: (cursor) => (cursor === undefined ? pages[0] : byCursor.get(cursor)),
    find: (name) => byName.get(name),
  }
}

function toPage(tools: readonly JsonObject[], nextCursor: string | undefined): ToolPage {
  const list = `"tools":${JSON.stringify(tools)}`
  return nextCursor === undefined
    ? { tools, json: list }
    : { tools, nextCursor, json: `${list},"nextCursor":${JSON.stringify(nextCursor)}` }
}

/** `plain` is for an agent that sees exactly one connection; with more, names could collide, so it falls back. */
function namingOf(tools: readonly Tool[], style: NameStyle): (tool: Tool) => string {
  if (style === 'canonical') return (tool) => tool.id
  const single = new Set(tools.map((tool) => tool.connection)).size <= 1
  return style === 'plain' && single ? (tool) => tool.name : (tool) => tool.wireName
}

/** The upstream's definition, whole, under our name. The canonical id stands in `title` and `_meta` (DESIGN §2). */
function toAdvertised(tool: Tool, name: string, style: NameStyle): JsonObject {
  const { definition, id } = tool
  if (style === 'plain' && name === tool.name) return definition
  const upstreamTitle = definition.title
  return {
    ...definition,
    name,
    title: upstreamTitle === undefined ? id : `${upstreamTitle} (${id})`,
    _meta: { ...(definition['_meta'] as JsonObject | undefined), 'dev.gatehouse/id': id },
  }
}

function chunk<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const pages = Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
  return pages.length === 0 ? [[]] : pages
}
