import { readFile } from 'node:fs/promises'
import { loadConfig } from '../../config/load-config.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { isJsonObject, type Json } from '../../kernel/json.ts'
import type { Shell } from '../shell.ts'

/** A policy out of a file, as the API takes it. */
export interface PolicyFile {
  /** A configuration declares its policy; a bare document is a managed one. */
  readonly layer: 'declared' | 'managed'
  readonly body: { readonly text: string } | { readonly document: Json }
}

/** What only a configuration has. */
const OF_CONFIGURATION = ['policy', 'organisation', 'connections', 'agents', 'server']

/** Reads a policy document, or a whole configuration and its policy. Throws `usage` and `config_invalid`. */
export async function readPolicyFile(shell: Shell, path: string): Promise<PolicyFile> {
  const text = await readTextOf(path)
  const value = fromJson(text)
  if (!isJsonObject(value) || !OF_CONFIGURATION.some((key) => Object.hasOwn(value, key))) {
    return { layer: 'managed', body: { text } }
  }
  const { policy } = await loadConfig({ path, env: shell.env })
  const document: Json = JSON.parse(JSON.stringify(policy))
  return { layer: 'declared', body: { document } }
}

/** JSON as it stands on the command line, or in the file that is named there. */
export async function jsonOrFile(argument: string): Promise<Json> {
  const text = argument.trimStart().startsWith('{') ? argument : await readTextOf(argument)
  const value = fromJson(text)
  if (value !== undefined) return value
  throw new GatewayError('usage', 'Give a JSON object, or the path of a file that holds one.')
}

async function readTextOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new GatewayError('usage', `The file ${path} cannot be read. Name a policy document or a configuration.`, {
      cause,
    })
  }
}

function fromJson(text: string): Json | undefined {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
