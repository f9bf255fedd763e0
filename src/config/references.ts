import { isAbsolute, join } from 'node:path'
import { isJsonObject, type Json } from '../kernel/json.ts'
import { Secret } from '../kernel/secret.ts'
import { interpolate, missingVariable, type References } from './interpolate.ts'
import { childPointer } from './pointer.ts'
import type { ConfigProblem } from './problems.ts'

/** A secret is a line or a key, not a document. */
const MAX_SECRET_CHARS = 65_536

export interface ReferenceSource extends References {
  /** Reads a text file by its absolute path. */
  readonly readFile: (path: string) => Promise<string>
}

export interface Resolved {
  /** JSON, but for the Secrets at the places where secrets may stand. */
  readonly value: unknown
  readonly problems: readonly ConfigProblem[]
}

type Kind = 'credential' | 'variable' | 'header'
type Report = (detail: string) => void

/**
 * Fills in `${…}` in every text and makes Secrets of what stands where secrets may stand: a connection's `auth` fields,
 * `mcp.env` and `mcp.headers`, the secrets of OAuth clients, and `metrics.token`. A `{ "env": … }` anywhere else stays what it is,
 * so that it cannot be mistaken.
 */
export async function resolveReferences(json: Json, source: ReferenceSource): Promise<Resolved> {
  const problems: ConfigProblem[] = []
  const walk = async (value: Json | undefined, path: readonly string[], pointer: string): Promise<unknown> => {
    const report: Report = (detail) => problems.push({ pointer, detail })
    const kind = secretKind(path)
    if (kind) return resolveSecret(value, { kind, name: path.at(-1) ?? '', source, report })
    if (typeof value === 'string') return fill(value, source, report).text
    if (Array.isArray(value)) {
      return Promise.all(value.map((item, index) => walk(item, [...path, `${index}`], childPointer(pointer, index))))
    }
    if (!isJsonObject(value)) return value
    const members = Object.entries(value).map(
      async ([key, member]) => [key, await walk(member, [...path, key], childPointer(pointer, key))] as const,
    )
    return Object.fromEntries(await Promise.all(members))
  }
  return { value: await walk(json, [], ''), problems }
}

function secretKind(path: readonly string[]): Kind | undefined {
  const [section, key, part, member] = path
  if (section === 'metrics') return key === 'token' && part === undefined ? 'credential' : undefined
  if (section === 'oauthClients') return part === 'clientSecret' && member === undefined ? 'credential' : undefined
  return section === 'connections' ? connectionSecret(path.slice(2)) : undefined
}

function connectionSecret([part, member, name, ...more]: readonly string[]): Kind | undefined {
  if (more.length > 0) return undefined
  if (part === 'auth' && member !== undefined && member !== 'method' && name === undefined) return 'credential'
  if (part !== 'mcp' || name === undefined) return undefined
  if (member === 'env') return 'variable'
  return member === 'headers' ? 'header' : undefined
}

interface SecretPlace {
  readonly kind: Kind
  readonly name: string
  readonly source: ReferenceSource
  readonly report: Report
}

/** A value of the wrong shape is left as it is: the schema says what belongs there. */
async function resolveSecret(value: Json | undefined, place: SecretPlace): Promise<unknown> {
  const text = await secretText(value, place)
  if (text === undefined) return isReference(value) || typeof value === 'string' ? new Secret('') : value
  const bad = place.kind === 'header' ? /[^\t\x20-\x7e\x80-\xff]/ : /\0/
  if (bad.test(text)) place.report('the value has a character that cannot be sent here, such as a line break')
  return new Secret(text)
}

async function secretText(
  value: Json | undefined,
  { kind, name, source, report }: SecretPlace,
): Promise<string | undefined> {
  if (typeof value === 'string') {
    const { text, fromEnvironment } = fill(value, source, report)
    if (!fromEnvironment && mustNotBeLiteral(kind, name)) report(literalSecret(name))
    return text
  }
  if (!isReference(value)) return undefined
  if ('env' in value) {
    const found = source.variables[value.env]
    if (!found) report(missingVariable(value.env))
    return found
  }
  return secretFile(value.file, source, report)
}

type Reference = { readonly env: string } | { readonly file: string }

function isReference(value: Json | undefined): value is Reference {
  if (!isJsonObject(value) || Object.keys(value).length !== 1) return false
  return typeof (value['env'] ?? value['file']) === 'string'
}

async function secretFile(path: string, source: ReferenceSource, report: Report): Promise<string | undefined> {
  const text = await source.readFile(isAbsolute(path) ? path : join(source.directory, path)).catch((error: unknown) => {
    report(`the file "${path}" cannot be read (${codeOf(error)})`)
    return undefined
  })
  const value = text?.replace(/\r?\n$/, '')
  if (value === '') report(`the file "${path}" is empty`)
  if (value !== undefined && value.length > MAX_SECRET_CHARS) {
    report(`the file "${path}" is too long for a secret: at most ${MAX_SECRET_CHARS} characters`)
  }
  return value
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown reason'

/** Which credential fields are secret is known to manifests only, so that none may stand in the file. */
function mustNotBeLiteral(kind: Kind, name: string): boolean {
  if (kind === 'credential') return true
  if (kind === 'header') return /^(?:authorization|proxy-authorization|cookie|(?:x-)?api-key|x-auth-token)$/i.test(name)
  return /(?:TOKEN|SECRET|PASSWORD|API_?KEY)$/i.test(name)
}

function literalSecret(name: string): string {
  const variable = name.toUpperCase().replaceAll(/[^A-Z0-9]+/g, '_')
  return `a credential must not stand in the file. Write { "env": "${variable}" }, { "file": "path" } or a text with "\${env:${variable}}"`
}

function fill(text: string, source: ReferenceSource, report: Report): ReturnType<typeof interpolate> {
  const filled = interpolate(text, source)
  for (const problem of filled.problems) report(problem)
  return filled
}
