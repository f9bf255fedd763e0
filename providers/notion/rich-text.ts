import * as z from 'zod'
import { toInlines, type Inline } from '../_markdown/inline.ts'

/** Notion's limits for one piece of text, and for the pieces of one block. */
const MAX_TEXT = 2_000
const MOST_PIECES = 100

/** Text with its looks as Notion takes it. https://developers.notion.com/reference/rich-text */
export const toRichText = (content: readonly Inline[]) =>
  content.flatMap((inline) => split(textOf(inline)).map((text) => toPiece({ ...inline, text }))).slice(0, MOST_PIECES)

/** Notion's people have ids of their own; a mention of another vendor's stays as it was written. */
const textOf = ({ text, mention }: Inline): string => (mention === undefined ? text : `[~accountid:${mention}]`)

/** Markdown of one paragraph. */
export const richText = (markdown: string) => toRichText(toInlines(markdown))

function toPiece({ text, bold, italic, strike, code, link }: Inline) {
  const annotations = {
    ...(bold ? { bold } : {}),
    ...(italic ? { italic } : {}),
    ...(strike ? { strikethrough: true } : {}),
    ...(code ? { code } : {}),
  }
  return {
    type: 'text',
    text: { content: text, ...(link === undefined ? {} : { link: { url: link } }) },
    ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
  }
}

/** In parts of at most 2,000 characters, never between the halves of a surrogate pair. */
function split(text: string): readonly string[] {
  const parts: string[] = []
  for (let at = 0; at < text.length;) {
    const part = text.slice(at, at + MAX_TEXT)
    const whole = at + part.length < text.length ? part.replace(/[\uD800-\uDBFF]$/, '') : part
    parts.push(whole)
    at += whole.length
  }
  return parts
}

const piecesWire = z.array(z.object({ plain_text: z.string() }))

/** The words of Notion's rich text, without their looks; '' for what is none. */
export const plainText = (value: unknown): string =>
  (piecesWire.safeParse(value).data ?? []).map(({ plain_text }) => plain_text).join('')
