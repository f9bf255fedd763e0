interface Part {
  readonly literal: string
  /** What follows the literal: nothing, one segment, or anything up to the next literal. */
  readonly hole: 'none' | 'segment' | 'any'
}

const EXPRESSION = /\{([^{}]{1,200})\}/g
/** Longer URIs are not matched: they are nobody's. */
const MOST_CHARACTERS = 8_192

/**
 * Whether a URI can come from a template (RFC 6570). It finds the owner of a resource and decides nothing else, so it may
 * be generous; it is linear in the URI, because templates and URIs are anybody's.
 */
export function uriMatcher(template: string): (uri: string) => boolean {
  const parts = toParts(template)
  return (uri) => uri.length <= MOST_CHARACTERS && matches(parts, uri)
}

function toParts(template: string): readonly Part[] {
  const parts: Part[] = []
  let from = 0
  for (const match of template.matchAll(EXPRESSION)) {
    const [whole, expression = ''] = match
    parts.push({ literal: template.slice(from, match.index), hole: /^[+#/?&;.]/.test(expression) ? 'any' : 'segment' })
    from = match.index + whole.length
  }
  return [...parts, { literal: template.slice(from), hole: 'none' }]
}

function matches(parts: readonly Part[], uri: string): boolean {
  let position = 0
  let hole: Part['hole'] = 'none'
  for (const [index, { literal, hole: next }] of parts.entries()) {
    const isLast = index === parts.length - 1
    const at = hole === 'none' ? position : isLast ? uri.length - literal.length : uri.indexOf(literal, position)
    if (at < position || !uri.startsWith(literal, at)) return false
    const filled = uri.slice(position, at)
    if (hole === 'segment' && (filled === '' || filled.includes('/'))) return false
    position = at + literal.length
    hole = next
  }
  return position === uri.length
}
