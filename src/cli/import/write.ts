import { open, rename, rm, stat } from 'node:fs/promises'
import { parseJsonText } from '../../config/json-text.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'

/** The connections that a configuration has, by slug. Throws `config_invalid` when the text is no JSON object. */
export function connectionsIn(text: string, path: string): JsonObject {
  const { value } = parse(text, path)
  if (!isJsonObject(value)) throw invalid(path)
  const { connections = {} } = value
  if (!isJsonObject(connections)) throw invalid(path)
  return connections
}

/** The text of the configuration with more connections in it; everything else stays as its author wrote it. */
export function withConnections(text: string, path: string, added: readonly (readonly [string, JsonObject])[]): string {
  if (added.length === 0) return text
  const { value, values } = parse(text, path)
  const existing = connectionsIn(text, path)
  const hasSection = isJsonObject(value) && value['connections'] !== undefined
  const start = values.get(hasSection ? '/connections' : '')
  if (start === undefined) throw invalid(path)
  const members = added.map(([slug, connection]) => `${JSON.stringify(slug)}: ${indented(connection)}`).join(',\n    ')
  const isEmpty = hasSection
    ? Object.keys(existing).length === 0
    : isJsonObject(value) && Object.keys(value).length === 0
  const comma = isEmpty ? '' : ','
  const inserted = hasSection ? `\n    ${members}${comma}` : `\n  "connections": {\n    ${members}\n  }${comma}`
  return `${text.slice(0, start + 1)}${inserted}${isEmpty ? '\n  ' : ''}${text.slice(start + 1)}`
}

/** Replaces the file at once: whoever reads it meanwhile reads the old text or the new one. */
export async function replaceText(path: string, text: string): Promise<void> {
  const { mode } = await stat(path)
  const temporary = `${path}.${process.pid}.tmp`
  const file = await open(temporary, 'wx', mode & 0o777)
  try {
    await file.writeFile(text)
    await file.sync()
    await file.close()
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

const indented = (connection: Json): string => JSON.stringify(connection, undefined, 2).replaceAll('\n', '\n    ')

const parse = (text: string, path: string) =>
  parseJsonText(text, () => {
    throw invalid(path)
  })

const invalid = (path: string): GatewayError =>
  new GatewayError(
    'config_invalid',
    `The configuration at ${path} is not JSON. Run "gatehouse check" and correct it first.`,
  )
