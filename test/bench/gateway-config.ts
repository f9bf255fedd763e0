import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const RULES = 50
/** Groups of other agents, which come from sign-in. */
const TEAMS = Object.fromEntries(Array.from({ length: RULES }, (_, index) => [`team-${index}`, {}]))

export type Connections = Readonly<Record<string, object>>

/** An admin's word that this tool only reads: before others, the audit log has the call on the disk. */
const tools = { echo: { effect: 'read' } }

/** A remote server on this machine. */
export const remote = (url: string): object => ({ mcp: { url, allowPrivateNetwork: true }, tools })

/** A server that the gateway starts. */
export const local = (...args: readonly string[]): object => ({ mcp: { command: process.execPath, args }, tools })

/**
 * Writes a configuration with 50 rules into a folder of its own and gives its path. For each connection there is an agent of
 * the same name who may use that one alone; `bench` may use them all. Audit is always on.
 */
export async function writeConfig(folder: string, connections: Connections): Promise<string> {
  await mkdir(folder)
  const path = join(folder, 'gateway.config.json')
  const agents = ['bench', ...Object.keys(connections)]
  const document = {
    organisation: 'acme',
    log: { level: 'error' },
    agents: Object.fromEntries(agents.map((id) => [id, { groups: [`${id}s`] }])),
    connections,
    policy: { version: 1, groups: TEAMS, rules: toRules(Object.keys(connections)) },
  }
  await writeFile(path, JSON.stringify(document, undefined, 2))
  return path
}

/** What lets the calls through, a limit that counts them and is never reached, and rules as an organisation has them. */
function toRules(connections: readonly string[]): readonly object[] {
  const grants = connections.map((id) => ({
    id: `use-${id}`,
    effect: 'allow',
    subjects: { groups: [`${id}s`, 'benchs'] },
    tools: { connections: [id] },
  }))
  const limit = {
    id: 'calls-per-second',
    effect: 'require',
    obligations: { rateLimit: { limit: 1_000_000, window: '1s', per: ['agent', 'connection'] } },
  }
  const count = connections.length === 0 ? 0 : RULES - grants.length - 1
  const others = Array.from({ length: count }, (_, index) => toOther(index, connections))
  return [...grants, limit, ...others]
}

function toOther(index: number, connections: readonly string[]): object {
  const tools = { connections: [connections[index % connections.length]] }
  const id = `rule-${index}`
  switch (index % 4) {
    case 0:
      return { id, effect: 'allow', subjects: { groups: [`team-${index}`] }, tools }
    case 1:
      return { id, effect: 'deny', subjects: { groups: [`team-${index}`] }, tools: { effects: ['destructive'] } }
    case 2:
      return { id, effect: 'deny', tools: { tags: [`forbidden-${index}`] } }
    default:
      return { id, effect: 'deny', subjects: { agents: ['bench'] }, tools: { names: [`delete_*`] } }
  }
}
