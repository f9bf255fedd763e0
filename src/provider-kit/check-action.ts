import type { z } from 'zod'
import type { JsonObject } from '../kernel/json.ts'
import type { Action } from './provider.ts'
import { schemaOf } from './schema-of.ts'
import { unless } from './unless.ts'

const MAX_DESCRIPTION = 500
const MAX_KEYWORDS = 12
const MAX_KEYWORD = 60
/** Verb first, so at least two words: `send_message`. */
const ACTION_ID = /^[a-z]+(?:_[a-z0-9]+)+$/
const EXAMPLE = /such as|e\.g\.|for example/i

/** What an action's declaration leaves unsaid or says wrongly, in words. */
export function checkAction(id: string, action: Action): readonly string[] {
  const { title, description, docs, scopes, effect, idempotent } = action
  return [
    ...unless(ACTION_ID.test(id), 'the id must be a verb and what it is done to, in snake_case, such as send_message'),
    ...unless(title.length > 0, 'title: missing'),
    ...unless(
      description.length > 0 && description.length <= MAX_DESCRIPTION,
      `description: 1 to ${MAX_DESCRIPTION} characters`,
    ),
    ...checkKeywords(action.keywords ?? []),
    ...unless(URL.canParse(docs), "docs: the vendor's page is missing"),
    ...unless(
      scopes.every((all) => all.length > 0),
      'scopes: an empty alternative asks for nothing; leave it out',
    ),
    ...unless(effect !== 'read' || idempotent, 'idempotent: reading twice is reading once'),
    ...checkInput(action.input),
    ...checkOutput(action.output),
  ]
}

function checkKeywords(keywords: readonly string[]): readonly string[] {
  const isFit = (keyword: string): boolean => keyword.trim() !== '' && keyword.length <= MAX_KEYWORD
  return [
    ...unless(keywords.length <= MAX_KEYWORDS, `keywords: at most ${MAX_KEYWORDS}`),
    ...unless(keywords.every(isFit), `keywords: 1 to ${MAX_KEYWORD} characters each`),
    ...unless(new Set(keywords).size === keywords.length, 'keywords: one of them is there twice'),
  ]
}

function checkInput(input: z.ZodType): readonly string[] {
  const schema = schemaOf(input, 'input')
  if (!schema) return ['input: cannot be written as JSON Schema']
  if (schema['type'] !== 'object') return ['input: not an object']
  const properties = Object.entries((schema['properties'] ?? {}) as JsonObject)
  return [
    ...unless(schema['additionalProperties'] === false, 'input: use z.strictObject, so that a typo is an error'),
    ...properties.flatMap(([name, field]) => checkField(name, field as JsonObject)),
  ]
}

function checkField(name: string, field: JsonObject): readonly string[] {
  const { description } = field
  if (typeof description !== 'string' || !description) return [`input.${name}: describe it`]
  const speaksForItself = field['type'] === 'boolean' || field['enum'] !== undefined || field['const'] !== undefined
  return unless(
    speaksForItself || EXAMPLE.test(description),
    `input.${name}: give an example ("such as …") in its description`,
  )
}

function checkOutput(output: z.ZodType): readonly string[] {
  const schema = schemaOf(output, 'output')
  if (!schema) return ['output: cannot be written as JSON Schema']
  return unless(schema['type'] === 'object', 'output: structured results of MCP tools are objects')
}
