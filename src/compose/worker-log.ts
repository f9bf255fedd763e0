import type { CommandLog } from '../cli/house.ts'

/** Every line says which worker it is of. */
export const numbered = (log: CommandLog, worker: number): CommandLog => ({
  info: (fields, message) => log.info({ ...fields, worker }, message),
  warn: (fields, message) => log.warn({ ...fields, worker }, message),
  error: (fields, message, cause) => log.error({ ...fields, worker }, message, cause),
  setLevel: (level) => log.setLevel(level),
})
