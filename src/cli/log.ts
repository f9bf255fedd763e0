import { type Logger, pino, stdTimeFunctions } from 'pino'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { CommandLog } from './house.ts'
import type { LogLevel } from './shell.ts'

const SECRET_FIELDS = ['authorization', 'cookie', 'key', 'token', 'secret', 'password', 'apiKey', 'accessToken']

/** Causes of causes are told this deep. */
const MAX_CAUSES = 4

export interface LogOptions {
  readonly level: LogLevel
  /** True when the configuration has no say in the level. */
  readonly fixed: boolean
  readonly write: (line: string) => void
}

/** JSON lines by pino. Fields that are named like secrets are blanked, wherever they come from. */
export function pinoLog({ level, fixed, write }: LogOptions): CommandLog {
  const paths = SECRET_FIELDS.flatMap((name) => [name, `*.${name}`])
  const logger = pino(
    { level, base: null, timestamp: stdTimeFunctions.isoTime, redact: { paths, censor: '[secret]' } },
    { write },
  )
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message, cause) => logger.error(withCause(fields, cause), message),
    setLevel(next) {
      if (!fixed && isLevel(logger, next)) logger.level = next
    },
  }
}

const isLevel = (logger: Logger, level: string): boolean => level === 'silent' || level in logger.levels.values

const withCause = (fields: JsonObject, cause: unknown): JsonObject =>
  cause === undefined ? fields : { ...fields, error: toFields(cause, MAX_CAUSES) }

function toFields(error: unknown, depth: number): JsonObject {
  if (!(error instanceof Error)) return { message: String(error) }
  return {
    name: error.name,
    message: error.message,
    ...(error instanceof GatewayError && { code: error.code }),
    ...(!(error instanceof GatewayError) && error.stack !== undefined && { stack: error.stack }),
    ...(error.cause !== undefined && depth > 0 && { cause: toFields(error.cause, depth - 1) }),
  }
}
