import type { JsonObject } from '../../kernel/json.ts'
import type { ImportedServer } from './server.ts'

/** What becomes of a server: `present` is there already and equal, `collision` is another one of the same name, `stored` is managed by the gateway. */
export interface Outcome extends ImportedServer {
  readonly result: 'added' | 'present' | 'collision' | 'unsupported' | 'stored'
}

/** What becomes of each server beside the connections that there are. Nothing that exists is ever replaced. */
export const planImport = (servers: readonly ImportedServer[], existing: JsonObject): readonly Outcome[] =>
  servers.map((server): Outcome => {
    const { slug, connection } = server
    if (!connection) return { ...server, result: 'unsupported' }
    if (!Object.hasOwn(existing, slug)) return { ...server, result: 'added' }
    if (JSON.stringify(existing[slug]) === JSON.stringify(connection)) return { ...server, result: 'present' }
    const problem = `the configuration has another connection called ${slug}: rename one of them`
    return { ...server, problems: [...server.problems, problem], result: 'collision' }
  })
