import { isMcpConnection } from './connection-schema.ts'
import { didYouMean } from './did-you-mean.ts'
import { toPointer } from './pointer.ts'
import type { Config } from './schema.ts'

/** What the configuration may speak of and only the house knows. */
export interface KnownThings {
  /** Ids of the providers that are built in. */
  readonly providers: readonly string[]
}

/** Refuses a connection of an unknown provider with GatewayError `config_invalid`. */
export function checkReferences(config: Config, { providers }: KnownThings): void {
  const problems = Object.entries(config.connections).flatMap(([slug, connection]) => {
    if (isMcpConnection(connection) || providers.includes(connection.provider)) return []
    const hint = didYouMean(connection.provider, providers) || `. Known: ${providers.join(', ')}`
    const detail = `there is no provider "${connection.provider}"${hint}`
    return [{ pointer: toPointer(['connections', slug, 'provider']), detail }]
  })
  if (problems.length > 0) throw config.source.invalid(problems)
}
