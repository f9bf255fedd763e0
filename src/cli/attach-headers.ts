import { type Json, type JsonObject, isJsonObject } from '../kernel/json.ts'

const VERSION_KEY = 'io.modelcontextprotocol/protocolVersion'
/** The requests whose subject stands in `Mcp-Name` (MCP 2026-07-28, Streamable HTTP). */
const NAMED = new Map([
  ['tools/call', 'name'],
  ['prompts/get', 'name'],
  ['resources/read', 'uri'],
])
const HEADER_TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/
const HEADER_TEXT = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/

/** The protocol version that a modern message names in its envelope; undefined for a legacy one. */
export function modernVersion({ params }: JsonObject): string | undefined {
  const meta = isJsonObject(params) ? params['_meta'] : undefined
  const version = isJsonObject(meta) ? meta[VERSION_KEY] : undefined
  return typeof version === 'string' ? version : undefined
}

/** What HTTP asks of a modern message besides its body; `schemas` are the input schemas seen in tool lists. */
export function modernHeaders(
  message: JsonObject,
  version: string,
  schemas: ReadonlyMap<string, JsonObject>,
): Readonly<Record<string, string>> {
  const { method } = message
  const params = isJsonObject(message['params']) ? message['params'] : {}
  const subject = typeof method === 'string' ? params[NAMED.get(method) ?? ''] : undefined
  return {
    'mcp-protocol-version': toHeader(version),
    ...(typeof method === 'string' && { 'mcp-method': toHeader(method) }),
    ...(typeof subject === 'string' && { 'mcp-name': toHeader(subject) }),
    ...(method === 'tools/call' && typeof subject === 'string' && mirrored(schemas.get(subject), params['arguments'])),
  }
}

/** Arguments that a tool's schema marks with `x-mcp-header` travel as `Mcp-Param-<name>` too. */
function mirrored(schema: Json | undefined, value: Json | undefined): Readonly<Record<string, string>> {
  const properties = isJsonObject(schema) ? schema['properties'] : undefined
  if (!isJsonObject(properties) || !isJsonObject(value)) return {}
  const headers: Record<string, string> = {}
  for (const [key, child] of Object.entries(properties)) {
    const name = isJsonObject(child) ? child['x-mcp-header'] : undefined
    const part = Object.hasOwn(value, key) ? value[key] : undefined
    if (typeof name === 'string' && HEADER_TOKEN.test(name) && isPrimitive(part))
      headers[`mcp-param-${name}`] = toHeader(String(part))
    Object.assign(headers, mirrored(child, part))
  }
  return headers
}

const isPrimitive = (value: Json | undefined): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isSafeInteger(value))

/** Text that is no plain header value travels in Base64, as the specification writes it. */
const toHeader = (text: string): string =>
  HEADER_TEXT.test(text) && !(text.startsWith('=?base64?') && text.endsWith('?='))
    ? text
    : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`
