import { isJsonObject, type Json } from '../kernel/json.ts'

/** The members that a JSON Pointer (RFC 6901) goes through, unescaped; the empty pointer is the whole value. */
export const parsePointer = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))

/** The pointer one step further down. */
export const stepInto = (pointer: string, token: string | number): string =>
  `${pointer}/${String(token).replaceAll('~', '~0').replaceAll('/', '~1')}`

/** `missing`: nothing is there. `blocked`: a step goes into something that has no members, such as a text. */
export type Located =
  | { readonly kind: 'found'; readonly value: Json }
  | { readonly kind: 'missing' }
  | { readonly kind: 'blocked' }

const MISSING: Located = { kind: 'missing' }
const BLOCKED: Located = { kind: 'blocked' }
const INDEX = /^(?:0|[1-9][0-9]{0,8})$/

/** Walks a value by own members only: `__proto__`, `constructor` or `length` never reach beyond the data. */
export function locate(root: Json, tokens: readonly string[]): Located {
  let value: Json | undefined = root
  for (const token of tokens) {
    if (Array.isArray(value)) value = INDEX.test(token) ? (value as readonly Json[])[Number(token)] : undefined
    else if (isJsonObject(value)) value = Object.hasOwn(value, token) ? value[token] : undefined
    else return BLOCKED
    if (value === undefined) return MISSING
  }
  return { kind: 'found', value }
}
