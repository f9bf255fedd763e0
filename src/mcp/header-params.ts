import type { ToolPage } from '../gateway/listing.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { ToolsPort } from './deps.ts'
import { HEADER_MISMATCH, type RpcError } from './rpc.ts'
import { type Caller, toObject } from './exchange.ts'

/** A parameter that must stand in a header too, so that what lies between client and server can read it. */
interface HeaderParam {
  readonly path: readonly string[]
  readonly header: string
  /** Clients know what a tool declares by its listed name; with the canonical id, which no list has, they cannot send it. */
  readonly isDemanded: boolean
}

/** Judges the `Mcp-Param-*` headers of a `tools/call`; undefined when they say what the body says. */
export type HeaderParams = (
  params: JsonObject,
  headers: Pick<Headers, 'get'>,
  caller: Pick<Caller, 'principal' | 'toolset'>,
) => RpcError | undefined

/** Deeper properties than this are not looked at. */
const MAX_DEPTH = 16
/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}$/
const DECIMAL = /^-?\d{1,30}(?:\.\d{1,30})?$/
const ENCODED = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/

/**
 * MCP 2026-07-28, Custom Headers from Tool Parameters: what `x-mcp-header` of a listed tool's schema names must stand in
 * the header with the value of the body. A schema that breaks the rules of that section binds nobody: clients drop it.
 * Whoever calls by canonical id may leave headers out; what is sent must be true. Only the named tool's own schema counts,
 * never that of a tool which it calls.
 */
export function headerParams(tools: ToolsPort): HeaderParams {
  const known = new WeakMap<ToolPage, ReadonlyMap<Json, readonly HeaderParam[]>>()
  const declaredIn = (page: ToolPage): ReadonlyMap<Json, readonly HeaderParam[]> => {
    const declared = known.get(page) ?? declarations(page)
    known.set(page, declared)
    return declared
  }
  const declaredBy = (
    name: string,
    { principal, toolset }: Pick<Caller, 'principal' | 'toolset'>,
  ): readonly HeaderParam[] => {
    const list = (cursor?: string): ToolPage => tools.list(principal, cursor, toolset)
    for (let page = list(); ; page = list(page.nextCursor)) {
      const declared = declaredIn(page).get(name)
      if (declared || page.nextCursor === undefined) return declared ?? []
    }
  }
  return ({ name, arguments: input }, headers, caller) => {
    const declared = typeof name === 'string' ? declaredBy(name, caller) : []
    for (const { path, header, isDemanded } of declared) {
      const said = headers.get(header)
      if (said === null && !isDemanded) continue
      const problem = mismatch(header, said, valueAt(toObject(input), path))
      if (problem !== undefined) return { code: HEADER_MISMATCH, message: problem, data: { header } }
    }
    return undefined
  }
}

/** By every name that a call may use; tools without declarations are left out. */
function declarations({ tools }: ToolPage): ReadonlyMap<Json, readonly HeaderParam[]> {
  const entries = tools.flatMap((tool): [Json, readonly HeaderParam[]][] => {
    const found = paramsOf(toObject(tool['inputSchema']), [])
    const isUnique = new Set(found.map(({ header }) => header.toLowerCase())).size === found.length
    if (found.length === 0 || !isUnique) return []
    const name = tool['name'] ?? ''
    const id = toObject(tool['_meta'])['dev.gatehouse/id'] ?? name
    return [
      [id, found.map((param) => ({ ...param, isDemanded: false }))],
      [name, found],
    ]
  })
  return new Map(entries)
}

/** Only properties of properties count, and only texts, integers and booleans. */
function paramsOf(schema: JsonObject, path: readonly string[]): readonly HeaderParam[] {
  if (path.length > MAX_DEPTH) return []
  return Object.entries(toObject(schema['properties'])).flatMap(([name, property]) => {
    if (!isJsonObject(property)) return []
    const here = [...path, name]
    const label = property['x-mcp-header']
    const isOurs = typeof label === 'string' && TOKEN.test(label) && isPrimitive(property['type'])
    return [
      ...(isOurs ? [{ path: here, header: `Mcp-Param-${label}`, isDemanded: true }] : []),
      ...paramsOf(property, here),
    ]
  })
}

const isPrimitive = (type: unknown): boolean => type === 'string' || type === 'integer' || type === 'boolean'

function valueAt(root: Json, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((value, key) => (isJsonObject(value) ? value[key] : undefined), root)
}

/** What is wrong with a header, in words; values are not repeated. A value that is no primitive is the schema's business. */
function mismatch(header: string, said: string | null, value: Json | undefined): string | undefined {
  if (value === undefined || value === null || typeof value === 'object') return undefined
  if (said === null) return `Bad Request: the header ${header} is missing, and the body has a value for it.`
  const decoded = decode(said)
  if (decoded === undefined) return `Bad Request: the header ${header} is not valid base64.`
  const isSame =
    typeof value === 'number' ? DECIMAL.test(decoded) && Number(decoded) === value : decoded === String(value)
  return isSame ? undefined : `Bad Request: the header ${header} and the body disagree.`
}

/** MCP 2026-07-28, Value Encoding: `=?base64?…?=` for what a header cannot carry. */
function decode(said: string): string | undefined {
  if (!said.startsWith('=?base64?') || !said.endsWith('?=')) return said
  const base64 = ENCODED.exec(said)?.[1]
  if (base64 === undefined || base64.length % 4 !== 0) return undefined
  const bytes = Buffer.from(base64, 'base64')
  const text = bytes.toString('utf8')
  return Buffer.from(text).equals(bytes) && bytes.toString('base64') === base64 ? text : undefined
}
