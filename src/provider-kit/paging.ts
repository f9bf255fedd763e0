import type { WireReply } from './request.ts'

/**
 * The target of the `Link` header with this relation (RFC 8288), or undefined. It is the vendor's word:
 * take parameters from it, never follow it as it is.
 */
export function linkTo(reply: WireReply, relation: string): URL | undefined {
  const target = (reply.headers['link'] ?? '')
    .slice(0, 8192)
    .split(/,(?=\s*<)/)
    .map((link) => link.trim())
    .find((link) => relationsOf(link).includes(relation))
  const url = target?.slice(1, target.indexOf('>'))
  return url !== undefined && URL.canParse(url, BASE) ? new URL(url, BASE) : undefined
}

/** The cursor of the next page: one query parameter of the `Link: …; rel="next"` target, or undefined on the last page. */
export const nextPage = (reply: WireReply, parameter = 'page'): string | undefined =>
  linkTo(reply, 'next')?.searchParams.get(parameter) ?? undefined

/** Relative targets need some base to be parsed; only their query is of use. */
const BASE = 'https://relative.invalid'

const relationsOf = (link: string): readonly string[] => {
  const end = link.indexOf('>')
  if (!link.startsWith('<') || end < 0) return []
  const match = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))/i.exec(link.slice(end + 1))
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase().split(' ')
}
