/** A stretch of text with one look. `mention` is a person's id at the vendor; then `text` says nothing. */
export interface Inline {
  readonly text: string
  readonly bold?: boolean
  readonly italic?: boolean
  readonly strike?: boolean
  readonly code?: boolean
  readonly link?: string
  readonly mention?: string
}

type Look = Omit<Inline, 'text'>

/**
 * The marks that people and models write: code, link, person (`[~accountid:…]`), bold, strike, italic, bare address.
 * Each is limited in length, so that no text makes the search slow.
 */
const MARK = new RegExp(
  [
    /`(?<code>[^`\n]{1,1000})`/,
    /\[~accountid:(?<person>[A-Za-z0-9:_-]{1,128})\]/,
    /\[(?<label>[^\]\n]{1,500})\]\((?<target>(?:https?:\/\/|mailto:)[^\s()<>]{1,1000})\)/,
    /\*\*(?<bold>[^\s*](?:[^*\n]|\*(?!\*)){0,1000})\*\*/,
    /~~(?<strike>[^\s~][^~\n]{0,1000})~~/,
    /\*(?<star>[^\s*][^*\n]{0,1000})\*/,
    /(?<![A-Za-z0-9_])_(?<under>[^\s_][^_\n]{0,1000})_(?![A-Za-z0-9_])/,
    /(?<address>https?:\/\/[^\s()<>[\]"']{1,1000})/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
)

/** Reads the marks of one paragraph of Markdown. What is no mark stays as it is; text never gets lost. */
export function toInlines(text: string, look: Look = {}): readonly Inline[] {
  const found: Inline[] = []
  let end = 0
  for (const match of text.matchAll(MARK)) {
    if (match.index > end) found.push({ ...look, text: text.slice(end, match.index) })
    found.push(...toMarked(match.groups ?? {}, look))
    end = match.index + match[0].length
  }
  if (end < text.length) found.push({ ...look, text: text.slice(end) })
  return found
}

function toMarked(groups: Readonly<Record<string, string | undefined>>, look: Look): readonly Inline[] {
  const { code, person, label, target, bold, strike, star, under, address } = groups
  const italic = star ?? under
  if (code !== undefined) return [{ ...look, text: code, code: true }]
  if (person !== undefined) return [{ ...look, text: '', mention: person }]
  if (label !== undefined && target !== undefined) return toInlines(label, { ...look, link: target })
  if (bold !== undefined) return toInlines(bold, { ...look, bold: true })
  if (strike !== undefined) return toInlines(strike, { ...look, strike: true })
  if (italic !== undefined) return toInlines(italic, { ...look, italic: true })
  return address === undefined ? [] : toAddress(address, look)
}

/** The sign that ends a sentence is not part of the address before it. */
function toAddress(address: string, look: Look): readonly Inline[] {
  const bare = address.replace(/[.,;:!?]$/, '')
  const rest = address.slice(bare.length)
  return [{ link: bare, ...look, text: bare }, ...(rest ? [{ ...look, text: rest }] : [])]
}
