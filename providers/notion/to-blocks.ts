import { invalidInput } from '#provider-kit'
import { toBlocks, type Block, type ListItem } from '../_markdown/blocks.ts'
import { toRichText } from './rich-text.ts'

/** Notion's limits for one request: blocks in a list, and how deep they may lie within each other. */
const MOST_BLOCKS = 100
const MOST_LEVELS = 2
/** Of Notion's many languages, those that people write; it refuses names that it does not know. */
const LANGUAGES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['bash', 'c', 'c#', 'c++', 'css', 'diff', 'docker', 'go', 'graphql', 'html', 'java', 'javascript', 'json'].map(
      same,
    ),
  ),
  ...Object.fromEntries(
    ['kotlin', 'markdown', 'php', 'python', 'ruby', 'rust', 'shell', 'sql', 'swift', 'typescript', 'xml', 'yaml'].map(
      same,
    ),
  ),
  cpp: 'c++',
  csharp: 'c#',
  dockerfile: 'docker',
  js: 'javascript',
  md: 'markdown',
  py: 'python',
  sh: 'shell',
  ts: 'typescript',
  yml: 'yaml',
}

function same(name: string): readonly [string, string] {
  return [name, name]
}

/** A block as Notion takes it. https://developers.notion.com/reference/block */
export type NotionBlock = Readonly<Record<string, unknown>>

/**
 * Markdown as blocks. Lists keep two levels, what lies deeper moves up behind its item. Throws `invalid_input` for more
 * than 100 blocks: Notion takes no more at a time.
 */
export function toNotionBlocks(markdown: string): readonly NotionBlock[] {
  const blocks = toBlocks(markdown).flatMap((block) => toNotion(block, 0))
  if (blocks.length === 0) throw invalidInput('There is nothing to add: the text is empty.')
  if (blocks.length > MOST_BLOCKS) {
    throw invalidInput(`The text makes ${blocks.length} blocks, Notion takes ${MOST_BLOCKS} at a time. Split it.`)
  }
  return blocks
}

function toNotion(block: Block, level: number): readonly NotionBlock[] {
  switch (block.kind) {
    case 'heading':
      return [toBlock(`heading_${Math.min(block.level, 3)}`, { rich_text: toRichText(block.content) })]
    case 'code':
      return [
        toBlock('code', {
          rich_text: toRichText(block.text ? [{ text: block.text }] : []),
          language: Object.hasOwn(LANGUAGES, block.language.toLowerCase())
            ? LANGUAGES[block.language.toLowerCase()]
            : 'plain text',
        }),
      ]
    case 'list':
      return block.items.flatMap((item) => toItem(item, block.ordered, level))
    case 'rule':
      return [toBlock('divider', {})]
    default:
      return [toBlock(block.kind, { rich_text: toRichText(block.content) })]
  }
}

function toItem({ content, checked, children }: ListItem, ordered: boolean, level: number): readonly NotionBlock[] {
  const type = checked === undefined ? (ordered ? 'numbered_list_item' : 'bulleted_list_item') : 'to_do'
  const inner = children.flatMap((child) => toNotion(child, level + 1))
  const isNested = inner.length > 0 && inner.length <= MOST_BLOCKS && level < MOST_LEVELS
  const item = toBlock(type, {
    rich_text: toRichText(content),
    ...(checked === undefined ? {} : { checked }),
    ...(isNested ? { children: inner } : {}),
  })
  return isNested ? [item] : [item, ...inner]
}

const toBlock = (type: string, content: object): NotionBlock => ({ object: 'block', type, [type]: content })
