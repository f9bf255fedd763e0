import { createHash } from 'node:crypto'
import type { JsonObject } from '../kernel/json.ts'
import type { FeatureKind } from '../kernel/tool.ts'

/** One page of a list. */
export interface Page {
  readonly items: readonly JsonObject[]
  readonly nextCursor?: string
  /** JSON of the list's member and, where there is more, of `nextCursor`: made once for everyone with this view. */
  readonly bytes: Buffer
}

export interface Pages {
  readonly first: Page | undefined
  readonly byCursor: ReadonlyMap<string, Page>
}

/** What one page holds at most. */
export interface PageLimits {
  readonly pageSize?: number
  readonly pageBytes?: number
}

/**
 * Many clients never ask for a second page, and each page is a request of its own; but many programs, this one among them,
 * read no line above 10 MB.
 */
const PAGE_SIZE = 10_000
const PAGE_BYTES = 8 * 1024 * 1024

/** The member of the list result in which each kind stands. */
const MEMBERS: Readonly<Record<FeatureKind, string>> = {
  tool: 'tools',
  resource: 'resources',
  template: 'resourceTemplates',
  prompt: 'prompts',
}

/** Cuts a list into pages. A cursor is good for this list alone: not for another, nor for what it becomes. */
export function toPages(kind: FeatureKind, items: readonly JsonObject[], limits: PageLimits): Pages {
  const parts = cut(items, limits)
  const lists = parts.map(({ texts }) => `"${MEMBERS[kind]}":[${texts.join(',')}]`)
  const cursors = cursorsOf(lists)
  const pages = parts.map((part, index): Page => {
    const nextCursor = cursors[index]
    const page = { items: part.items, ...(kind === 'tool' && { tools: part.items }) }
    const list = lists[index] ?? ''
    if (nextCursor === undefined) return { ...page, bytes: Buffer.from(list) }
    return { ...page, nextCursor, bytes: Buffer.from(`${list},"nextCursor":${JSON.stringify(nextCursor)}`) }
  })
  return { first: pages[0], byCursor: new Map(pages.slice(1).map((page, index) => [cursors[index] ?? '', page])) }
}

/** One for each page but the first. */
function cursorsOf([first = '', ...others]: readonly string[]): readonly string[] {
  if (others.length === 0) return []
  const hash = createHash('sha256').update(first)
  for (const list of others) hash.update(list)
  const tag = hash.digest('base64url').slice(0, 12)
  return others.map((_list, index) => Buffer.from(`${index + 1}.${tag}`).toString('base64url'))
}

interface Part {
  readonly items: JsonObject[]
  readonly texts: string[]
}

/** What is too large for a page has one of its own. An empty list has one page. */
function cut(
  items: readonly JsonObject[],
  { pageSize = PAGE_SIZE, pageBytes = PAGE_BYTES }: PageLimits,
): readonly Part[] {
  let part: Part = { items: [], texts: [] }
  let bytes = 0
  const parts = [part]
  for (const item of items) {
    const text = JSON.stringify(item)
    const size = Buffer.byteLength(text) + 1
    if (part.items.length > 0 && (part.items.length === pageSize || bytes + size > pageBytes)) {
      parts.push((part = { items: [], texts: [] }))
      bytes = 0
    }
    part.items.push(item)
    part.texts.push(text)
    bytes += size
  }
  return parts
}
