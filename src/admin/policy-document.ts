import { createHash } from 'node:crypto'
import { parseJsonText } from '../config/json-text.ts'
import { lineAndColumn } from '../config/lines.ts'
import { type Locate, locateIn } from '../config/problems.ts'
import { schemaProblems } from '../config/schema-problems.ts'
import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { type PolicyDocument, policyDocumentSchema } from '../policy/schema.ts'
import { textOf } from '../policy/version.ts'

/** A policy as somebody sends it: as JSON, or as the text of a file, whose problems then have lines and columns. */
export type PolicyInput = { readonly document: unknown } | { readonly text: string }

export interface ReadPolicy {
  readonly document: PolicyDocument
  /** Adds lines and columns to the problems of an error that point into this document. */
  placed(error: GatewayError): GatewayError
}

/** A document without rules: what is managed before anybody has saved anything. */
export const EMPTY_POLICY: PolicyDocument = { rules: [] }

/** Reads a document strictly. Throws `policy_invalid` with every problem in `data.problems`. */
export function readPolicy(input: PolicyInput): ReadPolicy {
  const source = 'text' in input ? readText(input.text) : { value: input.document, locate: undefined }
  const placed = (error: GatewayError): GatewayError => withPlaces(error, source.locate)
  const parsed = policyDocumentSchema.safeParse(source.value)
  if (parsed.success) return { document: parsed.data, placed }
  // The schema of the configuration knows which keys there are, for `did you mean`.
  const issues = parsed.error.issues.map((issue) => ({ ...issue, path: ['policy', ...issue.path] }))
  const problems = schemaProblems(issues, { policy: source.value }).map(({ pointer, detail }) => ({
    path: pointer.slice('/policy'.length),
    message: detail,
  }))
  throw placed(invalid(problems))
}

/** One text for one document: members sorted, no white space. What is hashed, stored and compared. */
export const policyText = (document: PolicyDocument): string => textOf(document)

/** SHA-256 of the text, in hexadecimal digits. */
export const policyHash = (text: string): string => createHash('sha256').update(text).digest('hex')

function readText(text: string): { readonly value: Json; readonly locate: Locate } {
  const fail = (offset: number, detail: string): never => {
    throw invalid([{ path: '', message: detail, ...lineAndColumn(text, offset) }])
  }
  const json = parseJsonText(text, fail)
  const [problem] = json.problems
  if (problem) fail(problem.offset, problem.detail)
  return { value: json.value, locate: locateIn(text, json) }
}

const MOST_REPORTED = 200

interface Problem extends JsonObject {
  readonly path: string
  readonly message: string
}

function invalid(problems: readonly Problem[]): GatewayError {
  const [first = { path: '', message: 'It is no policy.' }] = problems
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  const words = [first.path, first.message].filter((part) => part !== '').join(': ')
  return new GatewayError('policy_invalid', `The policy cannot be used: ${words}${more}`, {
    data: { problems: problems.slice(0, MOST_REPORTED) },
  })
}

/** Only what points into this document: the problems of declared rules stand elsewhere. */
function withPlaces(error: GatewayError, locate: Locate | undefined): GatewayError {
  const problems = error.data['problems']
  if (!locate || !Array.isArray(problems)) return error
  const placed = problems.map((problem: Json) => {
    if (!isJsonObject(problem) || problem['origin'] === 'declared' || problem['line'] !== undefined) return problem
    const { path } = problem
    return typeof path === 'string' ? { ...problem, ...locate(path) } : problem
  })
  return new GatewayError(error.code, error.message, { cause: error.cause, data: { ...error.data, problems: placed } })
}
