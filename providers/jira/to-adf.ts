import { toBlocks, type Block, type ListItem } from '../_markdown/blocks.ts'
import type { Inline } from '../_markdown/inline.ts'

/** A node of the Atlassian Document Format. https://developer.atlassian.com/cloud/jira/platform/apis/document/structure/ */
export interface AdfNode {
  readonly type: string
  readonly text?: string
  readonly attrs?: Readonly<Record<string, unknown>>
  readonly marks?: readonly { readonly type: string; readonly attrs?: Readonly<Record<string, unknown>> }[]
  readonly content?: readonly AdfNode[]
}

/** A whole document, version 1. */
export interface AdfDocument extends AdfNode {
  readonly type: 'doc'
  readonly version: 1
}

/** Markdown as Jira keeps it. `[~accountid:…]` mentions a person; what Markdown does not know stays text. */
export const toAdf = (markdown: string): AdfDocument => ({
  type: 'doc',
  version: 1,
  content: toBlocks(markdown).map(toNode),
})

function toNode(block: Block): AdfNode {
  switch (block.kind) {
    case 'heading':
      return { type: 'heading', attrs: { level: block.level }, content: toText(block.content) }
    case 'paragraph':
      return paragraph(block.content)
    case 'quote':
      return { type: 'blockquote', content: [paragraph(block.content)] }
    case 'code':
      return {
        type: 'codeBlock',
        ...(block.language ? { attrs: { language: block.language } } : {}),
        // Jira refuses text nodes without text.
        ...(block.text ? { content: [{ type: 'text', text: block.text }] } : {}),
      }
    case 'list':
      return { type: block.ordered ? 'orderedList' : 'bulletList', content: block.items.map(toItem) }
    default:
      return { type: block.kind }
  }
}

/** Task lists need ids that are unique in the issue; a sign in front says the same without. */
const toItem = ({ content, checked, children }: ListItem): AdfNode => ({
  type: 'listItem',
  content: [
    paragraph(checked === undefined ? content : [{ text: checked ? '☑ ' : '☐ ' }, ...content]),
    ...children.map(toNode),
  ],
})

const paragraph = (content: readonly Inline[]): AdfNode => ({ type: 'paragraph', content: toText(content) })

/** Line ends are nodes of their own. */
const toText = (content: readonly Inline[]): readonly AdfNode[] =>
  content.flatMap((inline) =>
    inline.mention === undefined
      ? inline.text
          .split('\n')
          .flatMap((line, index) => [
            ...(index > 0 ? [{ type: 'hardBreak' }] : []),
            ...(line ? [{ type: 'text', text: line, ...marksOf(inline) }] : []),
          ])
      : [{ type: 'mention', attrs: { id: inline.mention } }],
  )

/** Of all marks, code can only stand with a link. */
function marksOf({ bold, italic, strike, code, link }: Inline): Pick<AdfNode, 'marks'> {
  const marks = [
    ...(link === undefined ? [] : [{ type: 'link', attrs: { href: link } }]),
    ...(code ? [{ type: 'code' }] : []),
    ...(bold && !code ? [{ type: 'strong' }] : []),
    ...(italic && !code ? [{ type: 'em' }] : []),
    ...(strike && !code ? [{ type: 'strike' }] : []),
  ]
  return marks.length > 0 ? { marks } : {}
}
