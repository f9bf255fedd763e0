import * as z from 'zod'

/** Documents that Jira makes are some ten levels deep; what lies deeper is left out. */
const MOST_LEVELS = 40

const nodeWire = z.object({
  type: z.string(),
  text: z.string().optional(),
  attrs: z.record(z.string(), z.unknown()).optional(),
  marks: z.array(z.object({ type: z.string(), attrs: z.record(z.string(), z.unknown()).optional() })).optional(),
  content: z.array(z.unknown()).optional(),
})
type Node = z.output<typeof nodeWire>

/**
 * A document of Jira as Markdown: what a model can read, and mostly what `toAdf` would make it of. Nodes that it does
 * not know give the text within them. Plain text stays as it is, and what is no document is ''.
 */
export function fromAdf(value: unknown): string {
  if (typeof value === 'string') return value
  return renderAll(childrenOf(value), 0, '\n\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()
}

const childrenOf = (value: unknown): readonly unknown[] => nodeWire.safeParse(value).data?.content ?? []

const renderAll = (nodes: readonly unknown[], level: number, between = ''): string =>
  nodes
    .map((node) => render(node, level))
    .filter((text) => text !== '')
    .join(between)

function render(value: unknown, level: number): string {
  const node = nodeWire.safeParse(value).data
  if (!node || level > MOST_LEVELS) return ''
  const known = Object.hasOwn(RENDERERS, node.type) ? RENDERERS[node.type] : undefined
  return known ? known(node, level + 1) : renderAll(node.content ?? [], level + 1, node.content?.length ? '\n' : '')
}

type Renderer = (node: Node, level: number) => string

const inner: Renderer = ({ content = [] }, level) => renderAll(content, level)
const blocks: Renderer = ({ content = [] }, level) => renderAll(content, level, '\n\n')
const attr = ({ attrs }: Node, name: string): string => {
  const value = attrs?.[name]
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

const RENDERERS: Readonly<Record<string, Renderer>> = {
  text: marked,
  paragraph: inner,
  hardBreak: () => '\n',
  rule: () => '---',
  heading: (node, level) =>
    `${'#'.repeat(Math.min(6, Math.max(1, Number(attr(node, 'level')) || 1)))} ${inner(node, level)}`,
  codeBlock: (node, level) => `\`\`\`${attr(node, 'language')}\n${inner(node, level)}\n\`\`\``,
  blockquote: (node, level) => prefixed(blocks(node, level), '> '),
  panel: (node, level) => prefixed(blocks(node, level), '> '),
  bulletList: (node, level) => list(node, level, () => '- '),
  orderedList: (node, level) => list(node, level, (index) => `${index + 1}. `),
  taskList: (node, level) => list(node, level, (_, item) => (attr(item, 'state') === 'DONE' ? '- [x] ' : '- [ ] ')),
  listItem: (node, level) => renderAll(node.content ?? [], level, '\n'),
  taskItem: inner,
  table: (node, level) => renderAll(node.content ?? [], level, '\n'),
  tableRow: (node, level) => `| ${(node.content ?? []).map((cell) => inCell(render(cell, level))).join(' | ')} |`,
  mention: (node) => `${attr(node, 'text') || '@'} [~accountid:${attr(node, 'id')}]`,
  emoji: (node) => attr(node, 'text') || attr(node, 'shortName'),
  status: (node) => `[${attr(node, 'text')}]`,
  date: (node) => dayOf(Number(attr(node, 'timestamp'))),
  inlineCard: (node) => attr(node, 'url'),
  blockCard: (node) => attr(node, 'url'),
  embedCard: (node) => attr(node, 'url'),
  media: (node) => `[attachment: ${attr(node, 'alt') || attr(node, 'id') || attr(node, 'url')}]`,
  expand: (node, level) => `**${attr(node, 'title')}**\n\n${blocks(node, level)}`,
}

/** The outermost last, as Markdown wants it. */
function marked({ text = '', marks = [] }: Node): string {
  const has = (type: string) => marks.some((mark) => mark.type === type)
  const styled = [
    ['code', '`'],
    ['strong', '**'],
    ['em', '*'],
    ['strike', '~~'],
  ] as const
  const body = styled.reduce((whole, [type, sign]) => (has(type) ? `${sign}${whole}${sign}` : whole), text)
  const href = marks.find((mark) => mark.type === 'link')?.attrs?.['href']
  return typeof href === 'string' && href !== text ? `[${body}](${href})` : body
}

function list(node: Node, level: number, sign: (index: number, item: Node) => string): string {
  return (node.content ?? [])
    .flatMap((value) => nodeWire.safeParse(value).data ?? [])
    .map((item, index) => {
      const text = render(item, level)
      const isList = item.type.endsWith('List')
      return isList ? indented(text, '  ') : `${sign(index, item)}${indented(text, '  ').trimStart()}`
    })
    .join('\n')
}

const indented = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => (line ? by + line : line))
    .join('\n')
const prefixed = (text: string, by: string): string =>
  text
    .split('\n')
    .map((line) => (by + line).trimEnd())
    .join('\n')
const inCell = (text: string): string => text.replaceAll(/\s*\n\s*/g, ' ').replaceAll('|', '\\|')

function dayOf(milliseconds: number): string {
  const date = new Date(milliseconds)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10)
}
