import { dirname, resolve } from 'node:path'
import type { GatewayError } from '../kernel/errors.ts'
import { configProblems } from './check-config.ts'
import { type ConnectionConfig, isMcpConnection } from './connection-schema.ts'
import type { Variables } from './env.ts'
import { type JsonText, parseJsonText } from './json-text.ts'
import { lineAndColumn } from './lines.ts'
import { type ConfigProblem, configInvalid, locateIn } from './problems.ts'
import { resolveReferences } from './references.ts'
import { schemaProblems } from './schema-problems.ts'
import { type Config, type ConfigDocument, configSchema } from './schema.ts'
import type { ConfigSource } from './source.ts'

/** Far more than anybody writes by hand. */
const MAX_CHARS = 4 * 1_048_576

export interface ParseOptions {
  /** Path of the file, for messages and as the base of relative paths. */
  readonly path: string
  readonly env: Variables
  /** Reads a `{ "file": … }` reference by its absolute path. */
  readonly readFile: (path: string) => Promise<string>
}

/** Parses a configuration. Rejects with GatewayError `config_invalid`, which lists every problem, and nothing else. */
export async function parseConfig(text: string, { path, env, readFile }: ParseOptions): Promise<Config> {
  const json = parseText(text, path)
  const directory = dirname(resolve(path))
  const invalid = (problems: readonly ConfigProblem[]): GatewayError =>
    configInvalid(path, problems, locateIn(text, json))
  const { value, problems } = await resolveReferences(json.value, { variables: env, directory, readFile })
  const parsed = configSchema.safeParse(value)
  const found = [
    ...json.problems.map(({ offset, ...problem }) => ({ ...problem, at: lineAndColumn(text, offset) })),
    ...problems,
    ...(parsed.success ? configProblems(parsed.data) : schemaProblems(parsed.error.issues, value)),
  ]
  if (!parsed.success || found.length > 0) throw invalid(found)
  return toConfig(parsed.data, { path, directory, invalid })
}

function parseText(text: string, path: string): JsonText {
  const fail = (offset: number, detail: string): never => {
    throw configInvalid(path, [{ pointer: '', detail }], () => lineAndColumn(text, offset))
  }
  if (text.length > MAX_CHARS) fail(0, `the file has more than ${MAX_CHARS} characters`)
  return parseJsonText(text, fail)
}

function toConfig(document: ConfigDocument, source: ConfigSource): Config {
  const { directory } = source
  const connections = Object.entries(document.connections).map(
    ([slug, connection]) => [slug, withAbsolutePaths(connection, directory)] as const,
  )
  return {
    ...document,
    store: { ...document.store, path: resolve(directory, document.store.path) },
    connections: Object.fromEntries(connections),
    source,
  }
}

function withAbsolutePaths(connection: ConnectionConfig, directory: string): ConnectionConfig {
  if (!isMcpConnection(connection) || !('command' in connection.mcp)) return connection
  return { ...connection, mcp: { ...connection.mcp, cwd: resolve(directory, connection.mcp.cwd) } }
}
