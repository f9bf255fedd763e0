import { Secret } from '../kernel/secret.ts'

/** The variables of a process, as Node has them. */
export type Variables = Readonly<Record<string, string | undefined>>

/** What Gatehouse reads from its own environment, besides the variables that the configuration names. */
export interface Environment {
  /** `ENCRYPTION_KEY`: base64 of the 32 bytes that seal the vault. */
  readonly encryptionKey: Secret | undefined
  /** `GATEHOUSE_CONFIG`: path of the configuration file. */
  readonly configPath: string | undefined
  /** `GATEHOUSE_AGENT`: the agent that a stdio session speaks for. */
  readonly agent: string | undefined
  /** `GATEHOUSE_KEY`: an agent's API key, for a gateway elsewhere. */
  readonly key: Secret | undefined
  /** `GATEHOUSE_URL`: the gateway elsewhere. */
  readonly url: string | undefined
  /** `LOG_LEVEL`: stands above `log.level` of the file. */
  readonly logLevel: string | undefined
  /** `NO_COLOR` (no-color.org): any value but the empty one. */
  readonly noColor: boolean
  /** Any other variable, for settings that name one which holds a secret. */
  variable(name: string): Secret | undefined
}

/** The environment of this process. Precedence everywhere: flags, then environment, then file, then default. */
export const processVariables = (): Variables => process.env

/** Picks what Gatehouse knows. A variable that is set to nothing counts as not set. */
export function readEnvironment(variables: Variables): Environment {
  const text = (name: string): string | undefined => variables[name] || undefined
  const secret = (name: string): Secret | undefined => {
    const value = text(name)
    return value === undefined ? undefined : new Secret(value)
  }
  return {
    encryptionKey: secret('ENCRYPTION_KEY'),
    configPath: text('GATEHOUSE_CONFIG'),
    agent: text('GATEHOUSE_AGENT'),
    key: secret('GATEHOUSE_KEY'),
    url: text('GATEHOUSE_URL'),
    logLevel: text('LOG_LEVEL'),
    noColor: text('NO_COLOR') !== undefined,
    variable: secret,
  }
}
