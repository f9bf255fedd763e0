import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject } from '../kernel/json.ts'

/** Asks for one page of a list, as the server sends it. */
export type PageReader = (cursor: string | undefined) => Promise<unknown>

export interface Walk {
  /** The list's method, such as `tools/list`, and the member of its result that holds the items. */
  readonly method: string
  readonly member: string
  /** False when no more are wanted. */
  readonly take: (item: unknown) => boolean
  /** What went wrong, in words for an admin. */
  readonly problem: (text: string) => void
}

const MAX_PAGES = 64

/** Every item of a paginated list; 64 pages at most. Rejects with `upstream_invalid` when a page is not such a list. */
export async function walkPages(readPage: PageReader, { method, member, take, problem }: Walk): Promise<void> {
  let cursor: string | undefined
  for (let page = 1; ; page += 1) {
    const { items, nextCursor } = parsePage(await readPage(cursor), method, member)
    const isFull = items.some((item) => !take(item))
    if (isFull || nextCursor === undefined) return
    if (nextCursor === cursor) return problem('the list repeats its cursor; it was cut')
    if (page === MAX_PAGES) return problem(`the list has over ${MAX_PAGES} pages; it was cut`)
    cursor = nextCursor
  }
}

interface Page {
  readonly items: readonly unknown[]
  readonly nextCursor: string | undefined
}

function parsePage(page: unknown, method: string, member: string): Page {
  const items = isJsonObject(page) ? page[member] : undefined
  if (!isJsonObject(page) || !Array.isArray(items)) {
    throw new GatewayError('upstream_invalid', `The server answered ${method} without a list.`)
  }
  const { nextCursor } = page
  return { items, nextCursor: typeof nextCursor === 'string' ? nextCursor : undefined }
}
