import { RE2JS } from 're2js'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { Redaction } from '../kernel/policy.ts'
import type { ToolResult } from '../kernel/tool.ts'
import { type Removed, SHORTEST_ECHO, withoutEchoes } from './redact-echoes.ts'
import { PRESETS } from './redact-presets.ts'
import { isSecretName } from './redact-secrets.ts'
import { parseContainer, type Scrubber, scrubbed, toText } from './redact-walk.ts'

type Scrub = (text: string) => string
type AtPointer = Extract<Redaction, { pointer: string }>

/**
 * Takes out what the redactions name, wherever it stands in the result: structured content, texts, JSON in texts, embedded
 * resources, links, names of members. The input is not changed; what has nothing to redact is the same object.
 */
export function redactResult(result: ToolResult, redactions: readonly Redaction[]): ToolResult {
  const { value, removed } = removeAt(result, redactions)
  const scrubber = toScrubber(redactions, removed)
  const { structuredContent, ...rest } = value
  const left = scrubbed(rest, scrubber, 'bytes') as ToolResult
  if (structuredContent === undefined) return left === rest ? value : left
  const structured = scrubbed(structuredContent, scrubber, 'nothing')
  return left === rest && structured === structuredContent ? value : { ...left, structuredContent: structured }
}

/** The same for any other answer. Pointers speak of JSON that stands in its texts. */
export function redactWords(value: JsonObject, redactions: readonly Redaction[]): JsonObject {
  const removed: Removed[] = []
  const clean = cleaning(redactions, removed)
  const without = clean ? (cleanTexts(value, clean) as JsonObject) : value
  return scrubbed(without, toScrubber(redactions, removed), 'bytes') as JsonObject
}

/** The same for a text by itself. */
export const redactText = (text: string, redactions: readonly Redaction[]): string =>
  toScrubber(redactions, []).text(text)

function toScrubber(redactions: readonly Redaction[], removed: readonly Removed[]): Scrubber {
  const presets = redactions.flatMap(toPreset)
  const patterns = redactions.flatMap(toPattern)
  const echoes = removed.length > 0 ? [withoutEchoes(removed)] : []
  const secrets = redactions.find((one) => 'preset' in one && one.preset === 'secrets')
  return {
    text: inTurn([...presets, ...patterns, ...echoes]),
    across: inTurn(patterns),
    named: (name) => (secrets && isSecretName(name) ? (secrets.with ?? markOf('secrets')) : undefined),
  }
}

const inTurn =
  (scrubs: readonly Scrub[]): Scrub =>
  (words) =>
    scrubs.reduce((left, scrub) => scrub(left), words)

const markOf = (preset: string): string => `[redacted ${preset}]`

function toPreset(redaction: Redaction): readonly Scrub[] {
  if (!('preset' in redaction)) return []
  const mark = redaction.with ?? markOf(redaction.preset)
  return [(text) => PRESETS[redaction.preset](text, mark)]
}

function toPattern(redaction: Redaction): readonly Scrub[] {
  if (!('pattern' in redaction)) return []
  const pattern = RE2JS.compile(redaction.pattern)
  return [(text) => replaceFound(pattern, text, redaction.with ?? '[redacted]')]
}

/** Matches of nothing at all are none, or the mark would stand between any two letters. */
function replaceFound(pattern: RE2JS, text: string, mark: string): string {
  const matcher = pattern.matcher(text)
  const parts: string[] = []
  let from = 0
  while (matcher.find()) {
    if (matcher.end() === matcher.start()) continue
    parts.push(text.slice(from, matcher.start()), mark)
    from = matcher.end()
  }
  return parts.length === 0 ? text : parts.join('') + text.slice(from)
}

type Clean = (root: Json) => Json

/** Undefined where no redaction is a pointer. */
function cleaning(redactions: readonly Redaction[], removed: Removed[]): Clean | undefined {
  const pointers = redactions.filter((redaction): redaction is AtPointer => 'pointer' in redaction)
  if (pointers.length === 0) return undefined
  return (root) =>
    pointers.reduce(
      (value, { pointer, with: mark = '[redacted]' }) => replaceAt(value, toTokens(pointer), { mark, removed }),
      root,
    )
}

/** Pointers speak of `structuredContent`; texts that repeat it as JSON are treated the same way. */
function removeAt(
  result: ToolResult,
  redactions: readonly Redaction[],
): { readonly value: ToolResult; readonly removed: readonly Removed[] } {
  const removed: Removed[] = []
  const clean = cleaning(redactions, removed)
  if (!clean) return { value: result, removed }
  const { structuredContent } = result
  const value: ToolResult = {
    ...result,
    ...(structuredContent !== undefined && { structuredContent: clean(structuredContent) }),
    content: result.content.map((block) => cleanTexts(block, clean)),
  }
  return { value, removed }
}

/** Cleans JSON that stands in members called `text`, wherever they are. */
function cleanTexts(value: Json, clean: Clean): Json {
  if (Array.isArray(value)) return value.map((item: Json) => cleanTexts(item, clean))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      key === 'text' && typeof member === 'string'
        ? cleanText(member, clean)
        : member === undefined
          ? member
          : cleanTexts(member, clean),
    ]),
  )
}

function cleanText(text: string, clean: Clean): string {
  const parsed = parseContainer(text)
  return parsed === undefined ? text : toText(clean(parsed), text)
}

interface Removal {
  readonly mark: string
  readonly removed: Removed[]
}

/** `*` as a token stands for every element or member. */
function replaceAt(value: Json, tokens: readonly string[], removal: Removal): Json {
  const [token, ...rest] = tokens
  if (token === undefined) return remove(value, removal)
  if (Array.isArray(value)) {
    return value.map((item: Json, index) =>
      token === '*' || token === String(index) ? replaceAt(item, rest, removal) : item,
    )
  }
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      (token === '*' || token === key) && member !== undefined ? replaceAt(member, rest, removal) : member,
    ]),
  )
}

/** What was in it is looked for elsewhere, too. */
function remove(value: Json, removal: Removal): string {
  const { mark, removed } = removal
  if (typeof value === 'string' || typeof value === 'number') {
    const text = String(value)
    if (text.length >= SHORTEST_ECHO && text !== mark) removed.push({ text, mark })
  } else if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) if (member !== undefined) remove(member, removal)
  }
  return mark
}

const toTokens = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
