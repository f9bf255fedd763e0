import { isMcpConnection } from './connection-schema.ts'
import { didYouMean } from './did-you-mean.ts'
import { toPointer } from './pointer.ts'
import type { ConfigProblem } from './problems.ts'
import type { Config } from './schema.ts'

/** What the configuration may speak of and only the house knows. */
export interface KnownThings {
  /** Ids of the providers that are built in. */
  readonly providers: readonly string[]
  /** Names of connections that are managed elsewhere. */
  readonly connections?: readonly string[]
}

/** Refuses connections of unknown providers and toolsets of unknown connections with GatewayError `config_invalid`. */
export function checkReferences(config: Config, { providers, connections = [] }: KnownThings): void {
  const problems = [...unknownProviders(config, providers), ...unknownConnections(config, connections)]
  if (problems.length > 0) throw config.source.invalid(problems)
}

function unknownProviders({ connections }: Config, providers: readonly string[]): readonly ConfigProblem[] {
  return Object.entries(connections).flatMap(([slug, connection]) => {
    if (isMcpConnection(connection) || providers.includes(connection.provider)) return []
    const hint = didYouMean(connection.provider, providers) || `. Known: ${providers.join(', ')}`
    const detail = `there is no provider "${connection.provider}"${hint}`
    return [{ pointer: toPointer(['connections', slug, 'provider']), detail }]
  })
}

/** The one that is always there. */
const BUILT_IN = 'gatehouse'

function unknownConnections({ connections, toolsets }: Config, others: readonly string[]): readonly ConfigProblem[] {
  const known = [...Object.keys(connections), ...others, BUILT_IN]
  return Object.entries(toolsets).flatMap(([name, { tools }]) =>
    (tools.connections ?? []).flatMap((slug, index) => {
      if (slug.includes('*') || known.includes(slug)) return []
      const detail = `there is no connection "${slug}"${didYouMean(slug, known)}`
      return [{ pointer: toPointer(['toolsets', name, 'tools', 'connections', String(index)]), detail }]
    }),
  )
}
