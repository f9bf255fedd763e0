import { GatewayError } from '../kernel/errors.ts'

/** A part of a list. Without `nextCursor` it was the last one. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string
}

export interface PageRequest {
  /** 1 to 1000; 100 when left out. */
  readonly limit?: number | undefined
  readonly cursor?: string | undefined
}

export const DEFAULT_PAGE = 100
export const MOST_PER_PAGE = 1000

/**
 * A page of an ordered list. The cursor names the last item that was shown, so that items which come or go between
 * two requests shift nothing. Throws `invalid_cursor`.
 */
export function pageOf<T>(items: readonly T[], keyOf: (item: T) => string, request: PageRequest): Page<T> {
  const after = request.cursor === undefined ? undefined : fromCursor(request.cursor)
  const rest = after === undefined ? items : items.filter((item) => keyOf(item) > after)
  const shown = rest.slice(0, request.limit ?? DEFAULT_PAGE)
  const last = shown.at(-1)
  return last === undefined || shown.length === rest.length
    ? { items: shown }
    : { items: shown, nextCursor: toCursor(keyOf(last)) }
}

/** Opaque to callers: base64url of the key of the last item. */
export const toCursor = (key: string): string => Buffer.from(key, 'utf8').toString('base64url')

/** Throws `invalid_cursor` when the text is none that we made. */
export function fromCursor(cursor: string): string {
  const key = Buffer.from(cursor, 'base64url').toString('utf8')
  if (key === '' || toCursor(key) !== cursor) {
    throw new GatewayError('invalid_cursor', 'The cursor is none of this list. Ask again without one.')
  }
  return key
}
