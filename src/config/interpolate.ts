import type { Variables } from './env.ts'

/** `$${` stands for a plain `${`; the rest is a reference, closed or not. */
const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g
const VARIABLE = /^env:([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s
const BARE_NAME = /^\$?([A-Za-z_][A-Za-z0-9_]*)$/
const ALLOWED = 'Allowed are ${env:NAME}, ${env:NAME:-default} and ${configDir}; write $${ for a plain ${'
const MAX_SHOWN = 40

export interface Interpolated {
  readonly text: string
  /** True when at least one `${env:…}` stood in the text. */
  readonly fromEnvironment: boolean
  readonly problems: readonly string[]
}

/** What references in a text can stand for. */
export interface References {
  readonly variables: Variables
  /** What `${configDir}` stands for: the absolute folder of the configuration file. */
  readonly directory: string
}

/**
 * Fills in `${env:NAME}`, `${env:NAME:-default}` and `${configDir}`. As in a shell, the default stands in for a variable that
 * is empty too; without one, a variable must be set and not empty.
 */
export function interpolate(text: string, references: References): Interpolated {
  const problems: string[] = []
  let fromEnvironment = false
  const filled = text.replace(REFERENCE, (all, name: string | undefined, close: string) => {
    if (name === undefined) return '${'
    if (close === '') problems.push(`"\${" has no closing "}". ${ALLOWED}`)
    else if (name === 'configDir') return references.directory
    else {
      const variable = VARIABLE.exec(name)
      if (variable === null) problems.push(unknownReference(name))
      else {
        fromEnvironment = true
        const value = references.variables[variable[1] ?? ''] || variable[2]
        if (value !== undefined) return value
        problems.push(missingVariable(variable[1] ?? ''))
      }
    }
    return all
  })
  return { text: filled, fromEnvironment, problems }
}

/** What to do about a variable that is not there. */
export const missingVariable = (name: string): string =>
  `the environment variable ${name} is not set, or empty. Set it before starting the gateway`

function unknownReference(name: string): string {
  const bare = BARE_NAME.exec(name)?.[1]
  if (bare !== undefined) return `"\${${name}}" is not known; did you mean "\${env:${bare}}"?`
  return `"\${${name.slice(0, MAX_SHOWN)}}" is not known. ${ALLOWED}`
}
