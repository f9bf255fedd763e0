import { createHash } from 'node:crypto'
import type { Features } from '../catalog/features.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { NameStyle } from '../kernel/principal.ts'
import type { Feature, FeatureKind } from '../kernel/tool.ts'
import type { PolicyView } from '../policy/view.ts'
import { renameUris } from './rename-uris.ts'

/** One page of a list. */
export interface Page {
  readonly items: readonly JsonObject[]
  readonly nextCursor?: string
  /** The list's member and, where there is more, `"nextCursor":"…"`, serialised once for everyone with this view. */
  readonly json: string
}

/** One page of `tools/list`. */
export interface ToolPage extends Omit<Page, 'items'> {
  readonly tools: readonly JsonObject[]
}

const isToolPage = (page: Page | ToolPage): page is ToolPage => 'tools' in page

/** A page of a listing of tools, under the name that `tools/list` has for it. */
export function toToolPage(page: Page): ToolPage {
  if (isToolPage(page)) return page
  throw new Error('This is no page of tools.')
}

/** One kind of features as an agent reads it: names in its style, cut into pages. */
export interface Listing<F extends Feature = Feature> {
  readonly pages: readonly Page[]
  /** The page that a cursor stands for; undefined for a cursor of another list. */
  page(cursor: string | undefined): Page | undefined
  /** What is behind an advertised name. */
  find(name: string): F | undefined
}

export interface Listings {
  of(view: PolicyView, kind: FeatureKind, style: NameStyle): Listing
}

/** The member of the list result in which each kind stands. */
const MEMBERS: Readonly<Record<FeatureKind, string>> = {
  tool: 'tools',
  resource: 'resources',
  template: 'resourceTemplates',
  prompt: 'prompts',
}

export interface ListingsOptions {
  readonly pageSize: number
  /** The names of the current catalog, for URIs inside definitions. */
  features(): Features
}

/** Keeps each view's listings for as long as the view lives, so that principals with equal rights share one. */
export function listings({ pageSize, features }: ListingsOptions): Listings {
  const kept = new WeakMap<PolicyView, Map<string, Listing>>()
  return {
    of(view, kind, style) {
      const known = kept.get(view) ?? new Map<string, Listing>()
      kept.set(view, known)
      const key = `${kind} ${style}`
      const listing = known.get(key) ?? toListing(view, kind, style, { pageSize, features })
      known.set(key, listing)
      return listing
    },
  }
}

function toListing(
  view: PolicyView,
  kind: FeatureKind,
  style: NameStyle,
  { pageSize, features }: ListingsOptions,
): Listing {
  const shown = view.features.filter((feature) => feature.kind === kind)
  const naming = namingOf(view.features, style)
  const byName = new Map(shown.map((feature) => [naming(feature), feature]))
  const names = features()
  const chunks = chunk(
    shown.map((feature) => renameUris(names, feature.connection, toAdvertised(feature, naming(feature), style))),
    pageSize,
  )
  const lists = chunks.map((part) => `"${MEMBERS[kind]}":${JSON.stringify(part)}`)
  const tag = createHash('sha256').update(lists.join()).digest('base64url').slice(0, 12)
  const cursorOf = (index: number): string => Buffer.from(`${index}.${tag}`).toString('base64url')
  const pages = chunks.map((items, index): Page => {
    const json = lists[index] ?? ''
    const page = { items, ...(kind === 'tool' && { tools: items }) }
    if (index + 1 >= chunks.length) return { ...page, json }
    const nextCursor = cursorOf(index + 1)
    return { ...page, nextCursor, json: `${json},"nextCursor":${JSON.stringify(nextCursor)}` }
  })
  const byCursor = new Map(pages.map((page, index) => [cursorOf(index), page]))
  return {
    pages,
    page: (cursor) => (cursor === undefined ? pages[0] : byCursor.get(cursor)),
    find: (name) => byName.get(name),
  }
}

/** `plain` is for an agent that sees exactly one connection; with more, names could collide, so it falls back. */
function namingOf(features: readonly Feature[], style: NameStyle): (feature: Feature) => string {
  const single = new Set(features.map(({ connection }) => connection)).size <= 1
  return (feature) => {
    if (feature.kind === 'resource' || feature.kind === 'template') return feature.wireName
    if (style === 'canonical') return feature.id
    return style === 'plain' && single ? feature.name : feature.wireName
  }
}

/** The upstream's definition, whole, under our name. The canonical id stands in `title` and `_meta` (DESIGN §2). */
function toAdvertised({ kind, definition, id, name: own }: Feature, name: string, style: NameStyle): JsonObject {
  if (kind === 'template') return definition
  if (kind === 'resource') return name === own ? definition : { ...definition, uri: name }
  if (style === 'plain' && name === own) return definition
  const upstreamTitle = definition['title']
  return {
    ...definition,
    name,
    title: typeof upstreamTitle === 'string' ? `${upstreamTitle} (${id})` : id,
    _meta: { ...(definition['_meta'] as JsonObject | undefined), 'dev.gatehouse/id': id },
  }
}

function chunk<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  const pages = Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  )
  return pages.length === 0 ? [[]] : pages
}
