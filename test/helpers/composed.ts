import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { House } from '../../src/cli/house.ts'
import { compose } from '../../src/compose/compose.ts'
import type { McpTransport } from '../../src/sources/mcp-spec.ts'

/** What a configuration says of a connection: the server, and what else it wants to say. */
export interface DeclaredServer {
  readonly mcp?: object
  readonly [more: string]: unknown
}

export interface Declared {
  readonly connections: Readonly<Record<string, DeclaredServer>>
  readonly agents?: Readonly<Record<string, object>>
  /** Everything is allowed when left out. */
  readonly policy?: object
  /** Other sections of the configuration. */
  readonly sections?: Readonly<Record<string, unknown>>
}

export interface Composed {
  readonly house: House
  readonly endpoint: URL
  /** Headers that say which agent is asking. */
  readonly as: (agent: string) => Record<string, string>
  close(): Promise<void>
}

/** How long connections may take to come up, milliseconds. */
const SETTLE_MS = 30_000

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined, setLevel: () => undefined }

/** A folder with a configuration in which agents may do everything. */
const ALLOW_ALL = { rules: [{ id: 'all', effect: 'allow' }] }

export async function configured({ connections, agents = { ann: {} }, policy = ALLOW_ALL, sections }: Declared) {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-test-'))
  const path = join(directory, 'gateway.config.json')
  const document = {
    organisation: 'acme',
    server: { port: 0 },
    log: { level: 'error' },
    agents,
    connections,
    policy,
    ...sections,
  }
  await writeFile(path, JSON.stringify(document))
  return { path, remove: () => rm(directory, { recursive: true, force: true }) }
}

/**
 * The gateway as it is composed for users, in this process, on a loopback port, with its connections up. Without `lean`
 * every call takes the complete way.
 */
export async function composed(declared: Declared, lean = true): Promise<Composed> {
  const { path, remove } = await configured(declared)
  const house = await compose({ configPath: path, mode: 'serve', log: SILENT, lean }).catch(async (error: unknown) => {
    await remove()
    throw error
  })
  const { url } = await house.listen()
  await house.settled(SETTLE_MS)
  return {
    house,
    endpoint: new URL('/mcp', url),
    as: (agent) => ({ authorization: `Bearer ${house.adminToken.reveal()}`, 'gatehouse-agent': agent }),
    async close() {
      await house.close()
      await remove()
    },
  }
}

/** How a configuration names a fixture server. */
export function toDeclared(transport: McpTransport): DeclaredServer {
  if (transport.kind === 'stdio') return { mcp: { command: transport.command, args: transport.args } }
  return { mcp: { url: transport.url.href, transport: transport.kind, allowPrivateNetwork: true } }
}
