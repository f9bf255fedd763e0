import { GatewayError } from '../../kernel/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'

/** Texts first: what looks like a comment or comma in one stays. */
const TOKENS = /"(?:[^"\\\n]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*[\]}])/g

/**
 * The object in a text of JSON with comments and trailing commas, as editors write it. Throws `invalid_request`, without what
 * the text holds: it may be a secret.
 */
export function parseJsonc(text: string, path: string): JsonObject {
  const plain = text.replace(/^\uFEFF/, '').replaceAll(TOKENS, (token) => (token.startsWith('"') ? token : ' '))
  const value = parsed(plain)
  if (isJsonObject(value)) return value
  throw new GatewayError('invalid_request', `${path} is not a JSON object. Nothing was imported.`)
}

function parsed(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
