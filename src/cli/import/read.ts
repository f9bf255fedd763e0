import { basename, dirname } from 'node:path'
import { GatewayError } from '../../kernel/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { parseJsonc } from './jsonc.ts'
import { type ImportedServer, toServer, toSlug } from './server.ts'
import type { Client } from './text.ts'
import { parseToml } from './toml.ts'

export interface ClientFile {
  readonly path: string
  readonly text: string
  /** Where a person said whose file it is; otherwise its name and content tell. */
  readonly client?: Client | undefined
}

export interface ReadServers {
  readonly client: Client
  readonly servers: readonly ImportedServer[]
  /** The entries as they stand in the file, by name, secrets and all: never to be shown. */
  readonly entries: ReadonlyMap<string, Json>
}

const MAX_SERVERS = 200

/**
 * The MCP servers in the settings of Claude Code, Claude Desktop, Cursor, VS Code, Codex or Gemini CLI, in the file's order. Throws
 * `invalid_request` when the text is neither or names none.
 */
export function readServers({ path, text, client: said }: ClientFile): ReadServers {
  const document = /\.toml$/i.test(path) || said === 'codex' ? parseToml(text, path) : parseJsonc(text, path)
  const client = said ?? clientOf(path, document)
  const entries = entriesOf(document)
  if (entries.length === 0) {
    throw new GatewayError(
      'invalid_request',
      `${path} names no MCP servers: it has neither "mcpServers" nor "servers" nor [mcp_servers.<name>].`,
    )
  }
  if (entries.length > MAX_SERVERS)
    throw new GatewayError('invalid_request', `${path} names more than ${MAX_SERVERS} MCP servers.`)
  const workspace = workspaceOf(path)
  const servers = distinct(entries.map(([name, entry]) => toServer(name, entry, client, workspace)))
  return { client, servers, entries: new Map(entries.toReversed()) }
}

function clientOf(path: string, document: JsonObject): Client {
  if (/\.toml$/i.test(path) || isJsonObject(document['mcp_servers'])) return 'codex'
  if (/claude_desktop_config\.json$/i.test(path)) return 'claude-desktop'
  if (/[\\/]\.cursor[\\/]/.test(path)) return 'cursor'
  if (isJsonObject(document['servers']) || /[\\/]\.vscode[\\/]/.test(path) || isJsonObject(document['mcp']))
    return 'vscode'
  const isGemini = entriesOf(document).some(([, entry]) => isJsonObject(entry) && 'httpUrl' in entry)
  return isGemini || /[\\/]\.gemini[\\/]/.test(path) ? 'gemini' : 'claude-code'
}

/** Claude Code keeps servers of projects beside those of the person; VS Code has had them in its settings. */
function entriesOf(document: JsonObject): readonly (readonly [string, Json])[] {
  const { mcp, projects } = document
  const roots = [
    document['mcpServers'],
    document['servers'],
    document['mcp_servers'],
    isJsonObject(mcp) ? mcp['servers'] : undefined,
    ...(isJsonObject(projects) ? Object.values(projects) : []).map((project) =>
      isJsonObject(project) ? project['mcpServers'] : undefined,
    ),
  ]
  return roots.flatMap((root) =>
    isJsonObject(root)
      ? Object.entries(root).flatMap(([name, entry]) => (entry === undefined ? [] : [[name, entry] as const]))
      : [],
  )
}

/** A second server of the same slug is told and left out, unless it is the same one. */
function distinct(servers: readonly ImportedServer[]): readonly ImportedServer[] {
  const seen = new Map<string, string>()
  return servers.flatMap((server) => {
    const slug = toSlug(server.name)
    const text = JSON.stringify(server.connection)
    const before = seen.get(slug)
    seen.set(slug, before ?? text)
    if (before === undefined) return [server]
    if (before === text) return []
    const { connection: _left, ...rest } = server
    return [
      { ...rest, problems: [...server.problems, `another server of this file is called ${slug} too: rename one`] },
    ]
  })
}

/** The project that a file belongs to. */
function workspaceOf(path: string): string {
  const folder = dirname(path)
  return /^\.(?:vscode|cursor|gemini|codex|claude)$/.test(basename(folder)) ? dirname(folder) : folder
}
