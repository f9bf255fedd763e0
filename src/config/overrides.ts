import { exposureProblems } from './check-config.ts'
import { didYouMean } from './did-you-mean.ts'
import type { Environment } from './env.ts'
import { GatewayError } from '../kernel/errors.ts'
import { type Config, type LogLevel, logLevelSchema } from './schema.ts'

/** Settings of the command line; they stand above environment and file. */
export interface Flags {
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly logLevel?: string | undefined
}

/**
 * The configuration as it is in force: flags, then environment, then file. GatewayError `usage` for a level that does not
 * exist, `config_invalid` when a flag opens to the network what the file keeps on loopback.
 */
export function withOverrides(config: Config, flags: Flags, environment: Pick<Environment, 'logLevel'>): Config {
  const level = flags.logLevel ?? environment.logLevel
  const server = { ...config.server, host: flags.host ?? config.server.host, port: flags.port ?? config.server.port }
  const log = level === undefined ? config.log : { ...config.log, level: toLogLevel(level) }
  const exposed = exposureProblems({ identity: config.identity, server })
  if (exposed.length > 0) throw config.source.invalid(exposed)
  return { ...config, server, log }
}

function toLogLevel(text: string): LogLevel {
  const parsed = logLevelSchema.safeParse(text)
  if (parsed.success) return parsed.data
  const levels = logLevelSchema.options
  throw new GatewayError(
    'usage',
    `"${text}" is no log level${didYouMean(text, levels) || `. Use ${levels.join(', ')}.`}`,
  )
}
