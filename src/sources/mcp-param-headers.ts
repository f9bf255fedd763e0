import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'

/** An argument that a server wants to see in a header, `Mcp-Param-<name>`. */
interface Declaration {
  readonly path: readonly string[]
  readonly name: string
}

export type ParamHeaders = { readonly declarations: readonly Declaration[] } | { readonly fault: string }

const KEYWORD = 'x-mcp-header'
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/
const PLAIN = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/
const TYPES: readonly unknown[] = ['string', 'integer', 'boolean']

/**
 * The arguments that a tool wants mirrored into headers (MCP 2026-07-28, Streamable HTTP, Schema Extension). A declaration
 * elsewhere than on a primitive property, a bad name or the same name twice make the tool invalid: clients MUST drop it.
 */
export function paramHeaders(inputSchema: JsonObject): ParamHeaders {
  const declarations: Declaration[] = []
  const names = new Set<string>()
  const open: { node: Json | undefined; path: readonly string[] | undefined }[] = [{ node: inputSchema, path: [] }]
  for (let next = open.pop(); next; next = open.pop()) {
    const { node, path } = next
    if (Array.isArray(node)) open.push(...node.map((child: Json) => ({ node: child, path: undefined })))
    if (!isJsonObject(node)) continue
    if (Object.hasOwn(node, KEYWORD)) {
      const name = node[KEYWORD]
      const fault = faultOf(node, path, names)
      if (fault !== undefined || typeof name !== 'string' || !path)
        return { fault: fault ?? `its ${KEYWORD} is no text` }
      names.add(name.toLowerCase())
      declarations.push({ path, name })
    }
    open.push(...childrenOf(node, path))
  }
  return { declarations }
}

function faultOf(
  node: JsonObject,
  path: readonly string[] | undefined,
  names: ReadonlySet<string>,
): string | undefined {
  const name = node[KEYWORD]
  if (!path || path.length === 0) return `its ${KEYWORD} stands where no property is`
  if (typeof name !== 'string' || !TOKEN.test(name)) return `its ${KEYWORD} at ${path.join('.')} is no header name`
  if (!TYPES.includes(node['type'])) return `its ${KEYWORD} "${name}" is not on a string, integer or boolean`
  return names.has(name.toLowerCase()) ? `its ${KEYWORD} "${name}" is declared twice` : undefined
}

/** Only a chain of `properties` is reachable; everything else that may hold a schema has no path. */
function childrenOf(node: JsonObject, path: readonly string[] | undefined) {
  return Object.entries(node).flatMap(([key, child]) => {
    if (NO_SCHEMA.includes(key)) return []
    if (key !== 'properties' || !isJsonObject(child)) {
      const inner = MAPS.includes(key) && isJsonObject(child) ? Object.values(child) : [child]
      return inner.map((node) => ({ node, path: undefined }))
    }
    return Object.entries(child).map(([name, node]) => ({ node, path: path && [...path, name] }))
  })
}

const MAPS = ['patternProperties', 'dependentSchemas', '$defs', 'definitions']
const NO_SCHEMA = ['enum', 'const', 'default', 'examples', KEYWORD]

/** The headers of one call. Values that are absent, or no primitive, have none; unsafe text travels in Base64. */
export function toParamHeaders(headers: ParamHeaders, input: JsonObject): Record<string, string> {
  if ('fault' in headers || headers.declarations.length === 0) return {}
  return Object.fromEntries(
    headers.declarations.flatMap(({ path, name }) => {
      const text = primitiveText(valueAt(input, path))
      return text === undefined ? [] : [[`Mcp-Param-${name}`, headerText(text)]]
    }),
  )
}

function valueAt(input: JsonObject, path: readonly string[]): Json | undefined {
  let value: Json | undefined = input
  for (const key of path) value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return value
}

function primitiveText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || (typeof value === 'number' && Number.isSafeInteger(value))) return String(value)
  return undefined
}

/** Text as a header can carry it: as it is, or in Base64 when HTTP would change or refuse it. */
export const headerText = (text: string): string =>
  PLAIN.test(text) && !(text.startsWith('=?base64?') && text.endsWith('?='))
    ? text
    : `=?base64?${Buffer.from(text, 'utf8').toString('base64')}?=`
