/** What nobody sees as text, from its beginning to its end: a closing tag is left for the tags to go. */
const UNSEEN: readonly (readonly [string, string])[] = [
  ['<!--', '-->'],
  ...['style', 'script', 'title', 'template'].map((name) => [`<${name}(?![a-z0-9-])`, `(?=</${name})`] as const),
]
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  hellip: '…',
  ndash: '–',
  mdash: '—',
  euro: '€',
  copy: '©',
  rsquo: '’',
  lsquo: '‘',
  rdquo: '”',
  ldquo: '“',
}

/** The readable text of an HTML mail, in time linear in its length. For reading only: the text is never HTML again. */
export function htmlText(html: string): string {
  const seen = UNSEEN.reduce(withoutSpans, html)
  const text = seen
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/<(?:br|\/p|\/div|\/tr|\/li|\/h[1-6])\b[^<>]*>/gi, '\n')
    .replaceAll(/<[a-z/!?][^<>]*>/gi, '')
  return tidy(decodeEntities(text))
}

/** Searches forward only, because one pattern over spans that never end is not linear. */
function withoutSpans(html: string, [open, close]: readonly [string, string]): string {
  const opening = new RegExp(open, 'gi')
  const closing = new RegExp(close, 'gi')
  const kept: string[] = []
  let from = 0
  for (let start = opening.exec(html); start; start = opening.exec(html)) {
    kept.push(html.slice(from, start.index))
    closing.lastIndex = opening.lastIndex
    const end = closing.exec(html)
    if (!end) return kept.join('')
    from = end.index + end[0].length
    opening.lastIndex = from
  }
  return [...kept, html.slice(from)].join('')
}

const decodeEntities = (text: string): string =>
  text.replaceAll(/&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]{2,8}));/gi, (whole, hex, decimal, name) =>
    name === undefined
      ? codePoint(hex === undefined ? Number(decimal) : Number.parseInt(String(hex), 16), whole)
      : (ENTITIES[String(name).toLowerCase()] ?? whole),
  )

const codePoint = (code: number, otherwise: string): string =>
  code > 0 && code <= 0x10_ff_ff && !(code >= 0xd8_00 && code <= 0xdf_ff) ? String.fromCodePoint(code) : otherwise

const tidy = (text: string): string =>
  text
    .split('\n')
    .map((line) => line.replaceAll(/[ \u00a0]+/g, ' ').trim())
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
