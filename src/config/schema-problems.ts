import type { z } from 'zod'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { didYouMean } from './did-you-mean.ts'
import { configJsonSchema, knownKeys } from './json-schema.ts'
import { toPointer } from './pointer.ts'
import type { ConfigProblem } from './problems.ts'

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]
type UnionIssue = Extract<Issue, { code: 'invalid_union' }>

interface Parsed {
  readonly document: unknown
  /** The keys that are known at a place. */
  readonly keysAt: (path: Path) => readonly string[]
}

/** Turns what zod found into problems in our words. `document` is what was parsed; its values are never quoted. */
export function schemaProblems(issues: readonly Issue[], document: unknown): readonly ConfigProblem[] {
  let schema: JsonObject | undefined
  const keysAt = (path: Path): readonly string[] => knownKeys((schema ??= configJsonSchema()), path)
  return issues.flatMap((issue) => problemsOf(issue, [], { document, keysAt }))
}

function problemsOf(issue: Issue, parent: Path, parsed: Parsed): readonly ConfigProblem[] {
  const path = [...parent, ...issue.path]
  const pointer = toPointer(path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownKeys(issue.keys, path, parsed)
    case 'invalid_key':
      return issue.issues.map(({ message }) => ({ pointer, detail: message }))
    case 'invalid_union':
      return unionProblems(issue, path, parsed)
    case 'invalid_value':
      return [{ pointer, detail: oneOf(issue.values, valueAt(parsed.document, path)) }]
    case 'invalid_type':
      return [{ pointer, detail: wrongType(issue, path, parsed.document) }]
    case 'too_small':
      return [{ pointer, detail: outOfRange(issue.message, `at least ${issue.minimum}`, issue.origin) }]
    case 'too_big':
      return [{ pointer, detail: outOfRange(issue.message, `at most ${issue.maximum}`, issue.origin) }]
    default:
      return [{ pointer, detail: issue.message }]
  }
}

function unknownKeys(keys: readonly string[], path: Path, { keysAt }: Parsed): readonly ConfigProblem[] {
  const known = keysAt(path)
  const allowed = known.length > 0 && known.length <= 12 ? `. Known here: ${known.join(', ')}` : ''
  return keys.map((key) => {
    const hint = didYouMean(key, known)
    return { pointer: toPointer([...path, key]), detail: `"${key.slice(0, 64)}" is not known here${hint || allowed}` }
  })
}

function oneOf(values: readonly unknown[], written: unknown): string {
  const words = values.map(String)
  const hint = typeof written === 'string' ? didYouMean(written, words) : ''
  if (written === undefined) return `is missing. Write one of ${quoted(words)}`
  return `must be ${words.length > 1 ? 'one of ' : ''}${quoted(words)}${hint}`
}

function outOfRange(message: string, bound: string, origin: string): string {
  if (!message.startsWith('Too ')) return message
  const unit = origin === 'string' ? ' characters' : origin === 'array' ? ' items' : ''
  return `must ${unit === '' ? 'be' : 'have'} ${bound}${unit}`
}

const quoted = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(', ')

function wrongType(
  { expected, message }: Extract<Issue, { code: 'invalid_type' }>,
  path: Path,
  document: unknown,
): string {
  const written = valueAt(document, path)
  const wanted = EXPECTED[expected] ?? expected
  if (written === undefined) return `is missing: ${wanted} is needed`
  if (expected === 'int' || expected === 'number') return `must be ${wanted}, without quotes`
  if (isJsonObject(written) && ('env' in written || 'file' in written)) {
    return `must be ${wanted}. References such as { "env": … } stand only in auth fields, mcp.env and mcp.headers; in a text write "\${env:NAME}"`
  }
  return message.startsWith('Invalid input') ? `must be ${wanted}` : message
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object { … }',
  record: 'an object { … }',
  array: 'a list [ … ]',
}

/**
 * A union fails with the issues of every alternative. The one that was meant is the one that most of the written keys
 * fit; when that is a tie, only what is wrong with all of them is said.
 */
function unionProblems(issue: UnionIssue, path: Path, parsed: Parsed): readonly ConfigProblem[] {
  const options = issue.errors.map((issues) => ({ issues, misfit: misfit(issues, valueAt(parsed.document, path)) }))
  const least = Math.min(...options.map((option) => option.misfit))
  const [best, ...others] = options.filter((option) => option.misfit === least)
  if (best && others.length === 0) return best.issues.flatMap((one) => problemsOf(one, path, parsed))
  const shared = unknownToAll(issue.errors)
  if (shared.length > 0)
    return [...unknownKeys(shared, path, parsed), { pointer: toPointer(path), detail: issue.message }]
  return [{ pointer: toPointer(path), detail: tied(issue) }]
}

/** How many keys are unknown or missing; a value that is no object at all fits worst. */
function misfit(issues: readonly Issue[], written: unknown): number {
  return issues.reduce((sum, issue) => {
    if (issue.path.length === 0) return sum + (issue.code === 'unrecognized_keys' ? issue.keys.length : 10)
    return sum + (issue.path.length === 1 && valueAt(written, issue.path) === undefined ? 1 : 0)
  }, 0)
}

function unknownToAll(options: UnionIssue['errors']): readonly string[] {
  const keys = options.map((issues) =>
    issues.flatMap((issue) => (issue.code === 'unrecognized_keys' ? issue.keys : [])),
  )
  return (keys[0] ?? []).filter((key) => keys.every((other) => other.includes(key)))
}

function tied({ errors, message }: UnionIssue): string {
  if (message !== 'Invalid input') return message
  const wanted = errors
    .flat()
    .map((issue) => (issue.code === 'invalid_type' ? (EXPECTED[issue.expected] ?? issue.expected) : ''))
  return wanted.every(Boolean) && wanted.length > 0
    ? `must be ${[...new Set(wanted)].join(' or ')}`
    : 'fits none of the forms allowed here'
}

function valueAt(document: unknown, path: Path): unknown {
  let value = document
  for (const step of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    value = (value as Readonly<Record<PropertyKey, unknown>>)[step]
  }
  return value
}
