import { toInlines, type Inline } from './inline.ts'

export interface ListItem {
  readonly content: readonly Inline[]
  /** Of a task: `[x]` or `[ ]`. */
  readonly checked?: boolean
  readonly children: readonly Block[]
}

export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly content: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly content: readonly Inline[] }
  | { readonly kind: 'code'; readonly language: string; readonly text: string }
  | { readonly kind: 'quote'; readonly content: readonly Inline[] }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly ListItem[] }
  | { readonly kind: 'rule' }

const FENCE = /^ {0,3}```([^`]*)$/
const LANGUAGE = /^[\w+#.-]{0,30}$/
const HEADING = /^ {0,3}(#{1,6})\s+(.*)$/
const RULE = /^ {0,3}(?:-{3,}|\*{3,}|_{3,})\s*$/
const QUOTE = /^ {0,3}>\s?(.*)$/
const ITEM = /^(\s*)(?:[-*+]|(\d{1,9})[.)])\s+(?:\[([ xX])\]\s+)?(.*)$/
const MOST_LEVELS = 6

/**
 * Reads the Markdown that people and models write: headings, paragraphs, lists and tasks (also nested), quotes, fenced
 * code and rules. Everything else, such as tables and HTML, stays text. Takes time in proportion to the text.
 */
export function toBlocks(markdown: string): readonly Block[] {
  const lines = markdown.replaceAll(/\r\n?/g, '\n').split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length;) {
    const { block, next } = readBlock(lines, at)
    if (block) blocks.push(block)
    at = next
  }
  return blocks
}

interface Read {
  readonly block?: Block
  /** The line to go on with; always behind the one that was read. */
  readonly next: number
}

function readBlock(lines: readonly string[], at: number): Read {
  const line = lines[at] ?? ''
  if (line.trim() === '') return { next: at + 1 }
  const fence = FENCE.exec(line)
  if (fence) return readCode(lines, at + 1, (fence[1] ?? '').trim())
  const heading = HEADING.exec(line)
  if (heading) {
    const [, marks = '', text = ''] = heading
    return { block: { kind: 'heading', level: marks.length, content: toInlines(text.trim()) }, next: at + 1 }
  }
  if (RULE.test(line)) return { block: { kind: 'rule' }, next: at + 1 }
  if (QUOTE.test(line)) return readQuote(lines, at)
  return ITEM.test(line) ? readList(lines, at, 1) : readParagraph(lines, at)
}

/** Up to the closing fence, or to the end where there is none. More than a language behind the opening one is text. */
function readCode(lines: readonly string[], start: number, info: string): Read {
  const end = endOf(lines, start, (line) => !/^ {0,3}```\s*$/.test(line))
  const isLanguage = LANGUAGE.test(info)
  const text = [...(isLanguage ? [] : [info]), ...lines.slice(start, end)].join('\n')
  return { block: { kind: 'code', language: isLanguage ? info : '', text }, next: end + 1 }
}

function readQuote(lines: readonly string[], start: number): Read {
  const end = endOf(lines, start, (line) => QUOTE.test(line))
  const text = lines.slice(start, end).map((line) => QUOTE.exec(line)?.[1] ?? '')
  return { block: { kind: 'quote', content: toInlines(text.join('\n').trim()) }, next: end }
}

/** Line ends within a paragraph are kept: people mean them. */
function readParagraph(lines: readonly string[], start: number): Read {
  const end = endOf(lines, start + 1, (line) => line.trim() !== '' && !opensBlock(line))
  return { block: { kind: 'paragraph', content: toInlines(lines.slice(start, end).join('\n').trim()) }, next: end }
}

const opensBlock = (line: string): boolean => [FENCE, HEADING, RULE, QUOTE, ITEM].some((form) => form.test(line))

function endOf(lines: readonly string[], start: number, belongs: (line: string) => boolean): number {
  let end = start
  while (end < lines.length && belongs(lines[end] ?? '')) end++
  return end
}

/** One list: the items of the same indentation and kind; deeper ones are lists of their own within. */
function readList(lines: readonly string[], start: number, level: number): Read & { readonly block: Block } {
  const first = itemOf(lines[start] ?? '')
  const items: ListItem[] = []
  let at = start
  for (let item = first; item && belongsTo(item, first, level); item = itemOf(lines[at] ?? '')) {
    const children: Block[] = []
    at += 1
    for (let inner = itemOf(lines[at] ?? ''); inner && isDeeper(inner, item, level); inner = itemOf(lines[at] ?? '')) {
      const { block, next } = readList(lines, at, level + 1)
      children.push(block)
      at = next
    }
    items.push({
      content: toInlines(item.text),
      ...(item.checked === undefined ? {} : { checked: item.checked }),
      children,
    })
  }
  return { block: { kind: 'list', ordered: first?.ordered ?? false, items }, next: at }
}

interface ItemLine {
  readonly indent: number
  readonly ordered: boolean
  readonly checked: boolean | undefined
  readonly text: string
}

function itemOf(line: string): ItemLine | undefined {
  const match = RULE.test(line) ? undefined : ITEM.exec(line)
  if (!match) return undefined
  const [, indent = '', number, box, text = ''] = match
  return {
    indent: indent.replaceAll('\t', '    ').length,
    ordered: number !== undefined,
    checked: box === undefined ? undefined : box !== ' ',
    text: text.trim(),
  }
}

/** At the deepest level everything belongs, however it is indented. */
const belongsTo = (item: ItemLine, first: ItemLine | undefined, level: number): boolean =>
  first !== undefined &&
  item.ordered === first.ordered &&
  (level >= MOST_LEVELS ? item.indent >= first.indent : Math.abs(item.indent - first.indent) < 2)

const isDeeper = (item: ItemLine, than: ItemLine, level: number): boolean =>
  level < MOST_LEVELS && item.indent >= than.indent + 2
