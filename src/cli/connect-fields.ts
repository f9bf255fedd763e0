import { readFile } from 'node:fs/promises'
import type { FieldForm } from '../admin/connections-port.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Shell } from './shell.ts'

/** `--field key=value` and `--setting key=value`, as commander hands them in. */
export function pairs(words: readonly string[] = []): Readonly<Record<string, string>> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=')
      if (at < 1) throw new GatewayError('usage', 'Write key=value, such as token=env:GITHUB_TOKEN.')
      return [word.slice(0, at), word.slice(at + 1)]
    }),
  )
}

/**
 * The values of a credential: from `@file`, `env:NAME` or as they are; what is missing is asked for at a terminal. A secret
 * that stands on the command line is taken and warned about. Throws `usage` for what is missing where nobody can be asked.
 */
export async function readFields(
  shell: Shell,
  forms: readonly FieldForm[],
  given: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const fields: Record<string, string> = {}
  for (const [key, text] of Object.entries(given)) fields[key] = await valueOf(shell, key, text, forms)
  for (const { key, label, secret } of forms.filter((form) => !Object.hasOwn(given, form.key))) {
    const answer = await shell.terminal?.ask(`${label}: `, { hidden: secret })
    if (answer !== undefined && answer !== '') fields[key] = answer
  }
  const missing = forms.filter(({ key }) => !Object.hasOwn(fields, key)).map(({ key }) => `--field ${key}=env:NAME`)
  if (shell.terminal || Object.keys(fields).length > 0 || missing.length === 0) return fields
  throw new GatewayError('usage', `The credential is missing. Give ${missing.join(' and ')}, or @file instead of env:.`)
}

const MAX_BYTES = 65_536

async function valueOf(shell: Shell, key: string, text: string, forms: readonly FieldForm[]): Promise<string> {
  if (text.startsWith('@')) return fromFile(text.slice(1))
  if (text.startsWith('env:')) return fromVariable(shell, text.slice('env:'.length))
  if (forms.find((form) => form.key === key)?.secret !== false) {
    shell.stderr(
      `warning: the value of ${key} stands on the command line, where others on the machine and your shell's history have it. Use ${key}=env:NAME or ${key}=@file.\n`,
    )
  }
  return text
}

async function fromFile(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GatewayError('usage', `${path} cannot be read. Check the path.`, { cause })
  })
  if (text.length > MAX_BYTES) throw new GatewayError('usage', `${path} is larger than ${MAX_BYTES} bytes.`)
  return text.replace(/\r?\n$/, '')
}

function fromVariable({ env }: Shell, name: string): string {
  const value = env[name]
  if (value !== undefined && value !== '') return value
  throw new GatewayError('usage', `The environment variable ${name} is not set.`)
}
